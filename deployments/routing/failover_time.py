"""How long users of a replica that died get no answer at most, and how long an evacuation takes. Pure.

Worst cases, by the numbers that Route 53 promises; what was measured stands elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from deployments.routing.edge import TARGET_TTL_S
from deployments.routing.switches import CHECK_TIMEOUT_S, TAKES_EFFECT_S


@dataclass(frozen=True)
class FailoverTime:
    """Of one service, in whole seconds. `formula`: how the worst case comes about, with its numbers."""

    worst_s: int
    evacuation_s: int
    formula: str


def failover_time(*, interval_s: int, failure_threshold: int) -> FailoverTime:
    """A checker's interval counts from its last answer, so that each of the failures in a row may cost the interval and
    the time-out; then resolvers may keep what they heard for the TTL (developer guide, "How Amazon Route 53 determines
    whether a health check is healthy")."""
    worst_s = (interval_s + CHECK_TIMEOUT_S) * failure_threshold + TARGET_TTL_S
    formula = f"({interval_s} s interval + {CHECK_TIMEOUT_S} s time-out) × {failure_threshold} + {TARGET_TTL_S} s TTL"
    return FailoverTime(worst_s, TAKES_EFFECT_S, formula)
