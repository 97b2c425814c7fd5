"""Filters of the list of services: what an operator looks for first."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from deployments import manifests
from deployments.admin.draft_form import place
from deployments.admin.worst_first import RANK
from deployments.models import Service
from regions.models import Region


class ByHealth(SimpleListFilter):
    title, parameter_name = "status", "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((name, name) for name in RANK), ("none", "nothing watched")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Service]) -> QuerySet[Service]:
        chosen = self.value()
        if chosen == "none":
            return queryset.filter(Q(rank=None))
        return queryset.filter(Q(rank=RANK[chosen])) if chosen in RANK else queryset


class ByDraft(SimpleListFilter):
    """Reads the drafts that were found so far: what is pending is no column, but a comparison of documents."""

    title, parameter_name = "draft", "draft"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("pending", "pending"), ("released", "released")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Service]) -> QuerySet[Service]:
        chosen = self.value()
        if chosen not in ("pending", "released"):
            return queryset
        pending = {row.pk for row in queryset if manifests.pending(row, row.stack.release if _stack(row) else None)}
        return queryset.filter(pk__in=pending) if chosen == "pending" else queryset.exclude(pk__in=pending)


class ByDrift(SimpleListFilter):
    title, parameter_name = "drift", "drift"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "differs"), ("no", "as approved")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Service]) -> QuerySet[Service]:
        return queryset.filter({"yes": Q(found__gt=0), "no": Q(found=0)}.get(self.value() or "", Q()))


class ByPause(SimpleListFilter):
    title, parameter_name = "stop button", "paused"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "paused"), ("no", "not paused")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Service]) -> QuerySet[Service]:
        return queryset.filter({"yes": Q(held=True), "no": Q(held=False)}.get(self.value() or "", Q()))


class ByRegion(SimpleListFilter):
    title, parameter_name = "region", "region"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        codes = Region.objects.filter(placements__isnull=False).distinct().values_list("code", flat=True)
        return [(code, place(code)) for code in codes]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Service]) -> QuerySet[Service]:
        chosen = self.value()
        return queryset.filter(placements__region__code=chosen) if chosen else queryset


def _stack(row: Service) -> bool:
    return hasattr(row, "stack")
