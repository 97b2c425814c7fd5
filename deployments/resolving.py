"""What users of a service are answered from: its records, as they stand or as they are wanted, and which regions are
out. Reads rows, asks no AWS; what is answered is decided by pure code."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network

from deployments import evacuations, rotation
from deployments.models import Stack
from deployments.plan.model import Spec
from deployments.routing.answer import Answer, Zone, answer, chances
from deployments.routing.reading import health_of, read_record
from deployments.routing.record import Record, User
from deployments.routing.users import Effect, cities_of_the_world, effect, world
from regions import places
from regions.verdict import Status

RECORD = "route53_record"
COLLECTION = "route53_cidr_collection"
Blocks = dict[str, dict[str, Sequence[IPv4Network | IPv6Network]]]


@dataclass(frozen=True)
class Resolved:
    """What a user gets. `latency_ms`: estimated, to the region of the answer; `chances`: all that they may get;
    `out`: region → why its check counts as unhealthy."""

    answer: Answer
    latency_ms: float | None
    chances: tuple[tuple[float, Answer], ...]
    out: Mapping[str, str]


def resolve(
    stack: Stack,
    hostname: str,
    kind: str,
    user: User,
    now: datetime,
    *,
    down: Collection[str] = (),
    draw: float = 0.0,
) -> Resolved:
    """As the records stand, with what is out now and the regions of `down` besides: four queries."""
    records = standing(stack)
    gone = out(stack, now) | dict.fromkeys(down, "asked for")
    health, zone = health_of(records, gone), Zone(records)
    earth = world(blocks(stack))
    found = answer(zone, hostname, kind, user, health, earth, draw=draw)
    latency_ms = places.latency(user.point, found.region) if found.region else None
    return Resolved(found, latency_ms, chances(zone, hostname, kind, user, health, earth), gone)


def moved(stack: Stack, hostname: str, now: datetime, *, down: Collection[str] = ()) -> Effect:
    """What becomes of the users of the world's cities of over a million people, as the records stand, where the regions
    of `down` die besides those that are out now: four queries."""
    records = standing(stack)
    gone, zone = out(stack, now), Zone(records)
    before, after = health_of(records, gone), health_of(records, [*gone, *down])
    return effect(zone, before, zone, after, cities_of_the_world(), world(blocks(stack)), hostname)


def standing(stack: Stack) -> tuple[Record, ...]:
    """The records of the inventory: one query."""
    rows = stack.resources.filter(kind=RECORD, state__in=evacuations.STANDS).order_by("pk")
    return tuple(read_record(row.params, row.context) for row in rows)


def wanted(specs: Iterable[Spec]) -> tuple[Record, ...]:
    """The records of Specs. A certificate's validation record is none that users ask for: its name is AWS's secret."""
    return tuple(
        read_record(spec.params, spec.context)
        for spec in specs
        if spec.ref.kind == RECORD and isinstance(spec.params["name"], str)
    )


def out(stack: Stack, now: datetime) -> dict[str, str]:
    """Region → why its check is unhealthy: evacuated, or judged down. Where nothing is known, it counts as healthy, as
    Route 53 counts a new check: two queries."""
    down = {code: "down" for code, verdict in rotation.health(stack, now).items() if verdict == Status.DOWN}
    return down | dict.fromkeys(evacuations.out_of_rotation(stack), "evacuated")


def blocks(stack: Stack) -> Blocks:
    """The CIDR blocks of the service, by the id of their collection and by location: one query."""
    rows = stack.resources.filter(kind=COLLECTION, state__in=evacuations.STANDS)
    return {
        row.outputs.get("id") or row.physical_id: {
            location: [ip_network(block) for block in held] for location, held in row.params["locations"].items()
        }
        for row in rows
    }
