"""Users, and what becomes of them: who asks from where, and who is led elsewhere by a change. Pure.

A group of users is a city, or a place that an operator names, with its share of all. `effect` answers for each group
before and after: who moves, how far, and whether anybody is left without an answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address

from deployments.routing.answer import Cidrs, Health, World, Zone, chances
from deployments.routing.record import User
from regions import places
from regions.geography import Point
from regions.places import City


@dataclass(frozen=True)
class Group:
    """Users who are alike: one place, and their share of all (all shares add up to 1)."""

    user: User
    name: str
    share: float


@dataclass(frozen=True)
class Move:
    """Users led from one region to another. `names`: whose, the largest first; latencies in ms, medians by share."""

    before: str | None
    after: str | None
    share: float
    names: tuple[str, ...]
    before_ms: float | None
    after_ms: float | None
    worst: str
    worst_ms: float | None


@dataclass(frozen=True)
class Effect:
    """Shares of users by region before and after a change; `unserved`: they get no answer after it."""

    before: Mapping[str, float]
    after: Mapping[str, float]
    moved: float
    unserved: float
    moves: tuple[Move, ...]
    median_before_ms: float | None
    median_after_ms: float | None
    p95_before_ms: float | None
    p95_after_ms: float | None


def world(cidrs: Cidrs | None = None) -> World:
    """The measured one."""
    return World(places.latency, places.region_points(), cidrs or {})


def user_of(city: City, address: IPv4Address | IPv6Address | None = None) -> User:
    return User(city.point, city.country, city.continent, city.subdivision, address)


def user_at(point: Point) -> User:
    """Country, continent and state are those of the nearest city."""
    city = places.nearest_city(point)
    return User(point, city.country, city.continent, city.subdivision)


def user_in(country: str, subdivision: str | None = None) -> User:
    """In a country's largest city. Raises LookupError."""
    city = places.largest_city(country)
    if city is None:
        raise LookupError(f"no country {country[:20]!r} is known: give its ISO 3166-1 code, such as UA")
    return User(city.point, city.country, city.continent, subdivision or city.subdivision)


def user_behind(address: IPv4Address | IPv6Address) -> User:
    """By the country of an address, then its largest city. Raises LookupError where nobody knows it."""
    country = places.country_of(address)
    city = places.largest_city(country) if country else None
    if city is None:
        raise LookupError(f"nobody knows where {address} is: give coordinates or a city")
    return user_of(city, address)


@cache
def cities_of_the_world() -> tuple[Group, ...]:
    """Every city of over a million people, by its population."""
    found = places.cities()
    total = sum(city.population for city in found)
    return tuple(Group(user_of(city), city.name, city.population / total) for city in found)


def effect(
    before: Zone,
    health_before: Health,
    after: Zone,
    health_after: Health,
    groups: Sequence[Group],
    earth: World,
    hostname: str,
    kind: str = "A",
) -> Effect:
    """What a change of records or of health means for users."""
    shares_before: defaultdict[str, float] = defaultdict(float)
    shares_after: defaultdict[str, float] = defaultdict(float)
    moves: defaultdict[tuple[str | None, str | None], list[tuple[float, str, float | None, float | None]]]
    moves = defaultdict(list)
    was_ms: list[tuple[float, float]] = []
    then_ms: list[tuple[float, float]] = []
    unserved = 0.0
    for group in groups:
        was = _led(before, hostname, kind, group.user, health_before, earth)
        then = _led(after, hostname, kind, group.user, health_after, earth)
        for shares, told, by_region in ((shares_before, was_ms, was), (shares_after, then_ms, then)):
            for region, chance in by_region.items():
                if region is not None:
                    shares[region] += group.share * chance
                    if (ms := earth.latency(group.user.point, region)) is not None:
                        told.append((ms, group.share * chance))
        unserved += group.share * then.get(None, 0.0)
        for left, arrived, chance in _flow(was, then):
            moves[left, arrived].append(
                (group.share * chance, group.name, _ms(earth, group, left), _ms(earth, group, arrived))
            )
    told_moves = sorted((_move(*way, held) for way, held in moves.items()), key=lambda move: -move.share)
    return Effect(
        dict(shares_before),
        dict(shares_after),
        sum(move.share for move in told_moves),
        unserved,
        tuple(told_moves),
        quantile(was_ms, 0.5),
        quantile(then_ms, 0.5),
        quantile(was_ms, 0.95),
        quantile(then_ms, 0.95),
    )


def quantile(weighted: Iterable[tuple[float, float]], at: float) -> float | None:
    """The value below which a share `at` of the weight lies; None of nothing."""
    held = sorted(weighted)
    total = sum(weight for _, weight in held)
    passed = 0.0
    for value, weight in held:
        passed += weight
        if passed >= at * total:
            return value
    return None


def _led(zone: Zone, hostname: str, kind: str, user: User, health: Health, earth: World) -> dict[str | None, float]:
    """Region → chance; None: no answer."""
    found: dict[str | None, float] = {}
    for chance, one in chances(zone, hostname, kind, user, health, earth, explain=False):
        region = one.region if one.outcome == "answer" else None
        found[region] = found.get(region, 0.0) + chance
    return found


def _flow(
    was: Mapping[str | None, float], then: Mapping[str | None, float]
) -> list[tuple[str | None, str | None, float]]:
    """Who leaves where for where: what a region loses is spread over those that gain, by how much they gain."""
    losses = {region: was[region] - then.get(region, 0.0) for region in was}
    gains = {region: then[region] - was.get(region, 0.0) for region in then}
    gained = sum(gain for gain in gains.values() if gain > 1e-9)
    return [
        (left, arrived, loss * gain / gained)
        for left, loss in losses.items()
        if loss > 1e-9
        for arrived, gain in gains.items()
        if gain > 1e-9
    ]


def _ms(earth: World, group: Group, region: str | None) -> float | None:
    return None if region is None else earth.latency(group.user.point, region)


def _move(before: str | None, after: str | None, held: Sequence[tuple[float, str, float | None, float | None]]) -> Move:
    largest = sorted(held, key=lambda one: -one[0])
    worst = max(held, key=lambda one: one[3] or 0.0)
    return Move(
        before,
        after,
        sum(share for share, *_ in held),
        tuple(name for _, name, _, _ in largest),
        quantile([(ms, share) for share, _, ms, _ in held if ms is not None], 0.5),
        quantile([(ms, share) for share, _, _, ms in held if ms is not None], 0.5),
        worst[1],
        worst[3],
    )
