"""What Route 53 would answer, and why: records, health and a user in, the possible answers out. Pure.

Follows the Developer Guide: "How Amazon Route 53 chooses records when health checking is configured", "How Amazon Route
53 determines whether a record is healthy", and each policy's own page. Asked by the resolve command, API and pages, by
every plan and by previews.

    a set → those that are well (all, where none is) → the policy's choice → an alias within the zone: again from there

A record is well while its own check is, and, where it evaluates its target, while some record there is well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Literal

from deployments.routing.record import Record, User
from regions.geography import Point, distance_km

ALIAS_TTL_S = 60
"""Of an alias to what AWS serves: its target's ("Choosing between alias and non-alias records")."""
MOST_VALUES = 8
""" "Multivalue answer routing"."""
DEEPEST = 16

Outcome = Literal["answer", "nodata", "nxdomain"]
Health = Mapping[str, bool]
"""Check → healthy. One that is not named counts as healthy, as a new one does."""
Latency = Callable[[Point, str], float | None]
Cidrs = Mapping[str, Mapping[str, Sequence[IPv4Network | IPv6Network]]]


@dataclass(frozen=True)
class World:
    """What is known of the Earth: round trips (ms; None: nobody knows) from a point to a region, where regions are, and
    CIDR collections by id and location."""

    latency: Latency
    region_points: Mapping[str, Point]
    cidrs: Cidrs = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """One answer. `records`: the chain that led to it, outermost first; `values`: what a resolver gets, of an alias to
    AWS its target; `region`: where that serves from; `why`: a sentence for each step."""

    outcome: Outcome
    records: tuple[Record, ...] = ()
    values: tuple[str, ...] = ()
    ttl: int | None = None
    region: str | None = None
    why: tuple[str, ...] = ()


class Zone:
    """Records, indexed once."""

    def __init__(self, records: Iterable[Record]) -> None:
        sets: dict[tuple[str, str], list[Record]] = {}
        for record in records:
            sets.setdefault((record.name, record.type), []).append(record)
        self.sets: Mapping[tuple[str, str], tuple[Record, ...]] = {key: tuple(held) for key, held in sets.items()}
        self.names = frozenset(name for name, _ in sets)
        self._beneath = frozenset(above for name in self.names for above in _above(name))

    def find(self, name: str) -> str | None:
        """The name whose records answer: itself, or the wildcard that covers it (RFC 4592)."""
        if name in self.names or name in self._beneath:
            return name
        for above in _above(name):
            if f"*.{above}" in self.names:
                return f"*.{above}"
            if above in self.names or above in self._beneath:
                break
        return None


def answer(zone: Zone, name: str, kind: str, user: User, health: Health, world: World, *, draw: float = 0.0) -> Answer:
    """The answer for one draw in [0, 1): only weights leave anything to chance."""
    passed = 0.0
    possible = chances(zone, name, kind, user, health, world)
    for chance, found in possible:
        passed += chance
        if draw < passed:
            return found
    return possible[-1][1]


def chances(
    zone: Zone, name: str, kind: str, user: User, health: Health, world: World, *, explain: bool = True
) -> tuple[tuple[float, Answer], ...]:
    """Every possible answer with its probability; they add up to 1. `explain` False: without `why`, for many users."""
    asked = _Asked(zone, kind, user, health, world, explain)
    return tuple(asked.follow(name.lower().removesuffix("."), (), (), 0))


@dataclass(frozen=True)
class _Asked:
    zone: Zone
    kind: str
    user: User
    health: Health
    world: World
    explain: bool

    def follow(
        self, name: str, chain: tuple[Record, ...], why: tuple[str, ...], depth: int
    ) -> Iterator[tuple[float, Answer]]:
        held = self.zone.find(name)
        if held is None or depth > DEEPEST:
            yield (
                1.0,
                Answer("nxdomain" if held is None else "nodata", chain, why=self.told(why, f"{name}: no such name")),
            )
            return
        records = self.zone.sets.get((held, self.kind), ())
        if not records and self.kind != "CNAME":
            records = self.zone.sets.get((held, "CNAME"), ())
        if not records:
            told = self.told(why, f"{name} has no record of type {self.kind}")
            yield 1.0, Answer("nodata", chain, why=told)
            return
        for chance, chosen, told in self.choose(name, records):
            if not chosen:
                yield chance, Answer("nodata", chain, why=self.told(why, *told))
                continue
            for further, found in self.lead(chosen, chain, self.told(why, *told), depth):
                yield chance * further, found

    def lead(
        self, chosen: Sequence[Record], chain: tuple[Record, ...], why: tuple[str, ...], depth: int
    ) -> Iterator[tuple[float, Answer]]:
        record, chain = chosen[0], (*chain, *chosen)
        if record.alias is not None:
            target = record.alias.dns_name
            if target in self.zone.names:
                yield from self.follow(target, chain, why, depth + 1)
                return
            yield 1.0, Answer("answer", chain, (target,), ALIAS_TTL_S, _region(chain), why)
            return
        if record.type == "CNAME" and self.kind != "CNAME":
            target = record.values[0].lower().removesuffix(".")
            if self.zone.find(target) is not None:
                yield from self.follow(target, chain, why, depth + 1)
                return
        values = tuple(value for each in chosen for value in each.values)
        yield 1.0, Answer("answer", chain, values, record.ttl, _region(chain), why)

    # -- health

    def well(self, record: Record, depth: int = 0) -> bool:
        if record.health_check is not None and not self.health.get(record.health_check, True):
            return False
        alias = record.alias
        if alias is None or not alias.evaluate_target_health or alias.dns_name not in self.zone.names:
            return True
        there = self.zone.sets.get((alias.dns_name, record.type), ())
        return depth > DEEPEST or any(self.well(one, depth + 1) for one in there)

    # -- the policies

    def choose(self, name: str, records: Sequence[Record]) -> Iterator[tuple[float, Sequence[Record], tuple[str, ...]]]:
        """(probability, the records that answer, why) of each choice."""
        policy = next(iter(records[0].policy), "simple")
        if policy == "simple":
            yield 1.0, records[:1], (f"{name}: one record for everybody",) if self.explain else ()
            return
        good = [record for record in records if self.well(record)]
        left = self.left_out(name, records, good)
        if policy == "weight":
            for chance, record in _weighted(good or records):
                yield chance, (record,), self.said(left, f"{name}: weighted, {_of(record)} has {chance:.0%}")
            return
        if policy == "multivalue":
            some = (good or list(records))[:MOST_VALUES]
            yield 1.0, some, self.said(left, f"{name}: {len(some)} of {len(records)} values")
            return
        chosen, reason = _CHOICES[policy](self, records, good or list(records))
        yield 1.0, (chosen,) if chosen else (), self.said(left, f"{name}: {reason}")

    def left_out(self, name: str, records: Sequence[Record], good: Sequence[Record]) -> tuple[str, ...]:
        if not self.explain or len(good) == len(records):
            return ()
        if not good:
            return (f"{name}: all {len(records)} records are unhealthy, so Route 53 counts all as healthy",)
        return tuple(f"{name}: {_of(one)} is left out, {self._ill(one)}" for one in records if one not in good)

    def _ill(self, record: Record) -> str:
        if record.health_check is not None and not self.health.get(record.health_check, True):
            return f"its health check {record.health_check} is unhealthy"
        return f"nothing behind {record.alias.dns_name if record.alias else record.name} is healthy"

    def said(self, left: tuple[str, ...], reason: str) -> tuple[str, ...]:
        return (*left, reason) if self.explain else ()

    def told(self, why: tuple[str, ...], *more: str) -> tuple[str, ...]:
        return (*why, *more) if self.explain else ()

    def latency(self, records: Sequence[Record], good: Sequence[Record]) -> tuple[Record | None, str]:
        best, best_ms = good[0], float("inf")
        for record in good:
            known = self.world.latency(self.user.point, record.policy["region"])
            if known is not None and known < best_ms:
                best, best_ms = record, known
        quickness = "no latency is known" if best_ms == float("inf") else f"about {best_ms:.0f} ms, the lowest"
        return best, f"latency, {best.policy['region']} is {quickness} of {len(good)}" if self.explain else ""

    def failover(self, records: Sequence[Record], good: Sequence[Record]) -> tuple[Record | None, str]:
        chosen = next((one for one in good if one.policy["failover"] == "PRIMARY"), good[0])
        if chosen.policy["failover"] == "PRIMARY":
            return chosen, f"failover, the primary ({_of(chosen)})"
        return chosen, f"failover, the secondary ({_of(chosen)}): the primary is not healthy"

    def geolocation(self, records: Sequence[Record], good: Sequence[Record]) -> tuple[Record | None, str]:
        fitting = sorted(
            ((size, number) for number, one in enumerate(records) if (size := self._size(one)) is not None),
        )
        order = [records[number] for _, number in fitting]
        chosen = next((one for one in order if one in good), order[0] if order else None)
        if chosen is None:
            return None, f"geolocation, no location holds {self._where()} and there is no default: no answer"
        larger = " (the next larger place: the smaller ones are not healthy)" if chosen is not order[0] else ""
        return chosen, f"geolocation, {_of(chosen)} is the smallest place that holds {self._where()}{larger}"

    def geoproximity(self, records: Sequence[Record], good: Sequence[Record]) -> tuple[Record | None, str]:
        chosen = min(good, key=lambda one: self._biased_km(one.policy["geoproximity"]))
        away = self._biased_km(chosen.policy["geoproximity"])
        return chosen, f"geoproximity, {_of(chosen)} is nearest: {away:.0f} km with its bias"

    def cidr(self, records: Sequence[Record], good: Sequence[Record]) -> tuple[Record | None, str]:
        fitting = sorted(
            ((length, number) for number, one in enumerate(records) if (length := self._prefix(one)) is not None),
            reverse=True,
        )
        order = [records[number] for _, number in fitting]
        chosen = next((one for one in order if one in good), order[0] if order else None)
        if chosen is None:
            return None, f"IP-based, no block holds {self.user.address} and there is no default: no answer"
        return chosen, f"IP-based, {_of(chosen)} for {self.user.address or 'an unknown address'}"

    def _size(self, record: Record) -> int | None:
        """0 subdivision, 1 country, 2 continent, 3 default; None: it does not hold the user."""
        place, user = record.policy["geolocation"], self.user
        country, subdivision = place.get("CountryCode"), place.get("SubdivisionCode")
        if country == "*":
            return 3
        if subdivision:
            return 0 if (country, subdivision) == (user.country, user.subdivision) else None
        if country:
            return 1 if country == user.country else None
        return 2 if place.get("ContinentCode") == user.continent else None

    def _where(self) -> str:
        user = self.user
        return "-".join(filter(None, (user.country, user.subdivision))) or "an unknown place"

    def _biased_km(self, place: Mapping[str, Any]) -> float:
        """A positive bias makes the way shorter, a negative one longer ("Geoproximity routing").

        A newer copy of that page shows one formula for both signs, with a positive example alone: they differ below 0.
        """
        bias = int(place.get("Bias") or 0)
        if place.get("AWSRegion"):
            point = self.world.region_points.get(place["AWSRegion"])
        else:
            at = place["Coordinates"]
            point = Point(float(at["Latitude"]), float(at["Longitude"]))
        away = float("inf") if point is None else distance_km(self.user.point, point)
        return away * (1 - bias / 100) if bias >= 0 else away / (1 + bias / 100)

    def _prefix(self, record: Record) -> int | None:
        config, address = record.policy["cidr"], self.user.address
        if config["LocationName"] == "*":
            return -1
        blocks = self.world.cidrs.get(config["CollectionId"], {}).get(config["LocationName"], ())
        return max((block.prefixlen for block in blocks if address is not None and address in block), default=None)


def _weighted(records: Sequence[Record]) -> Iterator[tuple[float, Record]]:
    """Weight 0 answers only where nothing else does ("Weighted routing"); all of weight 0 share alike."""
    heavy = [record for record in records if record.policy["weight"]]
    total = sum(record.policy["weight"] for record in heavy)
    for record in heavy or records:
        yield record.policy["weight"] / total if total else 1 / len(records), record


def _region(chain: Sequence[Record]) -> str | None:
    return next((record.region for record in reversed(chain) if record.region is not None), None)


def _of(record: Record) -> str:
    return record.set_identifier or record.name


def _above(name: str) -> Iterator[str]:
    while "." in name:
        name = name.partition(".")[2]
        yield name


_CHOICES: Mapping[str, Callable[[_Asked, Sequence[Record], Sequence[Record]], tuple[Record | None, str]]] = {
    "region": _Asked.latency,
    "failover": _Asked.failover,
    "geolocation": _Asked.geolocation,
    "geoproximity": _Asked.geoproximity,
    "cidr": _Asked.cidr,
}
