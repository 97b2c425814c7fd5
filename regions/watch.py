"""Watch: one round over the endpoints that are due. The shell around the probe and the verdict; changes nothing in AWS.

    silence → claim → probe → judge → store, with a Flip for each turn

A claim moves `next_probe_at` on by one UPDATE, so nothing is probed twice, and rounds may overlap in as many workers as
like. A worker that dies loses its round; its endpoints are due again after their interval. The claim is also the
fence: a result is stored only while `next_probe_at` still is what the claim made it, so that one that comes too late,
or belongs to a configuration that has been changed since, is dropped.

A round takes what is due within the next second and probes each on time: thus beat's second is no delay, and as each
endpoint has a place of its own within its interval, rounds are even.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import floor
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Value

from regions import models
from regions.probe import Target, probe_together
from regions.verdict import (
    GOOD_TO_RECOVER,
    LATENCY_WINDOW,
    Policy,
    Result,
    Status,
    Verdict,
    judge,
    never_probed,
    next_probe_in_s,
)

HORIZON_S = 1.0  # as often as beat starts a round
MOST_A_ROUND = 1000
MOST_RECENT = 160  # 5 minutes of a probe each 2 s, and some
GRACE_S = 2.0  # from the last time-out of a round until its results are stored

Prober = Callable[[Sequence[Target]], Sequence[Result]]

log = structlog.get_logger()


@dataclass(frozen=True)
class Claim:
    """One endpoint that this round probes. `until`: what the claim set `next_probe_at` to; `due`: what it was."""

    endpoint_id: int
    target: Target
    due: datetime | None
    until: datetime


@dataclass(frozen=True)
class Turn:
    """A verdict that turned."""

    endpoint_id: int
    name: str
    region: str
    was: Status
    status: Status
    at: datetime
    why: str


@dataclass(frozen=True)
class Round:
    """What a round did. `dropped`: results that were no longer wanted when they came."""

    probed: int
    failed: int
    dropped: int
    turns: tuple[Turn, ...]


def run_round(now: datetime, *, prober: Prober = probe_together) -> Round:
    """Probe what is due up to `now` + 1 s, and call unknown what has been silent for too long.

    Takes at most 1 s + the longest time-out; at most 7 queries, whatever the number of endpoints.
    """
    turns = _call_the_silent(now)
    claims = _claim(now)
    if not claims:
        return Round(0, 0, 0, turns)
    results = prober([claim.target for claim in claims])
    stored, turned = _store(claims, results)
    failed = sum(not result.ok for result in results)
    return Round(len(claims), failed, len(claims) - stored, (*turns, *turned))


_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id, next_probe_at FROM regions_endpoint
    WHERE enabled AND (next_probe_at IS NULL OR next_probe_at <= %(to)s)
    ORDER BY next_probe_at NULLS FIRST
    LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
)
UPDATE regions_endpoint AS endpoint
SET next_probe_at = %(now)s + make_interval(secs => greatest(interval_s, %(horizon_s)s + timeout_s + %(grace_s)s))
FROM due WHERE endpoint.id = due.id
RETURNING endpoint.id, url, connect_to, timeout_s, due.next_probe_at, endpoint.next_probe_at,
    EXISTS (SELECT FROM regions_account AS a WHERE a.id = endpoint.account_id AND a.endpoint_url <> '')
"""


def _claim(now: datetime) -> list[Claim]:
    """The endpoints of this round, those most overdue first; from now on no other round takes them."""
    given: dict[str, datetime | float] = {
        "now": now,
        "to": now + timedelta(seconds=HORIZON_S),
        "most": MOST_A_ROUND,
        "horizon_s": HORIZON_S,
        "grace_s": GRACE_S,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, given)
        rows = cursor.fetchall()
    claims = [
        Claim(
            endpoint_id,
            Target(url, connect_to, timeout_s, may_be_private=local, after_s=_seconds(due - now) if due else 0.0),
            due,
            until,
        )
        for endpoint_id, url, connect_to, timeout_s, due, until, local in rows
    ]
    return sorted(claims, key=lambda claim: claim.target.after_s)


def _store(claims: Sequence[Claim], results: Sequence[Result]) -> tuple[int, tuple[Turn, ...]]:
    """Judge each result by the endpoint as it is now, and save both; how many were, and what turned."""
    come = {claim.endpoint_id: (claim, result) for claim, result in zip(claims, results, strict=True)}
    with transaction.atomic():
        rows = [row for row in _locked(pk__in=list(come)) if row.next_probe_at == come[row.pk][0].until]
        turns = [turn for row in rows for turn in _judge(row, *come[row.pk])]
        _save(rows, turns)
    _tell(turns)
    return len(rows), tuple(turns)


def _call_the_silent(now: datetime) -> tuple[Turn, ...]:
    """Nobody has asked them for two intervals and a time-out: from then on, nothing is known of them."""
    second = Value(timedelta(seconds=1), output_field=DurationField())
    silence = ExpressionWrapper((F("interval_s") * 2 + F("timeout_s")) * second, output_field=DurationField())
    with transaction.atomic():
        silent = models.Endpoint.objects.exclude(status=Status.UNKNOWN).filter(
            probed_at__lt=ExpressionWrapper(Value(now) - silence, output_field=DateTimeField())
        )
        rows = list(silent.select_related("region").select_for_update(skip_locked=True, of=("self",)).order_by("pk"))
        turns = [turn for row in rows for turn in _apply(row, judge(_verdict(row), [], now, _policy(row)))]
        _save(rows, turns)
    _tell(turns)
    return tuple(turns)


def _locked(**which: Any) -> Iterable[models.Endpoint]:
    rows = models.Endpoint.objects.select_related("region").filter(**which).order_by("pk")
    return rows.select_for_update(of=("self",))


def _judge(row: models.Endpoint, claim: Claim, result: Result) -> list[Turn]:
    """Bring the row to what it is with this result, and say when the next one is due. In memory."""
    policy = _policy(row)
    # `recent` keeps milliseconds; one that came out later than the time judged to would be judged a second time.
    result = replace(result, at=result.at.replace(microsecond=result.at.microsecond // 1000 * 1000))
    before = [_result(each) for each in row.recent]
    # First without it: silence before this result is a turn of its own.
    turns = _apply(row, judge(_verdict(row), before, result.at, policy))
    after = _trimmed([*before, result], policy)
    verdict = judge(_verdict(row), after, result.at, policy)
    turns += _apply(row, verdict)
    row.probed_at = verdict.judged_to
    row.recent = [[each.at.timestamp(), each.ok, each.latency_ms, each.error] for each in after]
    row.latency_ms, row.error = result.latency_ms, result.error[:500]
    row.next_probe_at = _next_probe_at(
        row, max(result.at, claim.due or result.at), next_probe_in_s(verdict, after, policy)
    )
    return turns


def _apply(row: models.Endpoint, verdict: Verdict) -> list[Turn]:
    """The verdict into the row; the turn, if it is one."""
    was = Status(row.status)
    row.status, row.since, row.why = verdict.status, verdict.since, verdict.why[:500]
    row.last_known = verdict.last_known or ""
    if verdict.status is was:
        return []
    return [Turn(row.pk, row.name, row.region.code, was, verdict.status, verdict.since, row.why)]


def _next_probe_at(row: models.Endpoint, last: datetime, in_s: float) -> datetime:
    """In a hurry: so many seconds after the last. Else the endpoint's own place within the next interval.

    Places follow the golden ratio, which spreads consecutive ids evenly whatever their number.
    """
    if in_s < row.interval_s:
        return last + timedelta(seconds=in_s)
    place_s = row.pk * 0.6180339887498949 % 1 * row.interval_s
    intervals = floor((last.timestamp() - place_s) / row.interval_s) + 1
    return datetime.fromtimestamp(intervals * row.interval_s + place_s, UTC)


def _trimmed(results: Sequence[Result], policy: Policy) -> list[Result]:
    """What the next verdict needs: 5 minutes, and what the threshold counts."""
    needed = max(policy.failure_threshold, GOOD_TO_RECOVER)
    since = results[-1].at - LATENCY_WINDOW
    of_the_window = sum(result.at > since for result in results)
    return list(results[-min(max(of_the_window, needed), MOST_RECENT) :])


_SAVE = """
UPDATE regions_endpoint AS endpoint
SET status = new.status, last_known = new.last_known, since = new.since, why = new.why, latency_ms = new.latency_ms,
    error = new.error, probed_at = new.probed_at, next_probe_at = new.next_probe_at, recent = new.recent
FROM jsonb_to_recordset(%s::jsonb) AS new (
    id bigint, status text, last_known text, since timestamptz, why text, latency_ms float8, error text,
    probed_at timestamptz, next_probe_at timestamptz, recent jsonb)
WHERE endpoint.id = new.id
"""
_SAVED = (
    "id",
    "status",
    "last_known",
    "since",
    "why",
    "latency_ms",
    "error",
    "probed_at",
    "next_probe_at",
    "recent",
)


def _save(rows: Sequence[models.Endpoint], turns: Sequence[Turn]) -> None:
    """All rows at once, as one JSON text: bulk_update takes many times as long, and psycopg quotes arrays slowly."""
    if not rows:
        return
    stored = [{name: getattr(row, name) for name in _SAVED} for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, [json.dumps(stored, default=datetime.isoformat)])
    models.Flip.objects.bulk_create(
        models.Flip(endpoint_id=turn.endpoint_id, at=turn.at, status=turn.status, why=turn.why) for turn in turns
    )


def _tell(turns: Iterable[Turn]) -> None:
    for turn in turns:
        log.info(
            "endpoint.flipped",
            endpoint_id=turn.endpoint_id,
            name=turn.name,
            region=turn.region,
            was=turn.was.value,
            status=turn.status.value,
            at=turn.at.isoformat(),
            why=turn.why,
        )


def _policy(row: models.Endpoint) -> Policy:
    return Policy(row.interval_s, row.failure_threshold, row.timeout_s, row.latency_objective_ms)


def _verdict(row: models.Endpoint) -> Verdict:
    if row.since is None:
        return never_probed(row.created_at)
    last_known = Status(row.last_known) if row.last_known else None
    return Verdict(Status(row.status), row.since, row.why, row.probed_at, last_known)


def _result(stored: Sequence[Any]) -> Result:
    at, ok, latency_ms, error = stored
    return Result(datetime.fromtimestamp(at, UTC), ok, latency_ms, error)


def _seconds(span: timedelta) -> float:
    return span.total_seconds()
