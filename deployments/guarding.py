"""Judges the record changes that are ready by what guards say now: the world may be another than when it was planned.

Holds what is refused for a while, since who has just joined is not known to be healthy yet; then a person is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import structlog

from deployments.ground import Ground
from deployments.plan import guard
from deployments.plan.guard import Guard, Rotation
from deployments.plan.model import Action, Plan

log = structlog.get_logger(__name__)

ASK_AGAIN_S = 5.0
HOLD_S = 60.0


@dataclass
class Guarding:
    """`rotation()` tells what stands and how it is, now. `overridden`: guards that a person overrode."""

    ground: Ground
    rotation: Callable[[], Rotation]
    overridden: Collection[str]

    refusing: tuple[Guard, ...] = ()
    since: float = 0.0

    def hold(self, plan: Plan, now: float) -> Plan:
        """The plan with the records waiting that may not go now."""
        if not any(change.action is Action.DELETE and self.guarded(change.ref.kind) for change in plan.ready()):
            return plan
        held, refusing = guard.hold(plan, self.rotation(), overridden=self.overridden)
        if refusing and not self.refusing:
            self.since = now
            log.warning("guard.holds", guards=[one.name for one in refusing], message=refusing[0].message)
        self.refusing = refusing
        return held

    def guarded(self, kind: str) -> bool:
        return self.ground.provider.traits(kind).batched

    def times(self, now: float) -> list[float]:
        """When to judge again."""
        return [now + ASK_AGAIN_S] if self.refusing and now - self.since < HOLD_S else []

    def refusal(self) -> tuple[str, str] | None:
        """Which guard stopped the operation, and the mend; None where none did."""
        if not self.refusing:
            return None
        first = self.refusing[0]
        return (
            f"the guard {first.name} refuses: {first.message}; the records were left as they are",
            f"Mend what is ill and deploy again, or deploy something else. {first.override}",
        )
