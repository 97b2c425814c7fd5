"""Probe results become a verdict with hysteresis; one by one or many at once, it is the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regions.verdict import GOOD_TO_RECOVER, Policy, Result, Status, Verdict, judge, never_probed, next_probe_in_s

UP, DEGRADED, DOWN, UNKNOWN = Status.UP, Status.DEGRADED, Status.DOWN, Status.UNKNOWN
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
POLICY = Policy(interval_s=10, failure_threshold=3, timeout_s=3)
QUICK = replace(POLICY, latency_objective_ms=100)
NEW = never_probed(NOON)
WORDS = {"u": UP, "g": DEGRADED, "d": DOWN, "?": UNKNOWN}


def at(second: float) -> datetime:
    """Seconds after noon."""
    return NOON + timedelta(seconds=second)


def polls(marks: str, every_s: float = 10, first_s: float = 10) -> list[Result]:
    """`.` a good poll, `x` a failed one, a blank where none came."""
    return [
        Result(at(first_s + every_s * turn), mark == ".", 20.0, "" if mark == "." else "connection timed out")
        for turn, mark in enumerate(marks)
        if mark != " "
    ]


def step_by_step(results: list[Result], policy: Policy = POLICY, verdict: Verdict = NEW) -> list[Verdict]:
    """The verdict after each result, judged as soon as it comes."""
    verdicts = []
    for count, result in enumerate(results, start=1):
        verdict = judge(verdict, results[:count], result.at, policy)
        verdicts.append(verdict)
    return verdicts


unhurried = settings(deadline=None)
"""A busy machine is no defect of the code: properties have no deadline."""

result_lists = st.lists(
    st.tuples(st.sampled_from([0.5, 2, 10, 12, 23, 24, 90]), st.booleans(), st.sampled_from([None, 20.0, 99.0, 500.0])),
    max_size=30,
).map(
    lambda rows: [
        Result(at(sum(gap for gap, _, _ in rows[: turn + 1])), ok, latency, "" if ok else "refused")
        for turn, (_, ok, latency) in enumerate(rows)
    ]
)
policies = st.builds(
    Policy,
    interval_s=st.just(10.0),
    failure_threshold=st.integers(2, 4),
    timeout_s=st.just(3.0),
    latency_objective_ms=st.sampled_from([None, 100.0]),
)


@pytest.mark.parametrize(
    ("results", "verdicts"),
    [
        (".", "u"),
        ("...", "uuu"),
        (".x.", "ugg"),
        (".x...", "ugggu"),
        (".xx...", "uggggu"),
        (".xxx", "uggd"),
        (".xxx..", "uggddd"),
        (".xxx...", "uggdddu"),
        (".xxx..x...", "uggddddddu"),
        (".x.x.xx", "ugggggg"),
        (".x.x.xxx", "ugggggg" + "d"),
        ("x", "?"),
        ("xx.", "??u"),
        ("xxx", "??d"),
        ("xxx...", "??dddu"),
        ("xxx    .", "??d?"),
        ("xxx    ...", "??d??u"),
        ("xxx    xx.", "??d???"),
        ("xxx    xxx", "??d??d"),
        (".x    .", "ugu"),
        (".x    xx.", "ug??u"),
        (".xx    x", "ugg?"),
        ("..    .", "uuu"),
    ],
)
def test_verdicts_one_by_one(results: str, verdicts: str) -> None:
    """`.` good, `x` failed, blanks silence → u up, g degraded, d down, ? unknown; threshold 3."""
    assert [verdict.status for verdict in step_by_step(polls(results))] == [WORDS[letter] for letter in verdicts]


def test_a_threshold_of_one_is_down_at_once() -> None:
    """Who asks for it gets it: there is no degraded by failure then."""
    verdicts = step_by_step(polls(".x..."), replace(POLICY, failure_threshold=1))
    assert [verdict.status for verdict in verdicts] == [UP, DOWN, DOWN, DOWN, UP]


def test_down_says_how_many_since_when_and_why() -> None:
    """The sentence that an operator reads at night."""
    verdict = step_by_step(polls(".xxx", first_s=180))[-1]
    assert verdict == Verdict(
        status=DOWN,
        since=at(210),
        why="3 of 3 polls failed since 12:03:10 UTC: connection timed out",
        judged_to=at(210),
    )


@pytest.mark.parametrize(
    ("results", "why"),
    [
        ("", "not polled yet"),
        (".", "polls are answered"),
        (".x", "1 of 3 polls failed since 12:00:20 UTC: connection timed out"),
        ("x", "1 of 3 polls failed since 12:00:10 UTC: connection timed out"),
        (".xxxxx", "5 of 5 polls failed since 12:00:20 UTC: connection timed out"),
        (".xxx..", "2 of 3 good polls since 12:00:50 UTC, then up"),
        (".x.", "1 of 3 good polls since 12:00:30 UTC, then up"),
    ],
)
def test_why_in_words(results: str, why: str) -> None:
    """Every verdict has its sentence."""
    assert [NEW, *step_by_step(polls(results))][-1].why == why


def test_a_failure_without_a_reason_says_so() -> None:
    """Never a sentence that ends in a colon."""
    verdict = judge(NEW, [Result(at(1), ok=False)], at(1), POLICY)
    assert verdict.why == "1 of 3 polls failed since 12:00:01 UTC: no reason given"


def test_times_are_told_in_utc() -> None:
    """Whatever zone the result came in."""
    kyiv = timezone(timedelta(hours=2))
    assert "since 12:00:01 UTC" in judge(NEW, [Result(at(1).astimezone(kyiv), ok=False)], at(1), POLICY).why


def test_silence_is_unknown_after_two_intervals_and_a_time_out() -> None:
    """Since the moment when it became so, not since somebody looked."""
    up = step_by_step(polls("."))[-1]
    assert judge(up, [], at(33), POLICY) == up
    assert judge(up, [], at(500), POLICY) == Verdict(
        status=UNKNOWN,
        since=at(33),
        why="no result since 12:00:10 UTC, longer than 23 s",
        judged_to=at(10),
        last_known=UP,
    )


def test_a_gap_between_results_is_unknown_time_though_nobody_looked() -> None:
    """The worker was away for a minute: its first result begins anew."""
    verdict = judge(NEW, polls(".       ."), at(90), POLICY)
    assert (verdict.status, verdict.since) == (UP, at(90))


def test_failures_with_silence_between_them_never_add_up() -> None:
    """24 s apart is longer than two intervals and a time-out: each is a first failure."""
    verdicts = step_by_step(polls("xxxxx", every_s=24))
    assert {verdict.why[:6] for verdict in verdicts} == {"1 of 3"}
    assert {verdict.status for verdict in verdicts} == {UNKNOWN}


def test_a_status_that_stays_keeps_its_since() -> None:
    """Up since the first good poll, not since the last."""
    assert {verdict.since for verdict in step_by_step(polls("....."))} == {at(10)}


def test_results_of_the_future_are_not_judged() -> None:
    """`now` is the end of the world that this verdict knows."""
    assert judge(NEW, polls("...xxx"), at(30), POLICY).status is UP


@pytest.mark.parametrize(
    ("latencies_ms", "status"),
    [
        ([500], UP),
        ([20, 500, 20], UP),
        ([500, 20, 500], DEGRADED),
        ([101, 101], DEGRADED),
        ([100, 100], UP),
        ([20] * 26 + [500], UP),
        ([20] * 25 + [500, 500], DEGRADED),
        ([500, 500] + [20] * 29, UP),
    ],
)
def test_degraded_when_the_p95_of_five_minutes_is_too_slow(latencies_ms: list[float], status: Status) -> None:
    """One slow answer alone never counts; what is older than five minutes is forgotten."""
    results = [Result(at(10 * turn), True, latency_ms) for turn, latency_ms in enumerate(latencies_ms)]
    assert step_by_step(results, QUICK)[-1].status is status


def test_two_slow_answers_among_forty_are_within_the_p95() -> None:
    """Five of a hundred may be slow."""
    latencies_ms = [500.0, 500.0] + [20.0] * 38
    results = [Result(at(2 * turn), True, latency_ms) for turn, latency_ms in enumerate(latencies_ms)]
    statuses = [verdict.status for verdict in step_by_step(results, QUICK)]
    assert statuses == [UP] + [DEGRADED] * 38 + [UP]


def test_slow_says_by_how_much() -> None:
    """Both numbers of the comparison."""
    results = [Result(at(1), True, 412.4), Result(at(2), True, 300)]
    assert judge(NEW, results, at(2), QUICK).why == "p95 of 5 min is 412 ms, over the objective of 100 ms"


def test_a_failed_poll_has_no_latency_and_an_unmeasured_one_counts_for_nothing() -> None:
    """Time-outs are failures, not slow answers."""
    slow_failures = [Result(at(turn), False, 3000, "timed out") for turn in (1, 2)]
    results = [*slow_failures, Result(at(3), True, None), Result(at(4), True, 20)]
    assert step_by_step(results, QUICK)[-1].status is UP


@pytest.mark.parametrize(
    ("results", "seconds"),
    [
        ("", 10),
        (".", 10),
        (".x", 2),
        (".xx", 2),
        (".xxx", 10),
        (".xxx.", 2),
        (".xxx..", 2),
        (".xxx...", 10),
        (".xxx.x", 10),
        (".x.", 2),
        (".x...", 10),
        ("x", 2),
        ("xxx", 10),
        ("xxx    .", 2),
    ],
)
def test_an_uncertain_verdict_is_probed_again_soon(results: str, seconds: float) -> None:
    """Every 2 s from a first failure until the threshold, and until three good ones."""
    history = polls(results)
    assert next_probe_in_s([NEW, *step_by_step(history)][-1], history, POLICY) == seconds


def test_an_interval_shorter_than_two_seconds_is_kept() -> None:
    """Being uncertain never slows the polling down."""
    policy = replace(POLICY, interval_s=1)
    history = polls(".x", every_s=1)
    assert next_probe_in_s(step_by_step(history, policy)[-1], history, policy) == 1


@unhurried
@given(result_lists, policies)
def test_up_and_down_are_never_one_result_apart(results: list[Result], policy: Policy) -> None:
    """From up to down takes the threshold, from down to up three good ones."""
    verdicts = [NEW, *step_by_step(results, policy)]
    assert not {(a.status, b.status) for a, b in pairwise(verdicts)} & {(UP, DOWN)}
    for turn, (before, after) in enumerate(pairwise(verdicts)):
        if before.status is DOWN and after.status in (UP, DEGRADED):
            assert [result.ok for result in results[turn - 2 : turn + 1]] == [True] * GOOD_TO_RECOVER
        if before.status is not DOWN and after.status is DOWN:
            last = results[turn + 1 - policy.failure_threshold : turn + 1]
            assert [result.ok for result in last] == [False] * policy.failure_threshold


@unhurried
@given(result_lists, policies)
def test_time_goes_forward(results: list[Result], policy: Policy) -> None:
    """`since` never moves back, never lies in the future, and moves exactly when the status does."""
    for before, after in pairwise([NEW, *step_by_step(results, policy)]):
        assert after.judged_to is not None
        assert before.since <= after.since <= after.judged_to
        if before.since == after.since:
            assert before.status is after.status or before is NEW


@unhurried
@given(result_lists, policies, st.integers(0, 30))
def test_many_at_once_are_judged_as_one_by_one(results: list[Result], policy: Policy, cut: int) -> None:
    """However the results are divided over calls, and in whatever order they lie."""
    now = at(10_000)
    first = judge(NEW, results[:cut], results[:cut][-1].at if results[:cut] else NOON, policy)
    in_two = judge(first, results[::-1], now, policy)
    one_by_one = judge([NEW, *step_by_step(results, policy)][-1], results, now, policy)
    assert in_two == one_by_one == judge(NEW, results, now, policy)


@unhurried
@given(result_lists, policies)
def test_judging_again_changes_nothing(results: list[Result], policy: Policy) -> None:
    """The same results at the same time give the same verdict: a poll task may run twice."""
    for count, verdict in enumerate(step_by_step(results, policy), start=1):
        assert judge(verdict, results[:count], results[count - 1].at, policy) == verdict


@unhurried
@given(result_lists, policies)
def test_what_is_down_or_was_down_needs_three_good_polls(results: list[Result], policy: Policy) -> None:
    """Silence does not heal: after it, a replica that was down is unknown until it has proved itself."""
    for turn, (before, after) in enumerate(pairwise([NEW, *step_by_step(results, policy)])):
        was_down = DOWN in (before.status, before.last_known)
        if was_down and after.status in (UP, DEGRADED):
            assert all(result.ok for result in results[turn + 1 - GOOD_TO_RECOVER : turn + 1])
