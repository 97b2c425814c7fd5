"""What moved between a plan that was seen and the plan of now."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.plan.moved import changes, paths

FUNCTION = {"kind": "function", "name": "get-key", "memory_mb": 128, "environment": {"A": "1"}}
TABLE = {"kind": "table", "name": "keyvalues"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"regions": ["a"]}, {"regions": ["a"]}, []),
        ({"regions": ["a"]}, {"regions": ["a", "b"]}, ["regions"]),
        ({"slo": {"availability": 99.9}}, {"slo": {}}, ["slo.availability"]),
        (
            {"components": [TABLE, FUNCTION]},
            {"components": [TABLE, {**FUNCTION, "memory_mb": 256, "environment": {"A": "2"}}]},
            ["components.get-key.memory_mb", "components.get-key.environment.A"],
        ),
        ({"components": [TABLE]}, {"components": [TABLE, FUNCTION]}, ["components.get-key"]),
        ({"components": [TABLE, FUNCTION]}, {"components": [FUNCTION]}, ["components.keyvalues"]),
        ({"hostname": "a"}, {}, ["hostname"]),
        (None, {"name": "kv"}, [""]),
    ],
)
def test_manifests_differ_where_somebody_edited(before: Any, after: Any, expected: list[str]) -> None:
    assert list(paths(before, after)) == expected


def change(name: str, action: str = "update", **diff: Any) -> dict[str, Any]:
    told = [{"path": path, "before": None, "after": after} for path, after in diff.items()]
    return {"kind": "lambda_function", "region": "us-west-2", "name": name, "action": action, "diff": told}


def place(name: str, what: str) -> dict[str, str]:
    return {"kind": "lambda_function", "region": "us-west-2", "name": name, "what": what}


def test_changes_of_the_world_came_went_or_differ() -> None:
    before = {"changes": [change("same"), change("gone"), change("other", memory_mb=1)]}
    after = {"changes": [change("new"), change("same"), change("other", memory_mb=2)]}
    assert changes(before, after) == [place("gone", "went"), place("other", "differs"), place("new", "came")]


def test_a_problem_that_came_is_a_difference_too() -> None:
    problem = {"kind": "lambda_function", "region": "us-west-2", "name": "get", "code": "conflict"}
    assert changes({"changes": []}, {"changes": [], "problems": [problem]}) == [place("get", "came")]


def test_why_something_is_changed_does_not_matter() -> None:
    once, again = change("get"), {**change("get"), "reason": "in other words"}
    assert changes({"changes": [once]}, {"changes": [again]}) == []
