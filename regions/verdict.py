"""Judge: recent probe results → up, degraded, down or unknown, with hysteresis. Pure: time is an argument.

Sits between the probe (which observes) and the flips (which are stored). Never probes, stores or changes routing.

    from \\ seen     first failure   threshold failures   1 good          3 good    silence
    up              degraded        down                 –               up        unknown
    degraded        degraded        down                 degraded        up        unknown
    down            down            down                 down            up        unknown
    unknown         unknown         down                 up, or unknown  up        unknown
                                                         if it was down

"up" reads "degraded" throughout while the latency objective is missed. A run of results is broken by silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from math import ceil

GOOD_TO_RECOVER = 3
LATENCY_WINDOW = timedelta(minutes=5)
UNCERTAIN_INTERVAL_S = 2.0


class Status(StrEnum):
    """How a replica is, as far as its probes can tell."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Result:
    """One probe, finished at `at` (an aware datetime). `error` says in a few words why it was not `ok`."""

    at: datetime
    ok: bool
    latency_ms: float | None = None
    error: str = ""


@dataclass(frozen=True)
class Policy:
    """What a replica is held to. `latency_objective_ms`: 95 of 100 good probes must be as quick, None: no matter."""

    interval_s: float
    failure_threshold: int
    timeout_s: float
    latency_objective_ms: float | None = None

    @property
    def silence(self) -> timedelta:
        """After so long without a result nothing is known any more."""
        return timedelta(seconds=2 * self.interval_s + self.timeout_s)


@dataclass(frozen=True)
class Verdict:
    """How a replica is, since when, and why, in a sentence for operators.

    `judged_to`: time of the newest result in this verdict. `last_known`: the status before it became unknown.
    Both must be stored with the verdict and handed in again; `last_known` is also the status of the flip before.
    """

    status: Status
    since: datetime
    why: str
    judged_to: datetime | None = None
    last_known: Status | None = None


def never_probed(at: datetime) -> Verdict:
    """The verdict to begin with."""
    return Verdict(Status.UNKNOWN, at, "not polled yet")


def judge(previous: Verdict, results: Sequence[Result], now: datetime, policy: Policy) -> Verdict:
    """The verdict at `now`, given the one before and the recent results.

    `results` in any order, reaching back over the last 5 minutes and the last `failure_threshold` (at least 3) results;
    those up to `previous.judged_to` are history, the newer ones are judged one by one: one call over many results and
    a call after each say the same.
    """
    verdict, history = previous, _until(results, now)
    for position, result in enumerate(history):
        if previous.judged_to is None or result.at > previous.judged_to:
            verdict = _after_silence(verdict, result.at, policy)
            verdict = replace(_after(verdict, history[: position + 1], policy), judged_to=result.at)
    return _after_silence(verdict, now, policy)


def next_probe_in_s(verdict: Verdict, results: Sequence[Result], policy: Policy) -> float:
    """Seconds from the last result to the next probe: the interval, but 2 s while the verdict is not certain.

    Uncertain is the time from a first failure until the threshold or three good results are reached.
    """
    recent = _until(results, verdict.judged_to) if verdict.judged_to else []
    failed, good = _run(recent, policy, ok=False), _run(recent, policy, ok=True)
    failing = 0 < len(failed) < policy.failure_threshold and verdict.status is not Status.DOWN
    recovering = 0 < len(good) < GOOD_TO_RECOVER and verdict.status is not Status.UP
    return min(policy.interval_s, UNCERTAIN_INTERVAL_S) if failing or recovering else policy.interval_s


def _after(verdict: Verdict, history: Sequence[Result], policy: Policy) -> Verdict:
    """The verdict once the last result of `history` is known."""
    if not history[-1].ok:
        return _after_failure(verdict, _run(history, policy, ok=False), policy)
    return _after_good(verdict, _run(history, policy, ok=True), _slowness(history, policy))


def _after_failure(verdict: Verdict, failed: Sequence[Result], policy: Policy) -> Verdict:
    why = (
        f"{len(failed)} of {max(len(failed), policy.failure_threshold)} polls failed "
        f"since {_clock(failed[0].at)}: {failed[-1].error or 'no reason given'}"
    )
    if len(failed) >= policy.failure_threshold:
        return _turned(verdict, Status.DOWN, failed[-1].at, why)
    if verdict.status in (Status.DOWN, Status.UNKNOWN):
        return replace(verdict, why=why)
    return _turned(verdict, Status.DEGRADED, failed[-1].at, why)


def _after_good(verdict: Verdict, good: Sequence[Result], slowness: str) -> Verdict:
    # A replica not known to have been down is up at its first answer: there is no illness to recover from, and a new
    # region would otherwise be unknown for three polls in which it serves.
    was_down = Status.DOWN in (verdict.status, verdict.last_known)
    recovering = verdict.status is Status.DEGRADED or was_down
    if recovering and len(good) < GOOD_TO_RECOVER:
        why = f"{len(good)} of {GOOD_TO_RECOVER} good polls since {_clock(good[0].at)}, then up"
        return replace(verdict, why=why)
    if slowness:
        return _turned(verdict, Status.DEGRADED, good[-1].at, slowness)
    return _turned(verdict, Status.UP, good[-1].at, "polls are answered")


def _after_silence(verdict: Verdict, now: datetime, policy: Policy) -> Verdict:
    if verdict.judged_to is None or now - verdict.judged_to <= policy.silence:
        return verdict
    why = f"no result since {_clock(verdict.judged_to)}, longer than {policy.silence.total_seconds():g} s"
    return _turned(verdict, Status.UNKNOWN, verdict.judged_to + policy.silence, why)


def _turned(verdict: Verdict, status: Status, at: datetime, why: str) -> Verdict:
    """`since` stays where the status stays; only unknown remembers what was known before it."""
    if status is verdict.status:
        return replace(verdict, why=why)
    last_known = verdict.status if status is Status.UNKNOWN else None
    return replace(verdict, status=status, since=at, why=why, last_known=last_known)


def _run(history: Sequence[Result], policy: Policy, *, ok: bool) -> list[Result]:
    """The unbroken run of results at the end that are all `ok` (or all not), oldest first; silence breaks it."""
    run: list[Result] = []
    for result in takewhile(lambda result: result.ok is ok, reversed(history)):
        if run and run[-1].at - result.at > policy.silence:
            break
        run.append(result)
    return run[::-1]


def _slowness(history: Sequence[Result], policy: Policy) -> str:
    """Why the last 5 minutes miss the latency objective; empty where they don't, or there is none.

    One slow answer alone never counts, though with fewer than 20 it is the p95: a first call is cold.
    """
    if policy.latency_objective_ms is None:
        return ""
    since = history[-1].at - LATENCY_WINDOW
    recent = [result for result in history if result.ok and result.at > since]
    taken = sorted(result.latency_ms for result in recent if result.latency_ms is not None)
    slow = sum(latency_ms > policy.latency_objective_ms for latency_ms in taken)
    if slow < 2:
        return ""
    p95 = taken[ceil(len(taken) * 0.95) - 1]
    if p95 <= policy.latency_objective_ms:
        return ""
    return f"p95 of 5 min is {p95:.0f} ms, over the objective of {policy.latency_objective_ms:g} ms"


def _until(results: Sequence[Result], now: datetime) -> list[Result]:
    return sorted((result for result in results if result.at <= now), key=lambda result: result.at)


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S} UTC"
