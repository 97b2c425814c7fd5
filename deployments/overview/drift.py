"""What differs from the approved releases and was asked for by nobody, as it was last read. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, QuerySet

from deployments.access import EVERYWHERE, Scope
from deployments.models import Drift, Stack
from deployments.models.safety import DriftState

SHOWN = 200


@dataclass(frozen=True)
class DriftRow:
    """One difference. `waits_for` is empty where it is mended by itself; `operation` is the one that mended it."""

    service: str
    kind: str
    region: str
    name: str
    action: str
    reason: str
    diff: Sequence[Mapping[str, Any]]
    waits_for: str
    state: str
    found_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    operation: int | None


@dataclass(frozen=True)
class DriftSummary:
    """Of one service: how much differs, since when, and when that was last read. `error`: why the last look told
    nothing, or not all."""

    count: int = 0
    since: datetime | None = None
    checked_at: datetime | None = None
    error: str = ""


NOTHING = DriftSummary()


def summaries(stacks: Iterable[Stack]) -> dict[int, DriftSummary]:
    """By stack. One query, whatever the number."""
    rows = list(stacks)
    found = Drift.objects.filter(stack__in=rows, state=DriftState.FOUND).order_by().values("stack_id")
    counted = {row["stack_id"]: row for row in found.annotate(count=Count("pk"), since=Min("found_at"))}
    summed = {}
    for stack in rows:
        row = counted.get(stack.pk)
        summed[stack.pk] = DriftSummary(
            count=row["count"] if row else 0,
            since=row["since"] if row else None,
            checked_at=stack.drift_checked_at,
            error=stack.drift_error,
        )
    return summed


def summary(service: str) -> DriftSummary:
    """Of one service; two queries."""
    stack = Stack.objects.filter(name=service).first()
    return summaries([stack])[stack.pk] if stack else NOTHING


def standing(scope: Scope = EVERYWHERE, *, service: str | None = None) -> list[DriftRow]:
    """What differs now, the oldest first."""
    found = _rows(scope, service).filter(state=DriftState.FOUND)
    return [_row(row) for row in found.order_by("found_at", "id")[:SHOWN]]


def ended(service: str, limit: int = 20) -> list[DriftRow]:
    """What differed and no longer does, the newest first."""
    found = _rows(EVERYWHERE, service).exclude(state=DriftState.FOUND)
    return [_row(row) for row in found.order_by("-ended_at", "-id")[:limit]]


def _rows(scope: Scope, service: str | None) -> QuerySet[Drift]:
    rows = Drift.objects.filter(scope.rows(account="stack__account", service="stack__service")).select_related("stack")
    return rows if service is None else rows.filter(stack__name=service)


def _row(row: Drift) -> DriftRow:
    return DriftRow(
        service=row.stack.name,
        kind=row.kind,
        region=row.scope,
        name=row.name,
        action=row.action,
        reason=row.reason,
        diff=row.diff,
        waits_for=row.waits_for,
        state=row.state,
        found_at=row.found_at,
        seen_at=row.seen_at,
        ended_at=row.ended_at,
        operation=row.operation_id,
    )
