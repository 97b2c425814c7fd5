"""Where things are, and how far apart in kilometres and milliseconds. Pure: coordinates and measurements are arguments.

Read by routing answers, the map and what-if. Never decides where a user goes: it estimates what the way there costs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""

# Fitted on the measured matrix in regions/catalogue/latency_ms.csv, each region left out in turn: a user reaches one of
# the three nearest regions over the access leg and goes on over AWS's own network; the quickest of three ways counts.
ACCESS_MS = 2.0
ACCESS_MS_PER_1000_KM = 14.5
ACCESS_REGIONS = 3
MEDIAN_ERROR = 0.05
"""Median error of `estimate_ms`; nine of ten estimates are within 27 %. Say it wherever an estimate is shown."""


@dataclass(frozen=True)
class Point:
    """A place on Earth, in degrees; north and east are positive."""

    latitude: float
    longitude: float


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance (haversine), which stays exact for near points."""
    north = radians(b.latitude - a.latitude)
    east = radians(b.longitude - a.longitude)
    chord = sin(north / 2) ** 2 + cos(radians(a.latitude)) * cos(radians(b.latitude)) * sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


def nearest(point: Point, places: Mapping[str, Point], count: int = 1) -> list[str]:
    """The names of the `count` places nearest to `point`, nearest first; equal distances in order of name."""
    return sorted(places, key=lambda name: (distance_km(point, places[name]), name))[:count]


def estimate_ms(
    point: Point,
    region: str,
    *,
    places: Mapping[str, Point],
    latency_ms: Callable[[str, str], float | None],
) -> float | None:
    """Estimated round trip from `point` to `region`, in milliseconds; None when no way there has been measured.

    `places`: the regions through which a user may enter. `latency_ms(a, b)`: measured from region to region.
    A region that nobody measured can still be reached directly, over the access leg alone.
    """
    onward = {entry: 0.0 if entry == region else latency_ms(entry, region) for entry in places}
    measured = {entry: places[entry] for entry, leg_ms in onward.items() if leg_ms is not None}
    ways = [
        access_ms(distance_km(point, places[entry])) + (onward[entry] or 0.0)
        for entry in nearest(point, measured, ACCESS_REGIONS)
    ]
    return min(ways, default=None)


def access_ms(distance: float) -> float:
    return ACCESS_MS + ACCESS_MS_PER_1000_KM * distance / 1000
