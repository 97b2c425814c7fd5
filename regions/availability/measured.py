"""Measured availability: flips × window → time up, degraded, down and unknown; error budget and burn rate. Pure.

Times are aware datetimes and durations timedeltas, so that sums are exact to the microsecond. A flip holds until the
next one; before the first nothing is known. Unknown time is neither up nor down and is never guessed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from regions.verdict import Status

SERVING = frozenset({Status.UP, Status.DEGRADED})


@dataclass(frozen=True)
class Flip:
    """From `at` on, the status is `status`."""

    at: datetime
    status: Status


@dataclass(frozen=True)
class Measured:
    """How the time of a window divides. The four add up to the window."""

    up: timedelta
    degraded: timedelta
    down: timedelta
    unknown: timedelta

    @property
    def known(self) -> timedelta:
        """The time in which a verdict stood."""
        return self.up + self.degraded + self.down

    @property
    def window(self) -> timedelta:
        """All of the time looked at."""
        return self.known + self.unknown

    @property
    def availability(self) -> Fraction | None:
        """Share of the known time in which users were served (up or degraded); None when nothing is known."""
        return _share(self.up + self.degraded, self.known)


@dataclass(frozen=True)
class Budget:
    """The downtime that an objective allows in its window, and what is gone of it. Overspent, `left` is negative."""

    allowed: timedelta
    spent: timedelta

    @property
    def left(self) -> timedelta:
        """Downtime that may still happen in this window."""
        return self.allowed - self.spent

    @property
    def left_share(self) -> Fraction | None:
        """`left` as a share of `allowed`; None where the objective allows nothing (100 %)."""
        return _share(self.left, self.allowed)


def measure(flips: Iterable[Flip], start: datetime, end: datetime) -> Measured:
    """Divide the window from `start` to `end` among the statuses; each moment is counted once.

    Flips may begin before the window (the last one before it says how it begins) and may be in any order.
    """
    if end < start:
        raise ValueError(f"the window ends ({end}) before it starts ({start})")
    spent = dict.fromkeys(Status, timedelta())
    for since, until, status in _stretches(flips, start, end):
        spent[status] += until - since
    return Measured(spent[Status.UP], spent[Status.DEGRADED], spent[Status.DOWN], spent[Status.UNKNOWN])


def any_of(replicas: Sequence[Iterable[Flip]]) -> list[Flip]:
    """The flips of a service that any of its replicas can serve: up if one is, else degraded, else unknown, else down.

    Unknown beats down: while one replica may be serving, nobody knows that the service is not. A replica out of
    rotation serves nobody, however well it is: hand its flips in as down for that time.
    """
    turns = sorted(
        ((flip.at, index, flip.status) for index, flips in enumerate(replicas) for flip in flips),
        key=lambda turn: turn[0],
    )
    now = [Status.UNKNOWN] * len(replicas)
    combined: list[Flip] = []
    for turn, (at, index, status) in enumerate(turns):
        now[index] = status
        last_of_its_moment = turn + 1 == len(turns) or turns[turn + 1][0] > at
        best = min(now, key=_BEST_FIRST.index)
        if last_of_its_moment and best != (combined[-1].status if combined else Status.UNKNOWN):
            combined.append(Flip(at, best))
    return combined


def budget(measured: Measured, objective: Fraction) -> Budget:
    """The error budget of `objective` (0 … 1) over the window measured: what it allows, and the downtime in it."""
    allowed = (1 - objective) * Fraction(measured.window // _TICK)
    return Budget(allowed=int(allowed) * _TICK, spent=measured.down)


def burn_rate(measured: Measured, objective: Fraction) -> Fraction | None:
    """How many times faster than sustainable the budget burns: 1 spends exactly all of it by the window's end.

    None when nothing is known, or where the objective allows nothing (100 %).
    """
    if measured.availability is None or objective == 1:
        return None
    return (1 - measured.availability) / (1 - objective)


_TICK = timedelta(microseconds=1)
_BEST_FIRST = (Status.UP, Status.DEGRADED, Status.UNKNOWN, Status.DOWN)


def _stretches(flips: Iterable[Flip], start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, Status]]:
    ordered = sorted(flips, key=lambda flip: flip.at)
    before = [flip for flip in ordered if flip.at <= start]
    within = [flip for flip in ordered if start < flip.at < end]
    first = Flip(start, before[-1].status if before else Status.UNKNOWN)
    for flip, following in pairwise([first, *within, Flip(end, Status.UNKNOWN)]):
        yield flip.at, following.at, flip.status


def _share(part: timedelta, whole: timedelta) -> Fraction | None:
    return Fraction(part // _TICK, whole // _TICK) if whole else None
