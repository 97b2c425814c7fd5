"""Facts about AWS that do not change while the program runs: regions, promises, rates, quotas, prices, latency between
regions.

Read by everyone who needs a fact with its source and date: sync, admin, the calculator, the limiter, the preflight.
Reads only the CSV files beside it, once; never asks AWS, holds no opinion about which regions an account may use.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

Group = Literal["Americas", "Europe", "Asia Pacific", "Middle East & Africa"]
GROUPS: tuple[Group, ...] = ("Americas", "Europe", "Asia Pacific", "Middle East & Africa")

SHARED_BUCKET = "*"
DEFAULT_BUCKET = "each"


@dataclass(frozen=True)
class RegionFacts:
    """One region of AWS's commercial partition. `latitude`, `longitude`: degrees, of the centre of `town`."""

    code: str
    name: str
    place: str
    country: str
    group: Group
    enabled_by_default: bool
    zone_ids: tuple[str, ...]
    town: str
    latitude: float
    longitude: float

    @property
    def zones(self) -> int:
        """How many availability zones exist; an account may see fewer."""
        return len(self.zone_ids)

    @property
    def zone_id_prefix(self) -> str:
        """`euc1` for eu-central-1, whose zones are euc1-az1, euc1-az2, …"""
        return self.zone_ids[0].partition("-")[0]


@dataclass(frozen=True)
class PublishedSla:
    """What AWS promises for one service, in per cent. `as_of`: year and month in which `source` said so."""

    key: str
    service: str
    scope: Literal["region", "global"]
    percent: Decimal
    as_of: str
    source: str


@dataclass(frozen=True)
class ApiRate:
    """One token bucket of an account: holds `burst` tokens, gains `refill_per_s`."""

    service: str
    action: str
    burst: int
    refill_per_s: Fraction
    as_of: str
    source: str


@dataclass(frozen=True)
class Quota:
    """A default limit of AWS on one thing (`what`), of which `kept_free` must stay unused. `code`: its name in Service
    Quotas, where `code_unit` of ours are one of theirs; "" where nobody can raise it. `home`: the region in which
    Service Quotas keeps it, "" where each region has its own."""

    service: str
    name: str
    what: str
    value: int
    kept_free: int
    code: str
    code_unit: int
    home: str
    as_of: str
    source: str


@dataclass(frozen=True)
class Price:
    """What one `unit` of something costs in US dollars, in `region` ("global": everywhere)."""

    key: str
    what: str
    unit: str
    usd: Decimal
    region: str
    as_of: str
    source: str


@cache
def regions() -> Mapping[str, RegionFacts]:
    """Every commercial region by its code, in the order in which people are shown them."""
    return MappingProxyType({facts.code: facts for facts in map(_region, _rows("regions.csv"))})


@cache
def published_slas() -> Mapping[str, PublishedSla]:
    """Published availability by key: lambda, api_gateway, dynamodb, dynamodb_global_table, route53, s3_standard."""
    return MappingProxyType({sla.key: sla for sla in map(_published_sla, _rows("published_sla.csv"))})


@cache
def api_rates() -> tuple[ApiRate, ...]:
    """All known token buckets, as AWS documents them."""
    return tuple(map(_api_rate, _rows("api_rates.csv")))


def buckets(service: str, action: str) -> tuple[ApiRate, ...]:
    """The buckets that one call of `action` takes a token from: the service's shared one, then the action's own.

    An action without a rate of its own gets the service's default, under its own name; a service without rates, none.
    """
    known = {rate.action: rate for rate in api_rates() if rate.service == service}
    own = known.get(action) or _named(known.get(DEFAULT_BUCKET), action)
    return tuple(rate for rate in (known.get(SHARED_BUCKET), own) if rate is not None)


@cache
def quotas() -> Mapping[tuple[str, str], Quota]:
    """Default limits by (service, name), such as ("route53", "health_checks_per_account")."""
    return MappingProxyType({(quota.service, quota.name): quota for quota in map(_quota, _rows("quotas.csv"))})


@cache
def prices() -> Mapping[str, Price]:
    """What AWS charges by key, such as "route53_health_check"."""
    return MappingProxyType({price.key: price for price in map(_price, _rows("prices.csv"))})


LATENCY_SOURCE = "https://www.cloudping.co"
LATENCY_AS_OF = "2025-07"
"""When the matrix was read; it tells the median of the year before."""


def latency_ms(a: str, b: str) -> float | None:
    """Measured round trip from region `a` to region `b`, p50 in milliseconds; None where nobody measured it."""
    return _latencies_ms().get((a, b))


@cache
def _latencies_ms() -> Mapping[tuple[str, str], float]:
    return {(row["from"], row["to"]): float(row["rtt_ms"]) for row in _rows("latency_ms.csv")}


def _rows(file_name: str) -> Iterator[dict[str, str]]:
    text = resources.files(__package__).joinpath(file_name).read_text(encoding="utf-8")
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


def _region(row: dict[str, str]) -> RegionFacts:
    return RegionFacts(
        code=row["code"],
        name=row["name"],
        place=row["place"],
        country=row["country"],
        group=next(group for group in GROUPS if group == row["group"]),
        enabled_by_default={"by default": True, "opt-in": False}[row["enabled"]],
        zone_ids=tuple(row["zone_ids"].split()),
        town=row["town"],
        latitude=float(row["latitude"]),
        longitude=float(row["longitude"]),
    )


def _published_sla(row: dict[str, str]) -> PublishedSla:
    return PublishedSla(
        key=row["key"],
        service=row["service"],
        scope="global" if row["scope"] == "global" else "region",
        percent=Decimal(row["percent"]),
        as_of=row["as_of"],
        source=row["source"],
    )


def _api_rate(row: dict[str, str]) -> ApiRate:
    return ApiRate(
        service=row["service"],
        action=row["action"],
        burst=int(row["burst"]),
        refill_per_s=Fraction(row["refill_per_s"]),
        as_of=row["as_of"],
        source=row["source"],
    )


def _named(rate: ApiRate | None, action: str) -> ApiRate | None:
    return rate and ApiRate(rate.service, action, rate.burst, rate.refill_per_s, rate.as_of, rate.source)


def _quota(row: dict[str, str]) -> Quota:
    return Quota(
        service=row["service"],
        name=row["name"],
        what=row["what"],
        value=int(row["value"]),
        kept_free=int(row["kept_free"]),
        code=row["code"],
        code_unit=int(row["code_unit"]),
        home=row["home"],
        as_of=row["as_of"],
        source=row["source"],
    )


def _price(row: dict[str, str]) -> Price:
    return Price(
        key=row["key"],
        what=row["what"],
        unit=row["unit"],
        usd=Decimal(row["price_usd"]),
        region=row["region"],
        as_of=row["as_of"],
        source=row["source"],
    )
