"""What differs between a plan that somebody saw and the plan of now: in the desire, and in the world. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Place = tuple[str, str, str]
Body = Mapping[str, Any]
"""A plan as JSON: see `render.as_json`."""


def paths(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Where two manifests differ: "regions", "components.get-key.memory_mb". What has a name is told apart by it."""
    if before == after:
        return
    old, new = _named(before), _named(after)
    if old is None or new is None:
        yield path
        return
    for key in [*old, *(key for key in new if key not in old)]:
        yield from paths(old.get(key), new.get(key), f"{path}.{key}" if path else key)


def _named(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        return {item["name"]: item for item in value}
    return None


def changes(before: Body, after: Body) -> list[dict[str, str]]:
    """Changes and problems that came, went or differ, each with its kind, region and name."""
    old, new = dict(_told(before)), dict(_told(after))
    return [
        {"kind": kind, "region": region, "name": name, "what": what}
        for (kind, region, name) in [*old, *(place for place in new if place not in old)]
        if (what := _what(old.get((kind, region, name)), new.get((kind, region, name))))
    ]


def _what(old: Any, new: Any) -> str:
    if old == new:
        return ""
    if old is None:
        return "came"
    return "went" if new is None else "differs"


def _told(body: Body) -> Iterator[tuple[Place, Sequence[Any]]]:
    for change in body.get("changes", ()):
        yield _place(change), (change["action"], change["diff"])
    for problem in body.get("problems", ()):
        yield _place(problem), (problem["code"],)


def _place(one: Mapping[str, str]) -> Place:
    return one["kind"], one["region"], one["name"]
