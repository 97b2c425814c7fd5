"""A plan for pages, from its JSON (as saved, or as a view tells it): by region, numbered, what waits for what. Pure.

Everybody who shows a plan asks this: the dashboard and the admin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.plan.model import GLOBAL

Place = tuple[str, str, str]


@dataclass(frozen=True)
class Chip:
    """One thing that a change waits for: the number of the change that makes it, or its name where none does."""

    label: str
    title: str
    numbered: bool


@dataclass(frozen=True)
class ChangeRow:
    """One change. `why_waits` says it in words; `chips` name what stands in the plan too."""

    number: int
    action: str
    kind: str
    name: str
    reason: str
    diff: tuple[Mapping[str, Any], ...]
    chips: tuple[Chip, ...]
    why_waits: str


@dataclass(frozen=True)
class Scope:
    """The changes in one region, or the global ones."""

    name: str
    changes: tuple[ChangeRow, ...]


@dataclass(frozen=True)
class GuardRow:
    """A guard with its numbers in words."""

    name: str
    refuses: bool
    message: str
    numbers: tuple[tuple[str, str], ...]
    override: str


@dataclass(frozen=True)
class Planned:
    """A plan as a page shows it: what stops it and guards first, then changes by region, global last."""

    id: int
    digest: str
    destroying: bool
    scopes: tuple[Scope, ...]
    underway: tuple[Mapping[str, Any], ...]
    problems: tuple[Mapping[str, Any], ...]
    guards: tuple[GuardRow, ...]
    preflight: Mapping[str, Any] | None
    wait_s: float

    @property
    def empty(self) -> bool:
        return not (self.scopes or self.underway or self.problems)

    @property
    def actions(self) -> list[str]:
        return [change.action for scope in self.scopes for change in scope.changes]

    @property
    def refusing(self) -> tuple[GuardRow, ...]:
        return tuple(guard for guard in self.guards if guard.refuses)

    @property
    def warning(self) -> tuple[GuardRow, ...]:
        return tuple(guard for guard in self.guards if not guard.refuses)


def planned(body: Mapping[str, Any]) -> Planned:
    """From what the API tells of a plan (`plans.tell`, `PlanView.as_json`)."""
    numbers = {_place(change): number for number, change in enumerate(body["changes"], start=1)}
    waits = {_place(one): one for one in body["waiting"]}
    groups: defaultdict[str, list[ChangeRow]] = defaultdict(list)
    for change in body["changes"]:
        groups[change["region"]].append(_row(change, numbers, waits.get(_place(change))))
    ordered = sorted(groups.items(), key=lambda item: item[0] == GLOBAL)
    return Planned(
        id=body["id"] or 0,
        digest=body["digest"],
        destroying=bool(body.get("destroying")),
        scopes=tuple(Scope("Global" if name == GLOBAL else name, tuple(rows)) for name, rows in ordered),
        underway=tuple(one for one in body["waiting"] if _place(one) not in numbers),
        problems=tuple(body["problems"]),
        guards=tuple(_guard(guard) for guard in body["guards"]),
        preflight=body.get("preflight"),
        wait_s=body["wait_s"],
    )


def _row(change: Mapping[str, Any], numbers: Mapping[Place, int], wait: Mapping[str, Any] | None) -> ChangeRow:
    return ChangeRow(
        number=numbers[_place(change)],
        action=change["action"],
        kind=change["kind"],
        name=change["name"],
        reason=change["reason"],
        diff=tuple(change["diff"]),
        chips=tuple(_chips(wait, numbers)) if wait else (),
        why_waits=wait["why"] if wait else "",
    )


def _chips(wait: Mapping[str, Any], numbers: Mapping[Place, int]) -> Iterator[Chip]:
    for on in wait["on"]:
        number = numbers.get(_place(on))
        title = f"{on['kind']} {on['name']} ({on['region']})"
        yield Chip(str(number) if number else f"{on['kind']} {on['name']}", title, number is not None)
    if not wait["on"]:
        yield Chip(wait["why"], wait["why"], False)


def _guard(guard: Mapping[str, Any]) -> GuardRow:
    return GuardRow(
        name=guard["name"],
        refuses=guard["refuses"],
        message=guard["message"],
        numbers=tuple(_numbers(guard["numbers"])),
        override=guard["override"],
    )


def _numbers(numbers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each number with its name in words: lists joined, maps as "region: status"."""
    for name, value in numbers.items():
        if isinstance(value, Mapping):
            text = ", ".join(f"{key} {item}" for key, item in value.items()) or "none"
        elif isinstance(value, list | tuple):
            text = ", ".join(str(item) for item in value)
        else:
            text = str(value)
        yield name.replace("_", " "), text


def _place(one: Mapping[str, Any]) -> Place:
    return one["kind"], one["region"], one["name"]
