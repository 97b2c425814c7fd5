"""A region leaves: users first, then what served them, and its data only where somebody says so. And a whole service
that is destroyed, in the same order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.stories.service import THREE, Service, identities, owner_record, recorded, standing
from tests.stories.system import Json, System

pytestmark = pytest.mark.story

GONE = "ap-southeast-1"
TWO = tuple(region for region in THREE if region != GONE)
TTL_S = 60


def test_a_region_leaves(system: System, service: Callable[[str], Service]) -> None:
    keeping, losing, ending, perished = (service(f"leave-{which}") for which in ("keep", "lose", "end", "perish"))
    all_of_them = (keeping, losing, ending, perished)
    for each in all_of_them:
        each.save()
    for each, number in [(each, each.start()) for each in all_of_them]:
        each.succeeded(number, within_s=90)
    before = {each.name: identities(each, TWO) for each in (keeping, losing)}

    for each in (keeping, losing):
        each.save(regions=TWO)
    leaving = {
        keeping.name: keeping.start(),
        losing.name: losing.start(destroy_data=["keyvalues"]),
        ending.name: ending.destroy(),
        perished.name: perished.destroy(destroy_data=["keyvalues"]),
    }
    ended = {each.name: each.succeeded(leaving[each.name], within_s=150) for each in all_of_them}

    for each in (keeping, losing):
        assert each.answering() == list(TWO)
        assert drained_first(ended[each.name], f"{each.hostname} A {GONE}", GONE)
        # Nothing of the other regions was made anew, and no record of theirs is missing.
        assert {one for one in before[each.name] if GONE not in one[2]} >= identities(each, TWO)
        assert {region for _, region in standing(each, THREE)} <= {*TWO, "global", GONE}
        assert each.changes() == []
    assert keeping.retained() == [("keyvalues", GONE)]
    assert identities(keeping, [GONE]) - identities(keeping, []) == {
        ("dynamodb_table", GONE, f"{keeping.name}-keyvalues")
    }
    assert losing.retained() == []
    assert identities(losing, [GONE]) - identities(losing, []) == set()
    assert standing(losing) == recorded(losing)

    for each in (ending, perished):
        assert each.told() is None
        assert owner_record(each) is None
        assert drained_first(ended[each.name], f"{each.hostname} A {GONE}", GONE)
    assert sorted(ending.retained()) == [("keyvalues", region) for region in sorted(THREE)]
    assert identities(ending) == {("dynamodb_table", region, f"{ending.name}-keyvalues") for region in THREE}
    assert identities(perished) == set()
    assert perished.inventory() == []


def drained_first(operation: Json, record: str, region: str) -> bool:
    """The region's record went before anything of the region did, and long enough before."""
    deleted = [step for step in operation["steps"] if step["action"] == "delete"]
    routing = next(step for step in deleted if step["name"] == record)
    others = [datetime.fromisoformat(step["started_at"]) for step in deleted if step["region"] == region]
    return (min(others) - datetime.fromisoformat(routing["finished_at"])).total_seconds() >= TTL_S
