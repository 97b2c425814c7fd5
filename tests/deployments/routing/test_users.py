"""Who is led where, before and after a change."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from deployments.routing.answer import World, Zone
from deployments.routing.record import Record, User
from deployments.routing.users import Group, cities_of_the_world, effect, quantile, user_at, user_behind, user_in, world
from regions.geography import Point

NAME = "kv.example.test"
WEST, EAST = Point(45.0, -120.0), Point(50.0, 9.0)
GROUPS = (Group(User(WEST), "Portland", 0.25), Group(User(EAST), "Frankfurt", 0.75))
EARTH = World(
    lambda point, region: {("us", True): 10.0, ("eu", False): 20.0}.get((region, point == WEST), 150.0),
    {"us": WEST, "eu": EAST},
)


def latency(*regions: str) -> Zone:
    return Zone(
        Record(NAME, "A", 60, (code,), set_identifier=code, policy={"region": code}, health_check=code, region=code)
        for code in regions
    )


def test_the_loss_of_a_region_moves_its_users() -> None:
    zone = latency("us", "eu")
    found = effect(zone, {}, zone, {"eu": False}, GROUPS, EARTH, NAME)
    assert (found.before, found.after) == ({"us": 0.25, "eu": 0.75}, {"us": 1.0})
    assert (found.moved, found.unserved) == (0.75, 0.0)
    (move,) = found.moves
    assert (move.before, move.after, move.share, move.names) == ("eu", "us", 0.75, ("Frankfurt",))
    assert (move.before_ms, move.after_ms, move.worst, move.worst_ms) == (20.0, 150.0, "Frankfurt", 150.0)
    assert (found.median_before_ms, found.median_after_ms, found.p95_after_ms) == (20.0, 150.0, 150.0)


def test_a_weight_moves_its_share_and_no_more() -> None:
    def weighted(us: int, eu: int) -> Zone:
        return Zone(
            Record(NAME, "A", 60, (code,), set_identifier=code, policy={"weight": weight}, region=code)
            for code, weight in (("us", us), ("eu", eu))
        )

    found = effect(weighted(50, 50), {}, weighted(10, 90), {}, GROUPS, EARTH, NAME)
    assert found.moved == pytest.approx(0.4)
    assert {(move.before, move.after) for move in found.moves} == {("us", "eu")}


def test_a_name_that_goes_leaves_everybody_unserved() -> None:
    found = effect(latency("eu"), {}, Zone([]), {}, GROUPS, EARTH, NAME)
    assert (found.unserved, found.after) == (1.0, {})
    assert quantile([], 0.5) is None


def test_the_world_has_its_share_everywhere() -> None:
    groups = cities_of_the_world()
    assert len(groups) >= 300
    assert sum(group.share for group in groups) == pytest.approx(1.0)


def test_users_are_found_by_what_is_told_of_them() -> None:
    assert (user_at(Point(50.4, 30.5)).country, user_at(Point(47.6, -122.3)).subdivision) == ("UA", "WA")
    assert user_in("JP").continent == "AS"
    assert user_behind(ip_address("8.8.8.8")).country == "US"
    for address in ("127.0.0.1", "2001:db8::1"):
        with pytest.raises(LookupError, match="give coordinates or a city"):
            user_behind(ip_address(address))
    with pytest.raises(LookupError, match="ISO 3166-1"):
        user_in("XX")
    assert world().latency(Point(50.4, 30.5), "eu-central-1") == pytest.approx(31, abs=10)
