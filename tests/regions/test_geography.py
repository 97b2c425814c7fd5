"""Distances on the globe, and latency estimated through measured regions."""

from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regions import catalogue
from regions.geography import ACCESS_MS, EARTH_RADIUS_KM, Point, distance_km, estimate_ms, nearest

REGIONS = {code: Point(facts.latitude, facts.longitude) for code, facts in catalogue.regions().items()}
LONDON, PARIS, SYDNEY = Point(51.51, -0.13), Point(48.86, 2.35), Point(-33.87, 151.21)
HALF_WAY_ROUND_KM = 3.14159265 * EARTH_RADIUS_KM

unhurried = settings(deadline=None)
"""A busy machine is no defect of the code: properties have no deadline."""

points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


@pytest.mark.parametrize(
    ("a", "b", "expected_km"),
    [
        (LONDON, LONDON, 0),
        (LONDON, PARIS, 344),
        (LONDON, SYDNEY, 16994),
        (Point(0, 0), Point(0, 180), HALF_WAY_ROUND_KM),
        (Point(90, 0), Point(-90, 77), HALF_WAY_ROUND_KM),
        (Point(0, 179.5), Point(0, -179.5), 111),
    ],
)
def test_distance_is_along_the_great_circle(a: Point, b: Point, expected_km: float) -> None:
    """Known distances, the poles, antipodes and the date line."""
    assert distance_km(a, b) == pytest.approx(expected_km, abs=1)


@unhurried
@given(points, points, points)
def test_distance_is_a_metric(a: Point, b: Point, c: Point) -> None:
    """Symmetric, bounded by half the way round, and no detour is shorter."""
    assert distance_km(a, b) == pytest.approx(distance_km(b, a), abs=1e-6)
    assert 0 <= distance_km(a, b) <= HALF_WAY_ROUND_KM + 0.01
    assert distance_km(a, c) <= distance_km(a, b) + distance_km(b, c) + 0.01


def test_nearest_regions_of_a_city() -> None:
    """Nearest first; a tie is broken by name, so that an answer never changes by chance."""
    assert nearest(Point(50.45, 30.52), REGIONS, 3) == ["eu-north-1", "eu-central-1", "eu-central-2"]
    assert nearest(Point(0, 0), {"b": Point(0, 1), "a": Point(0, -1)}, 2) == ["a", "b"]
    assert nearest(Point(0, 0), {}) == []


def test_estimates_are_within_six_per_cent_at_the_median() -> None:
    """Each measured region in turn is treated as a user whose own measurements nobody has."""
    errors = sorted(
        abs(estimate - measured) / measured
        for user in REGIONS
        for region in REGIONS
        if user != region
        and (measured := catalogue.latency_ms(user, region))
        and (estimate := _estimate_without(user, region)) is not None
    )
    assert len(errors) == 33 * 32
    assert median(errors) <= 0.06
    assert errors[int(len(errors) * 0.9)] <= 0.28


def test_a_user_beside_a_region_pays_the_access_leg_alone() -> None:
    """The direct way into the region itself, with nothing measured."""
    assert estimate_ms(LONDON, "eu-west-2", places=REGIONS, latency_ms=lambda a, b: None) == pytest.approx(ACCESS_MS)


def test_the_quickest_of_the_ways_counts() -> None:
    """The nearest region may have the worse line onward."""
    places = {"near": Point(0, 0), "far": Point(0, 9), "goal": Point(0, 90)}
    onward = {("near", "goal"): 500.0, ("far", "goal"): 100.0}
    estimate = estimate_ms(Point(0, 0), "goal", places=places, latency_ms=lambda a, b: onward.get((a, b)))
    assert estimate == pytest.approx(2 + 14.5 * 1.0008 + 100, abs=0.1)


def test_a_region_without_any_measured_way_has_no_estimate() -> None:
    """None, not a guess and not zero."""
    assert estimate_ms(LONDON, "nowhere", places=REGIONS, latency_ms=catalogue.latency_ms) is None


def test_a_region_that_nobody_measured_is_reached_directly() -> None:
    """Auckland has no measurements of its own yet; a user there is still beside it."""
    estimate = estimate_ms(Point(-36.85, 174.76), "ap-southeast-6", places=REGIONS, latency_ms=catalogue.latency_ms)
    assert estimate == pytest.approx(ACCESS_MS)


def _estimate_without(user: str, region: str) -> float | None:
    others = {code: place for code, place in REGIONS.items() if code != user}
    return estimate_ms(REGIONS[user], region, places=others, latency_ms=catalogue.latency_ms)
