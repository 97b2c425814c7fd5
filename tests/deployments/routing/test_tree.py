"""Names of what is below, and what stands while a region comes back."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.manifest.branches import written
from deployments.routing.ramps import ramped
from deployments.routing.tree import label, regions, walk
from tests.deployments.routing.trees import BELOW, EXAMPLES
from tests.deployments.written import demo, parsed


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (("eu-central-1",), "eu-central-1"),
        (("continent-EU", "eu-central-1"), "continent-eu--eu-central-1"),
    ],
)
def test_a_label_is_made_of_the_way_there(path: tuple[str, ...], told: str) -> None:
    assert label(path) == told


@pytest.mark.parametrize("path", [("at-1.35,103.82",), ("a--b",), ("Office_1",), tuple("x" * 16 for _ in range(5))])
def test_a_label_that_cannot_tell_all_has_a_hash(path: tuple[str, ...]) -> None:
    assert len(label(path)) <= 63
    assert label(path).rpartition("-")[2] not in "-".join(path)
    assert label(path) != label((*path[:-1], f"{path[-1]}_"))


def test_two_ways_never_share_a_label() -> None:
    assert label(("a", "b")) != label(("a--b",))


def test_what_is_below_comes_before_what_leads_to_it() -> None:
    tree = parsed(demo(routing=EXAMPLES["three levels"])).tree
    assert [each.path for each in walk(tree)] == [("us-west-2", "secondary"), ("us-west-2",), ()]
    assert regions(tree) == {"us-west-2", "eu-central-1", "ap-southeast-1"}


def coming_back(routing: dict[str, Any], region: str = "eu-central-1", per_cent: int = 10) -> dict[str, Any]:
    tree = parsed(demo(routing=routing)).tree
    return written(ramped(tree, {region: per_cent}))


def test_a_leaf_becomes_weighted_beside_the_same_set_without_it() -> None:
    without = {"policy": "latency", "branches": ["us-west-2", "ap-southeast-1"]}
    shared = {"to": "eu-central-1", "weight": 10}
    assert coming_back({"policy": "latency"}) == {
        "branches": [
            "us-west-2",
            {
                "to": {"policy": "weighted", "branches": [shared, {"to": without, "weight": 90, "name": "others"}]},
                "region": "eu-central-1",
            },
            "ap-southeast-1",
        ]
    }


def test_where_two_are_the_rest_goes_to_the_other() -> None:
    (_, secondary) = coming_back(EXAMPLES["failover"]).values()
    rest = {"to": "ap-southeast-1", "weight": 90, "name": "others"}
    assert secondary["branches"][0] == {
        "to": {"policy": "weighted", "branches": [{"to": "eu-central-1", "weight": 10}, rest]},
        "region": "eu-central-1",
    }


def test_a_weighted_leaf_keeps_its_identifier_and_its_weight() -> None:
    tree = parsed(demo(routing=EXAMPLES["weighted"])).tree
    assert ramped(tree, {"us-west-2": 50}).keys() == tree.keys()
    assert coming_back(EXAMPLES["weighted"], "us-west-2", 50)["branches"][0]["weight"] == 90


def test_a_default_among_several_and_a_fenced_leaf_come_back_at_once() -> None:
    routing = EXAMPLES["geolocation"]
    (_, california, namibia, default) = coming_back(routing, "us-west-2")["branches"]
    assert (namibia, default) == tuple(routing["branches"][2:])
    assert california["to"]["policy"] == "weighted"


def test_an_only_branch_and_a_whole_region_stay_as_they_are() -> None:
    alone = {"policy": "latency", "branches": ["us-west-2"]}
    assert coming_back({"policy": "failover", "primary": BELOW, "secondary": alone}, "us-west-2")["secondary"] == alone
    tree = parsed(demo(routing=BELOW | {"branches": ["us-west-2", *BELOW["branches"]]})).tree
    assert ramped(tree, {"eu-central-1": 100}) == ramped(tree, {}) == tree
