"""Endpoints with their flips, read once for many: the health that every page shows. Two queries, whatever the number.

A verdict ends with the probes that it rests on: where no result came for two intervals and a time-out, what is read is
"unknown", even if the process that should have written so is gone. Never guesses, never writes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db.models import FloatField, Func, OuterRef, QuerySet, Subquery

from regions import models
from regions.availability import Flip
from regions.verdict import Policy, Status

WINDOW = timedelta(days=30)
"""What "measured" looks back on."""

ROUND_SLACK = timedelta(seconds=5)
"""A result is stored at the end of its round, so that it may be this late before anybody is told of silence."""


class _Row(NamedTuple):
    """What is read of an endpoint, in the order of `COLUMNS`."""

    id: int
    name: str
    region: str
    url: str
    status: str
    since: datetime | None
    why: str
    latency_ms: float | None
    error: str
    probed_at: datetime | None
    interval_s: int
    failure_threshold: int
    timeout_s: float
    status_at_start: str | None


COLUMNS = tuple("region__code" if field == "region" else field for field in _Row._fields)


# Django reads a timestamp in Python, 20 µs each; a double holds today's microseconds exactly and is read in C.
EPOCH_S = Func("at", template="EXTRACT(EPOCH FROM %(expressions)s)::float8", output_field=FloatField())
STATUSES = {status.value: status for status in Status}


@dataclass(frozen=True)
class Health:
    """How one endpoint is. `flips` are those of the window, in order, after the one that stood at its beginning."""

    endpoint_id: int
    name: str
    region: str
    url: str
    status: Status
    since: datetime | None
    why: str
    latency_ms: float | None
    error: str
    probed_at: datetime | None
    flips: tuple[Flip, ...]


def read(endpoints: QuerySet[models.Endpoint], now: datetime) -> dict[int, Health]:
    """The health of `endpoints`, by id."""
    start = now - WINDOW
    before = models.Flip.objects.filter(endpoint=OuterRef("pk"), at__lte=start).order_by("-at", "-id")
    # rows of plain values: a thousand model instances, each with its recent results, would cost most of the page's time
    found = endpoints.annotate(status_at_start=Subquery(before.values("status")[:1])).order_by().values_list(*COLUMNS)
    rows = [_Row(*row) for row in found]
    flips = _flips([row.id for row in rows], start)
    return {row.id: _health(row, flips[row.id], start, now) for row in rows}


def _flips(ids: Collection[int], start: datetime) -> defaultdict[int, list[Flip]]:
    found: defaultdict[int, list[Flip]] = defaultdict(list)
    rows = models.Flip.objects.filter(endpoint_id__in=ids, at__gt=start).order_by("at", "id").annotate(epoch_s=EPOCH_S)
    for endpoint_id, epoch_s, status in rows.values_list("endpoint_id", "epoch_s", "status"):
        found[endpoint_id].append(Flip(datetime.fromtimestamp(epoch_s, UTC), STATUSES[status]))
    return found


def _health(row: _Row, flips: list[Flip], start: datetime, now: datetime) -> Health:
    known = ([Flip(start, Status(row.status_at_start))] if row.status_at_start else []) + flips
    status, since, why = Status(row.status), row.since, row.why
    silent_from = _silent_from(row)
    if status is not Status.UNKNOWN and silent_from is not None and silent_from + ROUND_SLACK < now:
        status, since, why = Status.UNKNOWN, silent_from, "no probe has reported since"
        known.append(Flip(silent_from, Status.UNKNOWN))
    return Health(
        endpoint_id=row.id,
        name=row.name,
        region=row.region,
        url=row.url,
        status=status,
        since=since,
        why=why,
        latency_ms=row.latency_ms,
        error=row.error,
        probed_at=row.probed_at,
        flips=tuple(known),
    )


def _silent_from(row: _Row) -> datetime | None:
    if row.probed_at is None:
        return row.since
    return row.probed_at + Policy(row.interval_s, row.failure_threshold, row.timeout_s).silence
