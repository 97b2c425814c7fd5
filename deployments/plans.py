"""Saved plans: kept when somebody planned, told again, forgotten when old. Plans nothing and judges nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from deployments.access import Scope
from deployments.manifests import Document
from deployments.models import SavedPlan, Service
from deployments.preview import PlanView

EXPIRES = timedelta(days=1)
"""For so long a plan can be signed."""

KEPT = timedelta(days=30)
"""For so long it can be read."""

BODY = ("changes", "waiting", "problems", "guards", "preflight", "lines", "wait_s", "candidate")


def keep(
    view: PlanView,
    service: Service,
    *,
    document: Document | None,
    zone_id: str,
    consent: Collection[str],
    candidate: bool,
    by: User | None,
) -> SavedPlan:
    """Write a plan down. `document` None: it destroys; `candidate`: its manifest was not the draft's."""
    body = view.as_json()
    return SavedPlan.objects.create(
        service_name=service.name,
        account_name=service.account.name,
        document=document,
        consent=sorted(consent),
        digest=view.digest,
        body={**{field: body[field] for field in BODY if field in body}, "candidate": candidate, "zone_id": zone_id},
        created_by=by,
    )


def of(view: PlanView) -> SavedPlan:
    """The row under which a view was kept."""
    return SavedPlan.objects.select_related("created_by").get(pk=view.id or 0)


def readable(scope: Scope) -> QuerySet[SavedPlan]:
    """The plans of the services that somebody may view."""
    return SavedPlan.objects.select_related("created_by").filter(scope.named("service_name"))


def summaries(rows: QuerySet[SavedPlan]) -> QuerySet[SavedPlan]:
    """Without their bodies, which may be long; `tell_summary` needs it."""
    return rows.defer("body", "document").annotate(
        summary=KeyTextTransform("0", KeyTransform("lines", "body")),
        guards=KeyTransform("guards", "body"),
        candidate=KeyTransform("candidate", "body"),
        destroying=Q(document=None),
    )


def tell_summary(row: Any) -> dict[str, Any]:
    """One line of the list."""
    return {
        **_about(row),
        "destroying": row.destroying,
        "candidate": row.candidate,
        "summary": row.summary or "",
        "refused_by": [guard["name"] for guard in row.guards or () if guard["refuses"]],
    }


def tell(row: SavedPlan) -> dict[str, Any]:
    """A plan as the API tells it."""
    return {**_about(row), "destroying": row.document is None, **{field: row.body.get(field) for field in BODY}}


def _about(row: SavedPlan) -> dict[str, Any]:
    return {
        "id": row.pk,
        "digest": row.digest,
        "service": row.service_name,
        "created_at": row.created_at,
        "created_by": row.created_by.get_username() if row.created_by else None,
        "destroy_data": row.consent,
    }


def forget(now: datetime) -> int:
    """Delete plans that are older than `KEPT`; how many."""
    return SavedPlan.objects.filter(created_at__lt=now - KEPT).delete()[0]
