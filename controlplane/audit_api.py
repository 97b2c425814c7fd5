"""`audit/`: what was changed, by whom, from where. Read only: the database writes it, and lets nobody change it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import Entry
from controlplane.audit_entries import VIA, EntryFilter, entries
from deployments.access import VIEW, scope_of

EXAMPLE = OpenApiExample(
    "an edit over the API",
    {
        "id": 4711,
        "at": "2026-11-24T10:00:00Z",
        "action": "component.changed",
        "actor": "operator",
        "actor_id": 3,
        "via": "api",
        "address": "192.0.2.7",
        "request_id": "0b7c4a3f5d1e4f0f9a36c5b8f4f0c2aa",
        "about": {"table": "deployments_component", "key": "12", "name": "function get-key"},
        "service": "keyvalue",
        "account": "demo",
        "before": {"params": {"memory_mb": 128, "environment": {"MODE": "(not shown)"}}},
        "after": {"params": {"memory_mb": 256, "environment": {"MODE": "(not shown, changed)"}}},
        "details": {"token": "ci"},
    },
    response_only=True,
)


class AboutSerializer(serializers.Serializer[Any]):
    table = serializers.CharField(help_text='"" where the entry is about no single row.')
    key = serializers.CharField()
    name = serializers.CharField(help_text="What people call it, as it was then.")


class EntrySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="Grows with time.")
    at = serializers.DateTimeField()
    action = serializers.CharField(help_text="What happened to what: service.changed, operation.failed, drift.found.")
    actor = serializers.CharField(help_text='Who, as written then. "" where nobody was known.')
    actor_id = serializers.IntegerField(allow_null=True, help_text="The user's id.")
    via = serializers.ChoiceField([*VIA, "unknown"], help_text="database: changed past all doors.")
    address = serializers.CharField(help_text="Where the request came from.")
    request_id = serializers.CharField(help_text="The request's X-Request-Id.")
    about = AboutSerializer()
    service = serializers.CharField()
    account = serializers.CharField()
    before = serializers.DictField(allow_null=True, help_text="What changed, as it was; null of what is new.")
    after = serializers.DictField(allow_null=True, help_text="What changed, as it is; null of what is gone.")
    details = serializers.DictField(help_text="What else is known: a reason, the token that was used.")


class Entries(generics.GenericAPIView[Entry]):
    """All that was changed, newest first."""

    serializer_class = EntrySerializer
    filterset_class = EntryFilter
    ordering = "-id"

    def get_queryset(self) -> QuerySet[Entry]:
        return entries(scope_of(self.request.user, VIEW))

    @extend_schema(
        operation_id="audit_list",
        tags=["audit"],
        summary="Read the audit log",
        responses=EntrySerializer(many=True),
        examples=[EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        """Who changed what, when and from where, newest first. Secrets are not shown: only that they changed."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([tell(entry) for entry in page or []])


def tell(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "at": entry.at,
        "action": entry.action,
        "actor": entry.actor,
        "actor_id": entry.actor_id,
        "via": entry.via,
        "address": entry.address,
        "request_id": entry.request_id,
        "about": {"table": entry.table, "key": entry.key, "name": entry.name},
        "service": entry.service,
        "account": entry.account,
        "before": entry.before,
        "after": entry.after,
        "details": entry.details,
    }


urlpatterns = [path("audit/", Entries.as_view(), name="audit")]
