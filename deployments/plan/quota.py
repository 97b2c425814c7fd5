"""What a plan would add to each of AWS's quotas, and whether that fits. Pure.

A kind says which quotas one resource of it counts towards (`demand.Use`). `asks` sums them over a plan's changes; a
provider reads how much is used and may be used (`Reading`); `judged` puts the two beside the catalogue's dated data.
What could not be read is unknown, never taken for nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from deployments.plan.demand import Demand
from deployments.plan.model import GLOBAL, KNOWN_AFTER_APPLY, Action, Plan
from regions.catalogue import Quota, quotas

UNCOUNTED = "AWS has no call that counts them"


class Ask(NamedTuple):
    """One quota of an account in one place, for a provider to read. `of`: an API's or a zone's id, else ""."""

    service: str
    name: str
    region: str
    of: str = ""

    @property
    def quota(self) -> Quota:
        return quotas()[self.service, self.name]


@dataclass(frozen=True)
class Reading:
    """What AWS says of one ask: None for what it does not tell, and `why` not."""

    used: int | None = None
    limit: int | None = None
    why: str = ""


@dataclass(frozen=True)
class QuotaUse:
    """One quota that a plan adds to.

    used      None: not known, `why` says why not
    limit     what may be used: AWS's word (`as_of` "now"), else the catalogue's of `as_of`
    exceeded  None where that can't be known
    read      AWS told what is used, just now
    """

    service: str
    name: str
    what: str
    region: str
    of: str
    used: int | None
    adds: int
    limit: int
    exceeded: bool | None
    read: bool
    source: str
    as_of: str
    why: str = ""
    mend: str = ""

    @property
    def place(self) -> str:
        return "in the account" if self.region == GLOBAL else f"in {self.region}"

    @property
    def warning(self) -> str | None:
        """The sentence for an operator; None where it fits, or where nobody knows."""
        if not self.exceeded:
            return None
        used = "an unknown number is used" if self.used is None else f"{self.used} are used"
        return f"{self.what} {self.place}: {used}, this plan adds {self.adds}, AWS allows {self.limit}. {self.mend}"


def asks(plan: Plan, demand: Callable[[str], Demand]) -> dict[Ask, int]:
    """How much the plan adds to each quota. Deletions are not taken off: what is replaced stands beside its successor
    for a while."""
    added: Counter[Ask] = Counter()
    for change in plan.changes:
        if change.action not in (Action.CREATE, Action.UPDATE):
            continue
        for use in demand(change.ref.kind).uses:
            amount = use.amount(change)
            if amount > 0:
                of = str(change.params[use.of]) if use.of else ""
                added[Ask(use.service, use.name, change.ref.scope, of)] += amount
    return dict(sorted(added.items()))


def is_new(ask: Ask) -> bool:
    """Of something that does not exist yet: nothing of it is used, and nobody can read that."""
    return ask.of == KNOWN_AFTER_APPLY


def judged(added: Mapping[Ask, int], readings: Mapping[Ask, Reading]) -> tuple[QuotaUse, ...]:
    """Each quota with its numbers, what would be exceeded first."""
    found = [
        _judge(ask, adds, Reading(used=0) if is_new(ask) else readings.get(ask, Reading(why="nobody read it")))
        for ask, adds in added.items()
    ]
    return tuple(sorted(found, key=lambda use: not use.exceeded))


def _judge(ask: Ask, adds: int, reading: Reading) -> QuotaUse:
    quota = ask.quota
    limit = (quota.value if reading.limit is None else reading.limit) - quota.kept_free
    needed = (reading.used or 0) + adds
    exceeded = needed > limit if reading.used is not None or needed > limit else None
    return QuotaUse(
        service=ask.service,
        name=ask.name,
        what=quota.what,
        region=ask.region,
        of="a new one" if is_new(ask) else ask.of,
        used=reading.used,
        adds=adds,
        limit=limit,
        exceeded=exceeded,
        read=reading.used is not None,
        source=quota.source,
        as_of=quota.as_of if reading.limit is None else "now",
        why=reading.why,
        mend=_mend(ask, needed) if exceeded else "",
    )


def _mend(ask: Ask, needed: int) -> str:
    """Where to ask for more: the console of Service Quotas, or one line of the AWS CLI."""
    quota = ask.quota
    if not quota.code:
        return "AWS does not raise this quota by itself: remove what is not used, or ask AWS Support."
    home = quota.home or ask.region
    wanted = math.ceil((needed + quota.kept_free) / quota.code_unit)
    return (
        "Ask for more before you deploy, in the console of Service Quotas or with: aws service-quotas "
        f"request-service-quota-increase --service-code {ask.service} --quota-code {quota.code} "
        f"--desired-value {wanted} --region {home}"
    )
