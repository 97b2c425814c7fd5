"""Delays: checked before they are set, for all accounts or for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.strict import delays
from localcloud.strict.delays import Delays

ONE, OTHER = "111111111111", "222222222222"
NAMES = [
    "certificate_pending_s",
    "certificate_record_s",
    "table_creating_s",
    "replica_creating_s",
    "role_not_assumable_s",
    "function_pending_s",
    "change_pending_s",
    "api_rates",
]


@pytest.fixture(autouse=True)
def reset() -> Iterator[None]:
    yield
    for account in (None, ONE):
        delays.update({"account": account, **dict.fromkeys(NAMES)})


def test_nothing_waits_by_default() -> None:
    assert delays.of(ONE) == Delays()
    assert {name: value for name, value in delays.current().items() if value} == {"api_rates": "off"}


def test_an_account_has_its_own_delays_over_those_of_all() -> None:
    delays.update({"table_creating_s": 2, "change_pending_s": 1})
    held = delays.update({"account": ONE, "table_creating_s": 0.5})

    assert delays.of(ONE) == Delays(table_creating_s=0.5, change_pending_s=1.0)
    assert delays.of(OTHER) == Delays(table_creating_s=2.0, change_pending_s=1.0)
    assert held["accounts"] == {ONE: {"table_creating_s": 0.5}}


def test_none_takes_a_delay_back() -> None:
    delays.update({"table_creating_s": 2})
    delays.update({"account": ONE, "table_creating_s": 0.5})
    delays.update({"account": ONE, "table_creating_s": None})

    assert delays.of(ONE).table_creating_s == 2.0


@pytest.mark.parametrize(
    "changes",
    [
        {"certificate_pending": 1},
        {"table_creating_s": -1},
        {"table_creating_s": True},
        {"table_creating_s": "1"},
        {"table_creating_s": float("nan")},
        {"api_rates": "fast"},
        {"account": "demo", "table_creating_s": 1},
    ],
    ids=repr,
)
def test_a_wrong_delay_changes_nothing_and_is_named(changes: dict[str, Any]) -> None:
    wrong = next(iter(changes))

    with pytest.raises(ValueError, match=rf"^{wrong}: "):
        delays.update({"change_pending_s": 1, **changes})
    assert delays.of(ONE) == Delays()
