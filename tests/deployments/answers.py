"""What Route 53 may answer from the records of a world in memory: every way that a user can be led.

Written for tests, apart from the product's own answers. Health takes nobody's answer away: where all records of a set
are unhealthy, Route 53 counts all as healthy (developer guide, "How Amazon Route 53 chooses records when health
checking is configured"). So every record that is meant for a user may be the one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from deployments.providers.memory import Memory

Key = tuple[str, str]
ZONES_OWN = "Z0ZONE"


@dataclass(frozen=True)
class Asker:
    """Somebody who asks, as the policies tell people apart."""

    continent: str | None = None
    country: str | None = None
    address: str = "198.51.100.1"


class Unanswered(AssertionError):
    """A name has no answer for somebody."""


class Records:
    """The records of a world as they stand now."""

    def __init__(self, world: Memory) -> None:
        self.sets: dict[Key, list[dict[str, Any]]] = defaultdict(list)
        for record in world.records.values():
            self.sets[record["name"], record["type"]].append(record)
        self.locations: dict[str, Mapping[str, list[str]]] = {
            f"{thing.physical_id}:id": thing.params["locations"]
            for thing in world.things.values()
            if thing.ref.kind == "route53_cidr_collection"
        }

    def ends(self, name: str, kind: str, asker: Asker, *, above: tuple[str, ...] = ()) -> Iterator[str]:
        """Each target outside the zone that the asker may be led to. Raises Unanswered where a way ends in nothing."""
        assert name not in above, f"{name} leads to itself"
        found = self._meant(self.sets.get((name, kind), []), asker)
        if not found:
            raise Unanswered(f"{name} {kind} has no answer for {asker}, led by {above}")
        for record in found:
            target = str(record["alias"]["dns_name"])
            if record["alias"]["zone_id"] == ZONES_OWN:
                yield from self.ends(target, kind, asker, above=(*above, name))
            else:
                yield target

    def _meant(self, records: list[dict[str, Any]], asker: Asker) -> list[dict[str, Any]]:
        by_place = {_place(record): record for record in records if "geolocation" in record["policy"]}
        by_block = {
            record["policy"]["cidr"]["LocationName"]: record for record in records if "cidr" in record["policy"]
        }
        if by_place:
            places = (("country", asker.country), ("continent", asker.continent), ("country", "*"))
            return [by_place[place] for place in places if place in by_place][:1]
        if by_block:
            names = (self._block(records[0], asker, by_block), "*")
            return [by_block[name] for name in names if name in by_block][:1]
        if any(record["policy"].get("weight") for record in records):
            return [record for record in records if record["policy"]["weight"]]
        return records

    def _block(self, record: Mapping[str, Any], asker: Asker, used: Mapping[str, Any]) -> str | None:
        locations = self.locations[record["policy"]["cidr"]["CollectionId"]]
        at = ip_address(asker.address)
        return next(
            (name for name, blocks in locations.items() if name in used and any(at in ip_network(b) for b in blocks)),
            None,
        )

    def assert_legal(self) -> None:
        """What Route 53 takes in one set: one policy, each place, role and region once."""
        for key, records in self.sets.items():
            policies = {tuple(record["policy"]) for record in records}
            assert len(policies) == 1, f"{key} mixes {policies}"
            assert len(records) == 1 or policies != {()}, f"{key} has two simple records"
            if policies <= {("weight",)}:
                continue
            chosen = Counter(_without_bias(record["policy"]) for record in records)
            assert set(chosen.values()) <= {1}, f"{key} has one twice: {chosen}"


def _place(record: Mapping[str, Any]) -> tuple[str, str]:
    place = record["policy"]["geolocation"]
    if "ContinentCode" in place:
        return "continent", place["ContinentCode"]
    return "country", place["CountryCode"]


def _without_bias(policy: Mapping[str, Any]) -> str:
    place = policy.get("geoproximity")
    return str({key: value for key, value in place.items() if key != "Bias"} if place else policy)
