"""Operations and their steps, as the journal has them. Two queries for a page of them. Never drives or changes one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from deployments.access import EVERYWHERE, Scope
from deployments.models import Operation, Step
from deployments.models.record import ASIDE, OPEN, OperationStatus, StepStatus
from deployments.overview.pauses import PauseRow, by_stack
from deployments.plan.model import Action, Ref

SHOWN_AT_ONCE = 20
PAGE = 50
UNMARKED = "does not carry our mark"  # what kinds say of a namesake


@dataclass(frozen=True)
class StepRow:
    """One change of an operation. `number` counts from 1, in the order in which steps were journalled. `skip`: who left
    it out, and why."""

    number: int
    id: int
    kind: str
    scope: str
    name: str
    action: str
    reason: str
    diff: Sequence[Mapping[str, Any]]
    status: str
    waiting_for: str
    attempts: int
    error_code: str
    error: str
    mend: str
    started_at: datetime | None
    finished_at: datetime | None
    skip: Mapping[str, str] | None = None

    @property
    def namesake(self) -> bool:
        """Something stands there that is not ours: it may be adopted."""
        return self.action == Action.CREATE and UNMARKED in self.error

    @property
    def refused(self) -> bool:
        """A person must act: it failed, or it goes on failing."""
        return self.status == StepStatus.FAILED or (bool(self.error) and self.status == StepStatus.WAITING)


@dataclass(frozen=True)
class OperationRow:
    """One thing that somebody asked for, with its steps so far."""

    id: int
    stack: str
    of_service: bool
    verb: str
    title: str
    status: str
    release: int | None
    consent: Sequence[str]
    skips: Sequence[Mapping[str, str]]
    cancel_requested: bool
    error: str
    mend: str
    by: str
    via: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    steps: tuple[StepRow, ...]
    paused: str = ""

    @property
    def open(self) -> bool:
        return self.status in OPEN

    @property
    def done(self) -> int:
        """Steps that are through."""
        return self.counts[StepStatus.SUCCEEDED]

    @property
    def counts(self) -> Counter[str]:
        """Steps by status."""
        return Counter(step.status for step in self.steps)

    @property
    def refused(self) -> tuple[StepRow, ...]:
        """Steps that need a person."""
        return tuple(step for step in self.steps if step.refused)


def needing_eyes(scope: Scope = EVERYWHERE) -> list[OperationRow]:
    """Open operations, and failed ones that nothing newer on their stack has followed; newest first."""
    newer = Operation.objects.filter(stack=OuterRef("stack"), pk__gt=OuterRef("pk")).exclude(verb__in=ASIDE)
    failed = Q(status=OperationStatus.FAILED) & ~Exists(newer)
    return _rows(_within(scope).filter(Q(status__in=OPEN) | failed)[:SHOWN_AT_ONCE])


def count_open(scope: Scope = EVERYWHERE) -> int:
    """How many operations are queued or running."""
    return _within(scope).filter(status__in=OPEN).count()


def operations_of(stack: str, limit: int = 10) -> list[OperationRow]:
    """The last operations of one stack, newest first."""
    return _rows(Operation.objects.filter(stack__name=stack)[:limit])


def operation_page(before: int | None = None, scope: Scope = EVERYWHERE) -> tuple[list[OperationRow], int | None]:
    """A page of all operations, newest first, and where the next one begins."""
    found = _within(scope) if before is None else _within(scope).filter(pk__lt=before)
    rows = _rows(found[: PAGE + 1])
    return rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None


def operation(pk: int, scope: Scope = EVERYWHERE) -> OperationRow | None:
    """One operation with all its steps."""
    return next(iter(_rows(_within(scope).filter(pk=pk))), None)


def _within(scope: Scope) -> QuerySet[Operation]:
    return Operation.objects.filter(scope.rows(account="stack__account", service="stack__service"))


def _rows(found: QuerySet[Operation]) -> list[OperationRow]:
    rows = list(found.select_related("stack", "release", "requested_by"))
    steps: defaultdict[int, list[StepRow]] = defaultdict(list)
    for step in Step.objects.filter(operation__in=rows).order_by("operation_id", "position", "id"):
        steps[step.operation_id].append(_step(step, len(steps[step.operation_id]) + 1))
    paused = by_stack({row.stack for row in rows if row.open})
    return [_row(row, steps[row.pk], paused.get(row.stack_id) if row.open else None) for row in rows]


def _row(row: Operation, steps: list[StepRow], pause: PauseRow | None) -> OperationRow:
    return OperationRow(
        id=row.pk,
        stack=row.stack.name,
        of_service=not row.stack.foundation,
        verb=row.verb,
        title=row.title,
        status=row.status,
        release=row.release.number if row.release else None,
        consent=row.consent,
        skips=row.skips,
        cancel_requested=row.cancel_requested,
        error=row.error,
        mend=row.mend,
        by=row.requested_by.get_username() if row.requested_by else "",
        via=row.requested_via,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        steps=tuple(_skipped(row, step) for step in steps),
        paused=pause.told if pause else "",
    )


def _skipped(row: Operation, step: StepRow) -> StepRow:
    if not row.skips:
        return step
    key = (str(Ref(row.stack.name, step.kind, step.scope, step.name)), step.action)
    return replace(step, skip=next((skip for skip in row.skips if (skip["ref"], skip["action"]) == key), None))


def _step(row: Step, number: int) -> StepRow:
    return StepRow(
        number=number,
        id=row.pk,
        kind=row.kind,
        scope=row.scope,
        name=row.name,
        action=row.action,
        reason=row.reason,
        diff=row.diff,
        status=row.status,
        waiting_for=row.waiting_for,
        attempts=row.attempts,
        error_code=row.error_code,
        error=row.error,
        mend=row.mend,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
