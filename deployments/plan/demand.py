"""What making one resource of a kind asks of its account: shares of quotas, and time. Pure; declared by each kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deployments.plan.model import Action, Change


def one_each(change: Change) -> int:
    """One for each creation, none for an update."""
    return int(change.action is Action.CREATE)


@dataclass(frozen=True)
class Use:
    """A share of one quota of the catalogue. `of`: the param that names what the quota is of (an API's id, a zone's);
    "" where it is of the account or the region. `amount`: how much a change adds."""

    service: str
    name: str
    of: str = ""
    amount: Callable[[Change], int] = one_each


@dataclass(frozen=True)
class Demand:
    """Typical times, in seconds, until a change is done and AWS shows it ready.

    made_s     a creation; `first_s` where it is the first of a lane (the table that others become replicas of)
    changed_s  an update
    gone_s     a deletion
    waits_for  what a person should know that it waits for ("" : nothing worth a line), and `why` that takes its time
    """

    uses: tuple[Use, ...] = ()
    made_s: float = 1.0
    first_s: float | None = None
    changed_s: float = 1.0
    gone_s: float = 1.0
    waits_for: str = ""
    why: str = ""
