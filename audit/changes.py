"""An entry's before and after as single differences, down to the member that changed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """One value that changed; None where there was, or is, none."""

    path: str
    before: Any
    after: Any


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[Difference, ...]:
    """What differs, by path: `slo.availability`, `params.environment.MODE`."""
    return tuple(_differ("", dict(before or {}), dict(after or {})))


def _differ(path: str, before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    if (before is None or isinstance(before, Mapping)) and (after is None or isinstance(after, Mapping)):
        old, new = before or {}, after or {}
        for key in sorted({*old, *new}):
            yield from _differ(f"{path}.{key}" if path else str(key), old.get(key), new.get(key))
    else:
        yield Difference(path, before, after)
