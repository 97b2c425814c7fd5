"""The inventory of one stack, in memory and in its rows. Written before a call to AWS and after it; calls nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from deployments.models import Resource, Stack
from deployments.plan.model import Action, Change, Known, Observed, Ref, Spec, State
from deployments.providers.protocol import Target
from deployments.rows import save_all


class Inventory:
    """`known` is what planning reads; each method writes the rows that it changes, and only those."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.rows = {row.ref: row for row in stack.resources.select_related("stack")}
        self.known = {ref: known_of(row) for ref, row in self.rows.items()}

    def begin(self, changes: Iterable[Change], specs: Mapping[Ref, Spec]) -> None:
        """Write down what is about to be created or updated, so that no crash can make it forgotten.

        While an update is under way both the old and the new edges hold.
        """
        new, old = [], []
        for change in changes:
            spec = specs.get(change.ref)
            row = self.rows.get(change.ref)
            if spec is None:
                continue
            if row is None:
                row = Resource(
                    stack=self.stack, kind=spec.ref.kind, scope=spec.ref.scope, name=spec.ref.name, state=State.PENDING
                )
                new.append(row)
            else:
                old.append(row)
            edges = {str(ref) for ref in spec.edges()} | set(row.edges)
            if change.action is Action.CREATE:
                if row.state != State.PENDING or not row.token:  # AWS refuses the token of a deleted thing for ever
                    row.token = uuid4().hex
                row.state, row.physical_id, row.outputs, row.not_ready_since = State.PENDING, "", {}, None
                row.hold_until = None
            row.edges = sorted(edges)
            row.params, row.context = dict(change.params), dict(spec.context)
            _take_planning(row, spec)
            self._remember(row)
        Resource.objects.bulk_create(new)
        self._save(old)

    def landed(self, looks: Mapping[Ref, Observed], specs: Mapping[Ref, Spec], *, now: float) -> None:
        """What AWS shows of what we have or make: its id and outputs, and since when it is not ready."""
        changed = []
        for ref, look in looks.items():
            row, spec = self.rows.get(ref), specs.get(ref)
            if row is None or (row.state in {State.RETAINED, State.DRAINING} and spec is None):
                continue
            before = _snapshot(row)
            if spec is not None and (row.state != State.ADOPTED or look.ours):
                row.state = State.LIVE
            row.physical_id, row.outputs = look.physical_id, dict(look.outputs)
            row.not_ready_since = None if look.ready else row.not_ready_since or moment(now)
            if _snapshot(row) != before:
                changed.append(row)
                self._remember(row)
        self._save(changed)

    def settled(self, specs: Iterable[Spec]) -> None:
        """These are as wanted: their rows take the edges and params of the spec, and nothing of the past."""
        changed = []
        for spec in specs:
            row = self.rows.get(spec.ref)
            if row is None:
                continue
            before = _snapshot(row)
            row.edges = sorted(str(ref) for ref in spec.edges())
            row.context = dict(spec.context)
            if row.state == State.RETAINED:
                row.state = State.LIVE
            _take_planning(row, spec)
            if _snapshot(row) != before:
                changed.append(row)
                self._remember(row)
        self._save(changed)

    def retain(self, ref: Ref) -> None:
        self._update(ref, state=State.RETAINED)

    def draining(self, ref: Ref, *, change_id: str) -> None:
        """Its removal was accepted; `drained` says from when the time runs."""
        row = self.rows[ref]
        self._update(ref, state=State.DRAINING, outputs={**row.outputs, "change_id": change_id}, hold_until=None)

    def drained(self, ref: Ref, *, until: float) -> None:
        self._update(ref, hold_until=moment(until))

    def forget(self, ref: Ref) -> None:
        row = self.rows.pop(ref)
        self.known.pop(ref)
        row.delete()

    def target(self, ref: Ref, params: Mapping[str, Any], context: Mapping[str, Any]) -> Target:
        """What a provider needs to find it or to make it."""
        row = self.rows.get(ref)
        if row is None:
            return Target(ref, params, context)
        return Target(ref, params, context, row.physical_id, row.token, row.outputs, adopted=row.state == State.ADOPTED)

    def not_ready_since(self, ref: Ref) -> float | None:
        row = self.rows.get(ref)
        return row.not_ready_since.timestamp() if row and row.not_ready_since else None

    def landed_at(self, ref: Ref) -> float:
        row = self.rows.get(ref)
        return row.updated_at.timestamp() if row and row.state == State.LIVE else 0.0

    def _update(self, ref: Ref, **values: Any) -> None:
        row = self.rows[ref]
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=[*values, "updated_at"])
        self._remember(row)

    def _save(self, rows: list[Resource]) -> None:
        now = datetime.now(UTC)
        for row in rows:
            row.updated_at = now
        save_all(rows, WRITTEN)

    def _remember(self, row: Resource) -> None:
        self.rows[row.ref] = row
        self.known[row.ref] = known_of(row)


WRITTEN = (
    "state",
    "physical_id",
    "token",
    "params",
    "context",
    "outputs",
    "edges",
    "lane",
    "group",
    "shape",
    "drain_s",
    "hold_until",
    "not_ready_since",
    "updated_at",
)


def known_of(row: Resource) -> Known:
    """The row as planning reads it."""
    return Known(
        row.ref,
        State(row.state),
        row.physical_id,
        row.params,
        row.context,
        row.outputs,
        frozenset(Ref.parse(edge) for edge in row.edges),
        row.lane,
        row.drain_s,
        row.group,
        row.shape,
        row.hold_until.timestamp() if row.hold_until else None,
    )


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _take_planning(row: Resource, spec: Spec) -> None:
    row.lane, row.group, row.shape, row.drain_s = spec.lane, spec.group, spec.shape, spec.drain_s


def _snapshot(row: Resource) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in WRITTEN if name != "updated_at")
