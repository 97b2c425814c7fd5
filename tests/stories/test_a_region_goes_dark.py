"""A region goes dark: its health turns red within 30 s, the others stay green, and afterwards all is as the last
writer left it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.stories.service import THREE, Service
from tests.stories.system import System

pytestmark = pytest.mark.story

DARK = "eu-central-1"
ALL_UP = dict.fromkeys(THREE, "up")


def test_a_region_goes_dark(system: System, service: Callable[[str], Service]) -> None:
    shop = service("shop-dark")
    shop.save()
    shop.deploy()
    assert shop.post("us-west-2", "/price", {"value": 1})[0] == 200
    system.until(lambda: shop.health() == ALL_UP, "all replicas are up")

    with system.outage(DARK, "blackhole"):
        dark_since_s = time.monotonic()
        seen: list[dict[str, str]] = []

        def down() -> bool:
            seen.append(shop.health())
            return seen[-1][DARK] == "down"

        system.until(down, f"{DARK} is down", within_s=30)
        assert time.monotonic() - dark_since_s <= 30
        assert all(each[region] == "up" for each in seen for region in THREE if region != DARK)
        assert shop.get("us-west-2", "/price")[1]["value"] == 1
        assert shop.post("ap-southeast-1", "/price", {"value": 2})[0] == 200
        assert shop.get("us-west-2", "/price")[1]["value"] == 2

    system.until(lambda: shop.health() == ALL_UP, f"{DARK} is up again", within_s=45)
    system.until(lambda: shop.get(DARK, "/price")[1]["value"] == 2, f"{DARK} has caught up", within_s=15)


def test_both_sides_of_a_partition_keep_writing(system: System, service: Callable[[str], Service]) -> None:
    shop = service("shop-partition")
    shop.save()
    shop.deploy()

    with system.outage(DARK, "partition"):
        assert shop.post("us-west-2", "/first-outside", {"value": "outside"})[0] == 200
        assert shop.post(DARK, "/first-outside", {"value": "inside"})[0] == 200
        assert shop.post(DARK, "/first-inside", {"value": "inside"})[0] == 200
        assert shop.post("us-west-2", "/first-inside", {"value": "outside"})[0] == 200
        assert shop.get(DARK, "/first-inside")[1]["value"] == "inside"
        assert shop.get("ap-southeast-1", "/first-inside")[1]["value"] == "outside"

    def everywhere(key: str) -> set[str]:
        return {shop.get(region, key)[1]["value"] for region in THREE}

    system.until(
        lambda: (everywhere("/first-outside"), everywhere("/first-inside")) == ({"inside"}, {"outside"}),
        "the last writer has won everywhere",
        within_s=15,
    )
