"""The steps of an operation, in the order in which a person reads them. Pure.

By region, what needs a person first; what is global last, as routing runs last.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deployments.overview import StepRow
from deployments.plan.model import GLOBAL

SIGNS = {
    "create": "+",
    "update": "~",
    "replace": "±",
    "delete": "−",
    "retain": "=",
    "forget": "·",
    "adopt": "=",
}


@dataclass(frozen=True)
class ScopeOfSteps:
    """The steps in one region."""

    name: str
    steps: tuple[StepRow, ...]

    @property
    def done(self) -> int:
        return sum(step.status == "succeeded" for step in self.steps)


def by_region(steps: Sequence[StepRow]) -> list[ScopeOfSteps]:
    """Groups with a refused step first, then as they came, Global last."""
    groups: defaultdict[str, list[StepRow]] = defaultdict(list)
    for step in steps:
        groups[step.scope].append(step)
    ordered = sorted(groups.items(), key=lambda item: (item[0] == GLOBAL, not any(step.refused for step in item[1])))
    return [ScopeOfSteps(_named(scope), tuple(rows)) for scope, rows in ordered]


def tally(actions: Sequence[str]) -> str:
    """ "18 create, 4 update", in the order of the signs."""
    counts = {action: sum(one == action for one in actions) for action in SIGNS}
    return ", ".join(f"{count} {action}" for action, count in counts.items() if count) or "nothing to change"


def diff_line(value: Any) -> str:
    """A value on one side of a difference, on one line where it is short."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _named(scope: str) -> str:
    return "Global" if scope == GLOBAL else scope
