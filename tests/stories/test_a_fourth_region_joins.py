"""A fourth region: nothing moves until somebody deploys, and then only the new one does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stories.service import THREE, Service, identities, recorded, standing
from tests.stories.system import System

pytestmark = pytest.mark.story

FOUR = (*THREE, "sa-east-1")


def test_a_fourth_region_joins(system: System, service: Callable[[str], Service]) -> None:
    orders = service("orders")
    orders.save()
    orders.deploy()
    before = identities(orders, FOUR)

    assert orders.save(regions=FOUR)["pending"] is True
    system.foundation_rests()
    system.cloud("POST", "calls/clear")
    beaten = system.sweeps()
    system.until(lambda: system.sweeps() >= beaten + 2, "two rounds of beat")
    assert system.writes() == []
    assert identities(orders, FOUR) == before
    assert orders.told()["release"] == 1

    changes = orders.changes()
    assert {change["action"] for change in changes} == {"create"}
    strangers = [c for c in changes if "sa-east-1" not in (c["region"], *c["name"].replace(".", " ").split())]
    assert strangers == []

    orders.deploy()
    assert sorted(orders.answering()) == sorted(FOUR)
    assert orders.post("us-west-2", "/where", {"value": "everywhere"})[0] == 200
    assert orders.get("sa-east-1", "/where")[1]["readRegion"] == "sa-east-1"

    # Of the regions that were there before nothing was touched but the table, which has a member more.
    assert before < identities(orders, FOUR)
    elsewhere = {action for region, action in system.writes() if region in THREE}
    assert elsewhere == {"UpdateTable"}
    assert {action for region, action in system.writes() if action.startswith(("Update", "Delete"))} == {"UpdateTable"}
    assert orders.changes() == []
    assert standing(orders, FOUR) == recorded(orders)
