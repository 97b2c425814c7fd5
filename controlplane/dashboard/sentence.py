"""The one sentence that a page opens with: are users served? Pure.

The worst thing that is true is the title; what is well is said plainly and tints nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from django.urls import reverse

from deployments.overview import OperationRow, ReplicaRow, ServiceRow
from regions.verdict import Status


@dataclass(frozen=True)
class Link:
    """Words that lead to a page."""

    text: str
    url: str


@dataclass(frozen=True)
class Strong:
    """Words that matter most."""

    text: str


Part: TypeAlias = str | datetime | Link | Strong


@dataclass(frozen=True)
class Sentence:
    """`status` is the shape; `tint` the ground, empty where nothing is ill."""

    status: str
    title: str
    detail: tuple[Part, ...] = ()
    tint: str = ""


def of_all(rows: Sequence[ServiceRow]) -> Sentence:
    """The overview's."""
    replicas = [replica for row in rows for replica in row.replicas]
    if not rows:
        return Sentence("unknown", "No service yet", ("A service is one manifest: functions, routes, data, regions.",))
    if not replicas:
        return Sentence("unknown", "Nothing is watched yet", (f"{_count(len(rows), 'service')}, none with a replica.",))
    dead = [row for row in rows if row.served is False]
    if dead:
        title = f"{dead[0].name} is down" if len(dead) == 1 else f"{len(dead)} services down"
        detail = ("No replica of ", *_names(dead), " answers. ", *_where(replicas, Status.DOWN))
        return Sentence("down", title, detail, "down")
    lost = _lost_regions(replicas)
    unserved = sum(row.served is None for row in rows if row.replicas)
    served = "all services served" if not unserved else f"{_count(unserved, 'service')} without a verdict"
    if lost:
        title = f"{_count(len(lost), 'region')} down, {served}"
        touched = sum(any(replica.region in lost for replica in row.replicas) for row in rows)
        detail = (f"{_count(touched, 'service')}. ", *_where(replicas, Status.DOWN))
        return Sentence("down", title, detail, "down")
    for status in (Status.DOWN, Status.DEGRADED):
        ill = [replica for replica in replicas if replica.status is status]
        if ill:
            title = f"{len(ill)} of {_count(len(replicas), 'replica')} {status}, {served}"
            return Sentence(status, title, _where(replicas, status), status)
    unknown = [replica for replica in replicas if replica.status is Status.UNKNOWN]
    if unknown:
        title = "No verdict yet" if len(unknown) == len(replicas) else f"{_of(unknown, replicas)} without a verdict"
        return Sentence("unknown", title, _where(replicas, Status.UNKNOWN), "unknown")
    return Sentence("up", _all_up(len(replicas)), (_spread(rows),))


def of_service(row: ServiceRow) -> Sentence:
    """A service's own: its name is the heading, so only the detail says how it is."""
    if row.leaving:
        return Sentence("unknown", row.name, ("It is being removed; what is left is listed below.",))
    if not row.replicas:
        said = "Not deployed yet." if row.release is None else "Released; no replica is watched yet."
        return Sentence("unknown", row.name, (said,))
    assert row.status is not None, "it has replicas"
    if row.status is Status.UP:
        return Sentence("up", row.name, (f"{_all_up(len(row.replicas))}.",))
    count = sum(replica.status is row.status for replica in row.replicas)
    word = "without a verdict" if row.status is Status.UNKNOWN else str(row.status)
    said = f"{count} of {_count(len(row.replicas), 'replica')} {word}. "
    if row.served is False:
        said = "No replica answers. "
    return Sentence(row.status, row.name, (said, *_where(row.replicas, row.status)), row.status)


def of_operation(row: OperationRow) -> Sentence:
    """An operation's: what needs a person comes first."""
    refused = row.refused
    if refused:
        first = refused[0]
        steps = f"step {first.number} needs you" if len(refused) == 1 else f"{len(refused)} steps need you"
        detail: tuple[Part, ...] = (
            "Going on, and " if row.open else "Stopped: ",
            Strong(steps),
            f": {first.error_code or 'an error'}. {_rest(row)}",
        )
        return Sentence("failed", row.title, detail, "down")
    if row.status == "failed":
        return Sentence("failed", row.title, (Strong("Failed. "), row.error), "down")
    if row.status == "succeeded":
        return Sentence("succeeded", row.title, ("Done: its plan has become empty.",))
    if row.status == "cancelled":
        return Sentence("cancelled", row.title, ("Cancelled. What was made stays; the next plan goes on from there.",))
    if row.cancel_requested:
        return Sentence("running", row.title, ("Being cancelled: steps that run are finished, the rest is not begun.",))
    if row.paused:
        return Sentence("paused", row.title, (f"{row.paused[0].upper()}{row.paused[1:]}. Nothing is begun meanwhile.",))
    if row.status == "queued":
        return Sentence("queued", row.title, ("Waiting for a worker.",))
    return Sentence("running", row.title, (_rest(row) or "Looking at the world.",))


def _rest(row: OperationRow) -> str:
    counts = row.counts
    said = [
        f"{counts['running']} running" if counts["running"] else "",
        f"{counts['waiting']} waiting" if counts["waiting"] else "",
    ]
    told = ", ".join(part for part in said if part)
    return f"{told[:1].upper()}{told[1:]}." if told else ""


def _lost_regions(replicas: Sequence[ReplicaRow]) -> set[str]:
    """Regions in which every replica is down."""
    by_region: defaultdict[str, set[Status]] = defaultdict(set)
    for replica in replicas:
        by_region[replica.region].add(replica.status)
    return {region for region, statuses in by_region.items() if statuses == {Status.DOWN}}


def _where(replicas: Sequence[ReplicaRow], status: Status) -> tuple[Part, ...]:
    """The regions where it is so, each with its earliest since; three by name."""
    first: dict[str, datetime | None] = {}
    ill = [replica for replica in replicas if replica.status is status]
    for replica in sorted(ill, key=lambda one: (one.since is None, one.since)):
        first.setdefault(replica.region, replica.since)
    said: list[Part] = []
    word = "no verdict" if status is Status.UNKNOWN else str(status)
    for region, since in list(first.items())[:3]:
        said += [*(["; "] if said else []), Link(region, reverse("region", args=[region])), f": {word}"]
        said += [" since ", since] if since else []
    if len(first) > 3:
        said.append(f"; and {len(first) - 3} more")
    return (*said, ".")


def _names(rows: Sequence[ServiceRow]) -> list[Part]:
    said: list[Part] = []
    for row in rows[:3]:
        said += [*([", "] if said else []), Link(row.name, reverse("service", args=[row.name]))]
    return [*said, f" and {len(rows) - 3} more"] if len(rows) > 3 else said


def _spread(rows: Sequence[ServiceRow]) -> str:
    regions = {replica.region for row in rows for replica in row.replicas}
    return f"{_count(len(rows), 'service')} in {_count(len(regions), 'region')}."


def _all_up(count: int) -> str:
    return "The only replica is up" if count == 1 else f"All {count} replicas up"


def _of(some: Sequence[object], every: Sequence[object]) -> str:
    return f"{len(some)} of {_count(len(every), 'replica')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
