"""From a question to what answers it: the zone, the set of records, aliases followed. Reads ministack's records.

A batch replaces a zone's list of records as a whole, so that an answer never sees half of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from ministack.services import route53 as store

from localcloud import everywhere
from localcloud.dns.choose import Client, Record, World, choose
from localcloud.hosts import region_of
from localcloud.strict import dns_names

ALIAS_TTL_S = 60
"""Of an alias to what AWS serves, its target's: developer guide, "Choosing between alias and non-alias records"."""
NEGATIVE_TTL_S = 900  # the last number of Route 53's SOA record
DEEPEST = 12

Healthy = Callable[[str, str], bool]
"""(account, check id) → whether Route 53 counts it as healthy."""
Outcome = Literal["answer", "nodata", "nxdomain", "refused"]


@dataclass(frozen=True)
class Line:
    """One record of an answer, as it is written in a zone file."""

    name: str
    type: str
    ttl_s: int
    value: str


@dataclass(frozen=True)
class Reply:
    """`lines`: the answer, CNAMEs on the way included; `authority`: the zone's SOA, where there is none."""

    outcome: Outcome
    lines: tuple[Line, ...] = ()
    authority: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Zone:
    account: str
    id: str
    name: str
    records: Sequence[Record]

    def at(self, name: str) -> list[Record]:
        return [record for record in self.records if record["Name"] == name]

    def beneath(self, name: str) -> bool:
        return any(record["Name"].endswith(f".{name}") for record in self.records)


@dataclass
class Names:
    """`addresses`: a region's address for users, by its code."""

    healthy: Healthy
    addresses: Mapping[str, str]
    world: Callable[[], World]
    chance: Random = field(default_factory=Random)

    def ask(self, name: str, kind: str, client: Client) -> Reply:
        """Answer one question. `name` with or without its trailing dot, in any case."""
        wanted = dns_names.stored(name)
        zone = _zone_of(wanted)
        if zone is None:
            return Reply("refused")
        lines, found = self._follow(zone, wanted, kind, client, depth=0)
        if lines and found:
            return Reply("answer", tuple(lines))
        soa = tuple(_lines(zone.at(zone.name), "SOA"))
        return Reply("nodata" if found or zone.beneath(wanted) else "nxdomain", tuple(lines), soa)

    def lead(self, name: str) -> str | None:
        """The region in which a name's traffic enters, for those who ask from this machine."""
        if (region := region_of(name)) is not None:
            return region
        reply = self.ask(name, "A", Client(0.0, 0.0))
        addresses = {line.value for line in reply.lines if line.type == "A"}
        return next((code for code, address in self.addresses.items() if address in addresses), None)

    def _follow(self, zone: Zone, name: str, kind: str, client: Client, *, depth: int) -> tuple[list[Line], bool]:
        """(lines, whether the name exists)."""
        held = _set_at(zone, name)
        if depth > DEEPEST or not held:
            return [], bool(held)
        records = [record for record in held if record["Type"] == kind]
        if not records:
            aside = [record for record in held if record["Type"] == "CNAME"] if kind != "CNAME" else []
            if not aside:
                return [], True
            chosen = choose(aside, client, lambda one: self._well(zone, one), self.world(), self.chance)
            lines = [line for record in chosen for line in _lines([record], "CNAME")]
            target = dns_names.stored(lines[0].value) if lines else ""
            if target and dns_names.inside(target, zone.name):
                lines += self._follow(zone, target, kind, client, depth=depth + 1)[0]
            return lines, True
        chosen = choose(records, client, lambda one: self._well(zone, one), self.world(), self.chance)
        lines = []
        for record in chosen:
            lines += self._told(zone, record, name, kind, client, depth)
        return lines, True

    def _told(self, zone: Zone, record: Record, name: str, kind: str, client: Client, depth: int) -> list[Line]:
        alias = record.get("AliasTarget")
        if alias is None:
            return list(_lines([{**record, "Name": name}], kind))
        target = dns_names.stored(alias["DNSName"])
        if alias["HostedZoneId"] == zone.id:
            found, _ = self._follow(zone, target, kind, client, depth=depth + 1)
            return [Line(name, line.type, line.ttl_s, line.value) for line in found if line.type == kind]
        region = region_of(target) or ""
        if kind != "A" or region not in self.addresses:  # a loopback region has one address, of IPv4
            return []
        return [Line(name, "A", ALIAS_TTL_S, self.addresses[region])]

    def _well(self, zone: Zone, record: Record, depth: int = 0) -> bool:
        """Its own check is healthy and, where it evaluates its target, some record there is."""
        check = record.get("HealthCheckId")
        if check and not self.healthy(zone.account, check):
            return False
        alias = record.get("AliasTarget")
        if alias is None or not _true(alias.get("EvaluateTargetHealth")) or alias["HostedZoneId"] != zone.id:
            return True
        there = [one for one in zone.at(dns_names.stored(alias["DNSName"])) if one["Type"] == record["Type"]]
        return depth > DEEPEST or any(self._well(zone, one, depth + 1) for one in there)


def _zone_of(name: str) -> Zone | None:
    """The longest zone that holds the name; of several accounts' the youngest."""
    found: Zone | None = None
    for (account, zone_id), zone in reversed(everywhere.items(store._zones)):
        if dns_names.inside(name, zone["name"]) and (found is None or len(zone["name"]) > len(found.name)):
            records = store._records._data.get((account, zone_id), [])
            found = Zone(account, zone_id, zone["name"], records)
    return found


def _set_at(zone: Zone, name: str) -> list[Record]:
    """All records of a name, else those of the nearest wildcard that covers it (RFC 4592)."""
    held = zone.at(name)
    if held or zone.beneath(name):
        return held
    above = name
    while above != zone.name and "." in above:
        above = above.partition(".")[2]
        if wild := zone.at(f"\\052.{above}"):
            return wild
        if zone.at(above):
            break
    return []


def _lines(records: Sequence[Record], kind: str) -> Iterator[Line]:
    for record in records:
        if record["Type"] == kind:
            for value in record.get("ResourceRecords", ()):
                yield Line(record["Name"], kind, int(record.get("TTL", 0)), str(value))


def _true(value: object) -> bool:
    return value is True or str(value).lower() == "true"
