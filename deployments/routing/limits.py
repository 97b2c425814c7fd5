"""What one batch of record changes may hold at Route 53, and how much of what is ready goes into the next one. Pure.

API reference, ChangeResourceRecordSets: at most 1,000 ResourceRecord elements and 32,000 characters in all their
values, an UPSERT counted twice. We send DELETE and CREATE instead, which are counted one by one. An alias has no
elements; it is counted as one all the same, so that no batch grows without limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from deployments.plan.model import Action, Change, Params

MOST_ELEMENTS = 1_000
MOST_CHARACTERS = 32_000
FENCE_ELEMENTS = 2
FENCE_CHARACTERS = 512
"""Kept free for the owner record, which each batch deletes and creates: two values of at most 255 characters."""

MEND_RECORD = "Shorten its value, or spread it over several names: Route 53 takes 32,000 characters in one batch."
MEND_SET = (
    "Make the set smaller, or change its policy while it has fewer records: a change of policy replaces the whole set "
    "in one batch, which takes 1,000 records and 32,000 characters."
)


class Weight(NamedTuple):
    """What Route 53 counts."""

    elements: int
    characters: int

    def plus(self, other: Weight) -> Weight:
        return Weight(self.elements + other.elements, self.characters + other.characters)

    @property
    def fits(self) -> bool:
        return self.elements + FENCE_ELEMENTS <= MOST_ELEMENTS and self.characters + FENCE_CHARACTERS <= MOST_CHARACTERS


@dataclass(frozen=True)
class Beyond:
    """What no batch takes: changes that must go together, what is wrong, and the mend."""

    changes: tuple[Change, ...]
    message: str
    mend: str


@dataclass(frozen=True)
class Cut:
    """What goes into the next batch, and what can't go into any; the rest goes later."""

    batch: tuple[Change, ...]
    beyond: tuple[Beyond, ...]


def cut(changes: Iterable[Change]) -> Cut:
    """As much as fits, in the order in which it comes; an atomic set goes as a whole."""
    batch: list[Change] = []
    beyond = []
    held = Weight(0, 0)
    for together in _units(changes):
        weight = _sum(weigh(change) for change in together)
        if not weight.fits:
            beyond.append(_beyond(together, weight))
        elif (more := held.plus(weight)).fits:
            held = more
            batch += together
    return Cut(tuple(batch), tuple(beyond))


def weigh(change: Change) -> Weight:
    """An update is a DELETE of what was and a CREATE of what is wanted."""
    records: list[Params] = []
    if change.action is not Action.CREATE:
        records.append(change.before)
    if change.action is not Action.DELETE:
        records.append(change.params)
    return _sum(_weight(record) for record in records)


def _weight(record: Mapping[str, Any]) -> Weight:
    values = [str(value) for value in record.get("values") or ()]
    return Weight(max(len(values), 1), sum(map(len, values)))


def _sum(weights: Iterable[Weight]) -> Weight:
    total = Weight(0, 0)
    for weight in weights:
        total = total.plus(weight)
    return total


def _units(changes: Iterable[Change]) -> Iterator[Sequence[Change]]:
    """What goes together: one atomic set, or one change."""
    units: dict[object, list[Change]] = {}
    for change in changes:
        units.setdefault(change.atomic or change.ref, []).append(change)
    yield from units.values()


def _beyond(together: Sequence[Change], weight: Weight) -> Beyond:
    what, mend = (together[0].ref.name, MEND_RECORD) if len(together) == 1 else (together[0].atomic, MEND_SET)
    many = f"{weight.elements:,} {'record' if weight.elements == 1 else 'records'}"
    message = f"{what} holds {weight.characters:,} characters in {many}, more than one batch takes"
    return Beyond(tuple(together), message, mend)
