"""Which records of a set answer a client: the routing policies, with health. Pure; chance is an argument.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from math import asin, cos, radians, sin, sqrt
from random import Random
from typing import Any

Record = dict[str, Any]
"""A record set as ministack stores it: the names of the API reference's ResourceRecordSet."""

MOST_VALUES = 8
"""Of a multivalue answer: developer guide, "Multivalue answer routing"."""
EARTH_KM = 6371.0


@dataclass(frozen=True)
class Client:
    """Where a query comes from: degrees, ISO 3166 codes, and the address that told it."""

    latitude: float
    longitude: float
    country: str = ""
    continent: str = ""
    subdivision: str = ""
    address: IPv4Address | IPv6Address | None = None


@dataclass(frozen=True)
class World:
    """`regions`: code → (latitude, longitude). `collections`: CIDR collection → location → blocks."""

    regions: Mapping[str, tuple[float, float]]
    collections: Mapping[str, Mapping[str, Sequence[str]]]


def choose(
    records: Sequence[Record], client: Client, well: Callable[[Record], bool], world: World, chance: Random
) -> list[Record]:
    """Those that answer; none where no location of a geographic policy fits the client."""
    policy = next((_POLICIES[field] for field in _POLICIES if records[0].get(field) is not None), None)
    if policy is None:
        return list(records)
    good = [record for record in records if well(record)]
    return policy(records, good, client, world, chance)


def _weighted(
    records: Sequence[Record], good: Sequence[Record], client: Client, world: World, chance: Random
) -> list[Record]:
    """Weight 0 answers only where nothing else is healthy (developer guide, "Weighted routing")."""
    pool = good or records
    heavy = [record for record in pool if int(record["Weight"])] or list(pool)
    weights = [int(record["Weight"]) for record in heavy]
    return chance.choices(heavy, weights if any(weights) else None, k=1)


def _latency(
    records: Sequence[Record], good: Sequence[Record], client: Client, world: World, chance: Random
) -> list[Record]:
    """By distance: AWS's own measurements are not public, and the nearest region is the quickest nearly everywhere."""
    return [min(good or records, key=lambda record: (_to_region(client, record["Region"], world), record["Region"]))]


def _failover(
    records: Sequence[Record], good: Sequence[Record], client: Client, world: World, chance: Random
) -> list[Record]:
    """The primary while it is well, or while neither is."""
    order = sorted(good or records, key=lambda record: record["Failover"] != "PRIMARY")
    return order[:1]


def _geolocation(
    records: Sequence[Record], good: Sequence[Record], client: Client, world: World, chance: Random
) -> list[Record]:
    """The smallest place that holds the client and is well; else the next larger one, at last the default."""

    def size(record: Record) -> int | None:
        place = record["GeoLocation"]
        country, subdivision = place.get("CountryCode"), place.get("SubdivisionCode")
        if subdivision:
            return 0 if (country or "US", subdivision) == (client.country, client.subdivision) else None
        if country == "*":
            return 3
        if country:
            return 1 if country == client.country else None
        return 2 if place.get("ContinentCode") == client.continent else None

    fitting = sorted((found, index) for index, each in enumerate(records) if (found := size(each)) is not None)
    order = [records[index] for _, index in fitting]
    return ([record for record in order if record in good] or order)[:1]


def _geoproximity(
    records: Sequence[Record], good: Sequence[Record], client: Client, world: World, chance: Random
) -> list[Record]:
    """By distance, made shorter or longer by the bias (developer guide, "Geoproximity routing")."""

    def biased(record: Record) -> float:
        place = record["GeoProximityLocation"]
        bias = int(place.get("Bias") or 0)
        if place.get("AWSRegion"):
            distance = _to_region(client, place["AWSRegion"], world)
        else:
            at = place["Coordinates"]
            distance = _distance(client, float(at["Latitude"]), float(at["Longitude"]))
        return distance * (1 - bias / 100) if bias >= 0 else distance / (1 + bias / 100)

    return [min(good or records, key=biased)]


def _multivalue(
    records: Sequence[Record], good: Sequence[Record], client: Client, world: World, chance: Random
) -> list[Record]:
    pool = list(good or records)
    return chance.sample(pool, min(MOST_VALUES, len(pool)))


def _by_address(
    records: Sequence[Record], good: Sequence[Record], client: Client, world: World, chance: Random
) -> list[Record]:
    """The longest block that holds the client's address, else the default location."""

    def prefix(record: Record) -> int | None:
        config = record["CidrRoutingConfig"]
        if config["LocationName"] == "*":
            return -1
        blocks = world.collections.get(config["CollectionId"], {}).get(config["LocationName"], ())
        held = [ip_network(block) for block in blocks]
        lengths = [each.prefixlen for each in held if client.address is not None and client.address in each]
        return max(lengths, default=None)

    fitting = sorted(
        ((found, index) for index, each in enumerate(records) if (found := prefix(each)) is not None), reverse=True
    )
    order = [records[index] for _, index in fitting]
    return ([record for record in order if record in good] or order)[:1]


def _to_region(client: Client, code: str, world: World) -> float:
    place = world.regions.get(code)
    return float("inf") if place is None else _distance(client, *place)


def _distance(client: Client, latitude: float, longitude: float) -> float:
    north, east = radians(latitude - client.latitude), radians(longitude - client.longitude)
    chord = sin(north / 2) ** 2 + cos(radians(client.latitude)) * cos(radians(latitude)) * sin(east / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(chord)))


_POLICIES: Mapping[str, Callable[[Sequence[Record], Sequence[Record], Client, World, Random], list[Record]]] = {
    "Weight": _weighted,
    "Region": _latency,
    "Failover": _failover,
    "GeoLocation": _geolocation,
    "GeoProximityLocation": _geoproximity,
    "MultiValueAnswer": _multivalue,
    "CidrRoutingConfig": _by_address,
}
