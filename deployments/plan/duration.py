"""About how long a plan takes: typical times of its changes along the longest chain of waits. Pure.

The chain follows what each change waits for, the lanes (one replica of a table at a time), the order of regions in
which serving replicas are updated, and the drains. API rates come on top of it: at worst, as they overlap in part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from deployments.plan.demand import Demand
from deployments.plan.model import GLOBAL, Action, Change, Plan, Ref

PROVEN_S = 3.0
"""Two good probes, one a second, after a serving replica was updated."""

CALLS = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})


@dataclass(frozen=True)
class Standing:
    """What planning knows of a resource, wanted or there: the lane that it is in, and how long its removal drains."""

    lane: str | None = None
    drain_s: int = 0


@dataclass(frozen=True)
class Wait:
    """Something that the plan will wait for, about how long, and why."""

    what: str
    seconds: float
    why: str


@dataclass(frozen=True)
class Estimate:
    waits: tuple[Wait, ...]
    about_s: float


def estimate(
    plan: Plan,
    *,
    demand: Callable[[str], Demand],
    standing: Mapping[Ref, Standing],
    regions: Sequence[str],
    rates_s: float,
) -> Estimate:
    """The waits worth telling, the longest first, and the time that all of it takes, about.

    standing  of what is wanted and of what the inventory holds
    regions   of the service, in the order of its manifest
    rates_s   what API rates alone cost
    """
    changes = {change.ref: change for change in plan.changes if change.action in CALLS}
    lanes = _lanes(changes.values(), standing)
    firsts = _firsts(changes, lanes, standing)
    takes = {ref: _takes(change, demand(ref.kind), first=ref in firsts) for ref, change in changes.items()}
    takes |= {ref: demand(ref.kind).made_s for ref, _ in plan.underway}
    before = _before(changes, lanes, regions)
    drains = {
        ref: float(standing[ref].drain_s)
        for ref, change in changes.items()
        if change.action is Action.DELETE and ref in standing
    }
    rollout = _rollout(changes, regions)
    waits = [
        *_by_kind(plan, changes, takes, lanes, demand),
        *rollout,
        *_drains(drains),
        *([Wait("API rates", rates_s, "AWS limits how many such calls an account may make.")] if rates_s else []),
    ]
    waits.sort(key=lambda wait: -wait.seconds)
    proving_s = sum(wait.seconds for wait in rollout)
    return Estimate(tuple(waits), _longest(takes, before, drains) + proving_s + rates_s)


def _takes(change: Change, demand: Demand, *, first: bool) -> float:
    if change.action is Action.CREATE:
        return demand.first_s if first and demand.first_s is not None else demand.made_s
    return demand.changed_s if change.action is Action.UPDATE else demand.gone_s


def _lanes(changes: Iterable[Change], standing: Mapping[Ref, Standing]) -> list[list[Ref]]:
    """The changes of each lane, in the order in which they go."""
    lanes: dict[tuple[str, str, Action], list[Ref]] = {}
    for change in changes:
        lane = standing.get(change.ref, Standing()).lane
        if lane:
            lanes.setdefault((change.ref.kind, lane, change.action), []).append(change.ref)
    return list(lanes.values())


def _firsts(changes: Mapping[Ref, Change], lanes: list[list[Ref]], standing: Mapping[Ref, Standing]) -> set[Ref]:
    """The first of each lane of which nothing stands yet."""
    firsts = set()
    for lane in lanes:
        name = standing[lane[0]].lane
        members = [ref for ref, row in standing.items() if row.lane == name and ref.kind == lane[0].kind]
        if all(ref in changes and changes[ref].action is Action.CREATE for ref in members):
            firsts.add(lane[0])
    return firsts


def _before(changes: Mapping[Ref, Change], lanes: list[list[Ref]], regions: Sequence[str]) -> dict[Ref, set[Ref]]:
    """What each change comes after."""
    before = {ref: {waiting.ref for waiting in change.waiting if waiting.ref} for ref, change in changes.items()}
    for lane in lanes:
        for earlier, later in pairwise(lane):
            before[later].add(earlier)
    updated = [[ref for ref in _rolling(changes) if ref.scope == region] for region in regions]
    updated = [refs for refs in updated if refs]
    for earlier_refs, later_refs in pairwise(updated):
        for ref in later_refs:
            before[ref].update(earlier_refs)
    return before


def _longest(takes: Mapping[Ref, float], before: Mapping[Ref, set[Ref]], drains: Mapping[Ref, float]) -> float:
    """When the last of them is done, if each begins as soon as all that it comes after is."""
    done: dict[Ref, float] = {}

    def finish(ref: Ref) -> float:
        if ref not in done:
            done[ref] = 0.0  # a circle, if ever there were one, is walked once
            begins = max((finish(other) for other in before.get(ref, ()) if other in takes), default=0.0)
            done[ref] = begins + takes[ref] + drains.get(ref, 0.0)
        return done[ref]

    return max(map(finish, takes), default=0.0)


def _by_kind(
    plan: Plan,
    changes: Mapping[Ref, Change],
    takes: Mapping[Ref, float],
    lanes: list[list[Ref]],
    demand: Callable[[str], Demand],
) -> list[Wait]:
    """A line for each kind that takes its time; those of one lane one after the other, all else side by side."""
    slow: dict[str, list[Ref]] = {}
    creates = [ref for ref, change in changes.items() if change.action is Action.CREATE]
    for ref in [*creates, *(ref for ref, _ in plan.underway)]:
        if demand(ref.kind).waits_for:
            slow.setdefault(ref.kind, []).append(ref)
    waits = []
    for kind, refs in slow.items():
        in_lanes = [sum(takes[ref] for ref in lane if ref in refs) for lane in lanes]
        seconds = max([takes[ref] for ref in refs] + in_lanes)
        waits.append(Wait(f"{len(refs)} × {demand(kind).waits_for}", seconds, demand(kind).why))
    return waits


def _rolling(changes: Mapping[Ref, Change]) -> list[Ref]:
    return [ref for ref, change in changes.items() if change.serving and change.action is Action.UPDATE]


def _rollout(changes: Mapping[Ref, Change], regions: Sequence[str]) -> list[Wait]:
    updated = {ref.scope for ref in _rolling(changes) if ref.scope != GLOBAL and ref.scope in regions}
    if len(updated) < 2:
        return []
    why = "The next region begins when the last has answered well twice."
    return [Wait(f"{len(updated)} regions, one after the other", PROVEN_S * len(updated), why)]


def _drains(drains: Mapping[Ref, float]) -> list[Wait]:
    longest = max(drains.values(), default=0.0)
    why = "Resolvers keep the old answer for its TTL; then comes the drain."
    return [Wait("users to leave what is removed", longest, why)] if longest else []
