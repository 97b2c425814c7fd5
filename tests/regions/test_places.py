"""Cities, and the latency model held against the measurements that it was fitted on."""

from __future__ import annotations

from statistics import median

import pytest

from regions import catalogue, places
from regions.geography import estimate_ms


def test_a_city_is_found_by_name_and_country() -> None:
    assert (places.find_city("kyiv").country, places.find_city("Portland, US").subdivision) == ("UA", "OR")
    assert places.find_city("London").country == "GB", "the largest of that name"


def test_an_unknown_city_names_near_ones() -> None:
    with pytest.raises(LookupError, match=r"did you mean .*Kyiv"):
        places.find_city("Kiyv")
    with pytest.raises(LookupError, match="no city"):
        places.find_city("x" * 5000)


def test_what_is_remembered_is_what_geography_estimates() -> None:
    point = places.find_city("Nairobi").point
    for region in ("eu-central-1", "ap-southeast-1", "us-west-2"):
        told = estimate_ms(point, region, places=places.region_points(), latency_ms=catalogue.latency_ms)
        assert places.latency(point, region) == pytest.approx(told)
    assert places.latency(point, "nowhere-1") is None


def test_the_model_is_good_when_each_region_is_left_out_in_turn() -> None:
    """Median error at most 6 %: the way from a region's place to the others, as if nobody had measured it."""
    points = places.region_points()
    errors = []
    for left in points:
        others = {code: point for code, point in points.items() if code != left}
        for region in others:
            measured = catalogue.latency_ms(left, region)
            told = estimate_ms(points[left], region, places=others, latency_ms=catalogue.latency_ms)
            if measured and told:
                errors.append(abs(told - measured) / measured)
    assert median(errors) <= 0.06
    assert sorted(errors)[int(0.9 * len(errors))] <= places.LATENCY_ERROR["p90"] + 0.01
