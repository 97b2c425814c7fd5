"""What a stack needs of another one, as that one's inventory has it: a service of its account's foundation.

Reads rows, asks AWS nothing: whoever works on the other stack looks at it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from deployments.models import Operation, Resource, Stack
from deployments.models.record import OPEN
from deployments.plan.model import Observed, Ref, Spec, State

STANDS = (State.LIVE, State.ADOPTED)
READ_AGAIN_S = 0.5
PATIENCE_S = 20.0  # an operation that ends without it may be followed by one that makes it


@dataclass
class Neighbours:
    """`refs`: what the specs of `stack` point to in other stacks."""

    refs: frozenset[Ref]
    _looks: dict[Ref, Observed | None] = field(default_factory=dict)
    _read_at: float = float("-inf")
    _hopeless_since: float | None = None

    @classmethod
    def of(cls, specs: Iterable[Spec]) -> Neighbours:
        return cls(frozenset(ref for spec in specs for ref in spec.edges() if ref.stack != spec.ref.stack))

    def looks(self, now: float) -> dict[Ref, Observed | None]:
        """How each of them is; what is not there yet, or not ready, is read again soon."""
        if self.refs and now - self._read_at >= READ_AGAIN_S:
            self._read_at = now
            names = {ref.stack for ref in self.refs}
            rows = Resource.objects.filter(stack__name__in=names, state__in=STANDS).select_related("stack")
            found = {row.ref: row for row in rows if row.ref in self.refs}
            self._looks = {ref: _look(found.get(ref)) for ref in self.refs}
        return self._looks

    def missing(self) -> list[Ref]:
        return sorted(ref for ref in self.refs if (look := self._looks.get(ref)) is None or not look.ready)

    def hopeless(self, now: float) -> tuple[str, str] | None:
        """Why what is missing will not come, and the mend; None where somebody works on it."""
        missing = self.missing()
        stacks = Stack.objects.filter(name__in={ref.stack for ref in missing})
        if not missing or stacks.filter(operations__status__in=OPEN).exists():
            self._hopeless_since = None
            return None
        self._hopeless_since = now if self._hopeless_since is None else self._hopeless_since
        if now - self._hopeless_since < PATIENCE_S:
            return None
        last = Operation.objects.filter(stack__in=stacks).order_by("-id").first()
        told = f"operation {last.pk} ({last.title}) {last.status}: {last.error}" if last else "nobody makes it"
        return (
            f"{missing[0]} is not there, and {told}".rstrip(": "),
            (last.mend if last else "") or "Deploy again: that sets its foundation right first.",
        )


def _look(row: Resource | None) -> Observed | None:
    if row is None:
        return None
    ready = row.not_ready_since is None
    return Observed(row.physical_id, row.params, row.outputs, ready=ready, status="" if ready else "is not ready yet")
