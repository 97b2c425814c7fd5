"""Before and after as single differences."""

from __future__ import annotations

from typing import Any

import pytest

from audit.changes import Difference, differences


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, None, ()),
        ({"a": 1}, {"a": 1}, ()),
        ({"a": 1}, {"a": 2}, (Difference("a", 1, 2),)),
        (None, {"b": 1, "a": 2}, (Difference("a", None, 2), Difference("b", None, 1))),
        ({"a": True}, None, (Difference("a", True, None),)),
        (
            {"params": {"environment": {"A": "(not shown)", "B": "(not shown)"}, "memory_mb": 128}},
            {"params": {"environment": {"A": "(not shown)", "B": "(not shown, changed)"}, "memory_mb": 256}},
            (
                Difference("params.environment.B", "(not shown)", "(not shown, changed)"),
                Difference("params.memory_mb", 128, 256),
            ),
        ),
        ({"a": [1]}, {"a": [1, 2]}, (Difference("a", [1], [1, 2]),)),
        ({"a": "x"}, {"a": {"b": 1}}, (Difference("a", "x", {"b": 1}),)),
        ({"tags": {}}, {"tags": {"team": "core"}}, (Difference("tags.team", None, "core"),)),
    ],
)
def test_differences(
    before: dict[str, Any] | None, after: dict[str, Any] | None, expected: tuple[Difference, ...]
) -> None:
    """Down to the member that changed; what stayed is left out."""
    assert differences(before, after) == expected
