"""Rounds: who is probed when, what is stored, and how soon an operator knows. Against PostgreSQL, in simulated time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import structlog
import trustme
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from regions import flips, watch
from regions.models import Account, Endpoint, Flip, Region
from regions.probe import Target
from regions.verdict import Result
from regions.watch import Round, run_round
from tests.regions.origin import HOST, running, write_ca

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
URL = "https://eu-central-1.kv.example.test/health"

# what a probe that is started `at` meets: how long it takes, and the error ("": none)
Behaviour = Callable[[datetime], tuple[float, str]]


def well(_: datetime) -> tuple[float, str]:
    return 0.02, ""


def ill(_: datetime) -> tuple[float, str]:
    return 0.0, "status 503"


def hangs(_: datetime) -> tuple[float, str]:
    return 3.0, "timed out after 3 s"


@dataclass
class World:
    """Beat and its workers in simulated time: a round begins each second, and takes as long as its slowest probe."""

    now: datetime = START
    behaviour: Behaviour = well
    asked: list[tuple[datetime, str]] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)

    def probe(self, targets: Sequence[Target]) -> list[Result]:
        results = []
        for target in targets:
            at = self.now + timedelta(seconds=max(0.0, target.after_s))
            self.asked.append((at, target.url))
            takes_s, error = self.behaviour(at)
            latency_ms = None if error else takes_s * 1000
            results.append(Result(at + timedelta(seconds=takes_s), not error, latency_ms, error))
        return results

    def round(self) -> Round:
        done = run_round(self.now, prober=self.probe)
        self.rounds.append(done)
        return done

    def run(self, seconds: float) -> None:
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            self.round()
            self.now += timedelta(seconds=1)


@pytest.fixture
def world() -> World:
    return World()


def watched(url: str = URL, **fields: Any) -> Endpoint:
    region, _ = Region.objects.get_or_create(code="eu-central-1")
    return Endpoint.objects.create(region=region, url=url, name="keyvalue", **fields)


def history(endpoint: Endpoint) -> list[tuple[str, float]]:
    """Its flips: status, and seconds from the start."""
    return [(flip.status, round((flip.at - START).total_seconds(), 3)) for flip in endpoint.flips.all()]


def test_a_new_endpoint_is_probed_at_once_and_up_with_its_first_answer(world: World) -> None:
    endpoint = watched()

    done = world.round()

    endpoint.refresh_from_db()
    assert (done.probed, done.failed, done.dropped) == (1, 0, 0)
    assert (endpoint.status, endpoint.latency_ms, endpoint.error) == ("up", 20.0, "")
    assert endpoint.probed_at == endpoint.since == START + timedelta(seconds=0.02)
    assert endpoint.recent == [[endpoint.probed_at.timestamp(), True, 20.0, ""]]
    assert history(endpoint) == [("up", 0.02)]


def test_a_well_endpoint_is_asked_each_interval_and_never_between(world: World) -> None:
    watched(interval_s=10)

    world.run(120)

    times = [at for at, _ in world.asked]
    gaps = [round((later - earlier).total_seconds(), 6) for earlier, later in pairwise(times)]
    assert 0 < gaps[0] <= 10  # from the first answer to its own place within the interval
    assert 9 <= gaps[1] <= 10  # a place within the first second was met by the round after it
    assert set(gaps[2:]) == {10.0}


def test_endpoints_of_one_interval_are_spread_over_it(world: World) -> None:
    for number in range(100):
        watched(f"{URL}?{number}", interval_s=10)

    world.run(10)
    world.rounds.clear()
    world.run(10)

    assert sum(done.probed for done in world.rounds) == 100
    assert all(8 <= done.probed <= 12 for done in world.rounds)


def test_a_disabled_endpoint_is_left_alone(world: World) -> None:
    watched(enabled=False)

    assert world.round() == Round(0, 0, 0, ())


@pytest.mark.parametrize(("fault", "within_s"), [(ill, 14.0), (hangs, 23.0)])
@pytest.mark.parametrize("dies_after_s", [60.02, 63.0, 66.5, 69.9])
def test_a_region_that_dies_is_red_within_30_s(
    world: World, fault: Behaviour, within_s: float, dies_after_s: float
) -> None:
    """Interval 10, threshold 3: ≤ 10 s to the next probe, then two more 2 s after the last; each may hang for 3 s.

    10 + 2 + 2 = 14 s where it refuses, 10 + 3 + 2 + 3 + 2 + 3 = 23 s where it hangs; a round that hangs ends with it.
    """
    endpoint = watched(interval_s=10, failure_threshold=3)
    dead_from = START + timedelta(seconds=dies_after_s)
    world.behaviour = lambda at: fault(at) if at >= dead_from else well(at)

    world.run(120)

    up, degraded, down = endpoint.flips.all()
    assert (up.status, degraded.status, down.status) == ("up", "degraded", "down")
    assert dead_from < degraded.at < down.at
    assert (down.at - dead_from).total_seconds() <= within_s
    endpoint.refresh_from_db()
    assert (endpoint.status, endpoint.since) == ("down", down.at)


def test_a_single_failure_degrades_until_three_good_ones(world: World) -> None:
    endpoint = watched(interval_s=10)
    world.run(30)
    failed_at: list[datetime] = []

    def once(at: datetime) -> tuple[float, str]:
        if failed_at:
            return well(at)
        failed_at.append(at)
        return ill(at)

    world.behaviour = once
    world.run(40)

    _, degraded, up = endpoint.flips.all()
    assert (degraded.status, up.status) == ("degraded", "up")
    assert abs(degraded.at - failed_at[0]) < timedelta(seconds=0.001)
    assert abs(up.at - degraded.at - 3 * timedelta(seconds=2.02)) < timedelta(seconds=0.001)


def test_it_comes_back_with_its_third_good_answer(world: World) -> None:
    endpoint = watched(interval_s=10, failure_threshold=3)
    world.run(20)
    world.behaviour = ill
    world.run(40)
    well_from = world.now
    world.behaviour = well
    world.run(40)

    last = endpoint.flips.latest("at")
    assert [status for status, _ in history(endpoint)] == ["up", "degraded", "down", "up"]
    assert (last.at - well_from).total_seconds() <= 10 + 2 * 2.02 + 0.02


def test_silence_is_unknown_from_when_it_became_too_long(world: World) -> None:
    """Nobody runs rounds for two minutes, then somebody does: the time between is unknown, not up."""
    endpoint = watched(interval_s=10, timeout_s=3.0)
    world.round()
    world.now += timedelta(seconds=120)

    turns = world.round().turns

    assert [(turn.was, turn.status) for turn in turns] == [("up", "unknown"), ("unknown", "up")]
    assert history(endpoint) == [("up", 0.02), ("unknown", 23.02), ("up", 120.02)]


def test_what_was_down_before_the_silence_must_recover(world: World) -> None:
    endpoint = watched(interval_s=10, failure_threshold=3)
    world.behaviour = ill
    world.run(10)
    world.now += timedelta(seconds=120)
    world.behaviour = well
    world.round()

    endpoint.refresh_from_db()
    assert (endpoint.status, endpoint.last_known) == ("unknown", "down")
    world.run(10)
    endpoint.refresh_from_db()
    assert (endpoint.status, endpoint.last_known) == ("up", "")


def test_an_endpoint_that_is_disabled_becomes_unknown(world: World) -> None:
    endpoint = watched(interval_s=10)
    world.round()
    Endpoint.objects.update(enabled=False)

    world.run(30)

    assert history(endpoint) == [("up", 0.02), ("unknown", 23.02)]


def test_while_a_round_runs_no_other_takes_its_endpoints(world: World) -> None:
    watched()
    second: list[Round] = []

    def meanwhile(targets: Sequence[Target]) -> list[Result]:
        second.append(run_round(world.now, prober=world.probe))
        return world.probe(targets)

    first = run_round(world.now, prober=meanwhile)

    assert (first.probed, second[0].probed) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_rounds_of_many_workers_probe_each_endpoint_once(world: World) -> None:
    for number in range(40):
        watched(f"{URL}?{number}")
    together = threading.Barrier(4)

    def work() -> Round:
        together.wait(10)
        try:
            return run_round(world.now, prober=world.probe)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        rounds = [each.result() for each in [workers.submit(work) for _ in range(4)]]

    # One whose place is within the second of the rounds may be asked then again, but nothing twice at one time.
    assert sum(done.probed for done in rounds) == len(world.asked) == len(set(world.asked))
    assert len({url for _, url in world.asked}) == 40
    assert Flip.objects.count() == 40


def test_a_round_that_dies_loses_nothing_but_itself(world: World) -> None:
    endpoint = watched(interval_s=10)

    def dies(_: Sequence[Target]) -> list[Result]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_round(world.now, prober=dies)
    world.run(12)

    assert world.asked[0][0] == START + timedelta(seconds=10)
    assert history(endpoint) == [("up", 10.02)]


@pytest.mark.parametrize(
    "change", [{"next_probe_at": None, "url": "https://moved.example.test/"}, {"next_probe_at": START}]
)
def test_a_result_that_is_no_longer_wanted_is_dropped(world: World, change: dict[str, Any]) -> None:
    """The endpoint was configured anew, or claimed again, while the probe was under way."""
    endpoint = watched()

    def overtaken(targets: Sequence[Target]) -> list[Result]:
        Endpoint.objects.update(**change)
        return world.probe(targets)

    done = run_round(world.now, prober=overtaken)

    endpoint.refresh_from_db()
    assert (done.probed, done.dropped, done.turns) == (1, 1, ())
    assert (endpoint.status, endpoint.probed_at, endpoint.recent) == ("unknown", None, [])
    assert endpoint.next_probe_at == change["next_probe_at"]


def test_an_endpoint_deleted_under_way_does_not_matter(world: World) -> None:
    endpoint = watched()

    def removed(targets: Sequence[Target]) -> list[Result]:
        endpoint.delete()
        return world.probe(targets)

    assert run_round(world.now, prober=removed).dropped == 1


def test_what_is_remembered_is_bounded(world: World) -> None:
    """Five minutes, at any pace; at a slow one still what the threshold counts."""
    quick, slow = watched(f"{URL}?quick", interval_s=1), watched(f"{URL}?slow", interval_s=300, failure_threshold=5)
    world.run(170)
    quick.refresh_from_db()
    assert len(quick.recent) == watch.MOST_RECENT

    for _ in range(8):
        world.now += timedelta(seconds=300)
        world.round()
    slow.refresh_from_db()
    assert len(slow.recent) == 5


def test_the_number_of_queries_does_not_grow_with_the_endpoints(world: World) -> None:
    def queries() -> int:
        world.now += timedelta(seconds=60)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            world.round()
        return len([query for query in captured if "SAVEPOINT" not in query["sql"]])

    watched()
    world.round()
    one = queries()
    for number in range(50):
        watched(f"{URL}?{number}")
    world.round()
    many = queries()

    assert (one, many) == (7, 7)  # silent ones (read, saved, flips), claim, rows, saved, flips


def test_a_round_takes_the_most_overdue_first_and_no_more_than_its_most(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "MOST_A_ROUND", 2)
    watched(f"{URL}?late", next_probe_at=START - timedelta(seconds=9))
    watched(f"{URL}?later", next_probe_at=START)
    watched(f"{URL}?new")

    assert world.round().probed == 2

    assert sorted(url for _, url in world.asked) == [f"{URL}?late", f"{URL}?new"]


def test_each_flip_is_one_event(world: World) -> None:
    endpoint = watched()

    with structlog.testing.capture_logs() as events:
        world.run(30)

    assert events == [
        {
            "event": "endpoint.flipped",
            "log_level": "info",
            "endpoint_id": endpoint.pk,
            "name": "keyvalue",
            "region": "eu-central-1",
            "was": "unknown",
            "status": "up",
            "at": "2026-11-01T12:00:00.020000+00:00",
            "why": "polls are answered",
        }
    ]


def test_old_flips_are_forgotten_but_for_the_state_that_the_window_begins_with() -> None:
    endpoint, other = watched(), watched(f"{URL}?other")
    limit = START - flips.KEPT
    for each, at, status in (
        (endpoint, limit - timedelta(days=3), "up"),
        (endpoint, limit - timedelta(days=2), "down"),
        (endpoint, limit - timedelta(days=2), "up"),  # the later row of one moment counts
        (endpoint, limit + timedelta(days=1), "degraded"),
        (other, limit - timedelta(days=9), "up"),
    ):
        Flip.objects.create(endpoint=each, at=at, status=status)

    assert flips.prune(START) == 2
    assert flips.prune(START) == 0
    assert [flip.status for flip in endpoint.flips.all()] == ["up", "degraded"]
    assert [flip.status for flip in other.flips.all()] == ["up"]


def test_a_replica_goes_and_comes_back(tmp_path: Path, settings: Any) -> None:
    """With real probes over TLS, each round as soon as something is due."""
    ca = trustme.CA(key_type=trustme.KeyType.ECDSA)
    settings.CA_FILE = write_ca(ca, tmp_path)
    account = Account.objects.create(name="demo", account_id="000000000000", endpoint_url="http://127.0.0.1:4566")
    with running(ca) as served:
        port = served.port
        endpoint = watched(f"https://{HOST}/health", account=account, connect_to=served.address, timeout_s=1.0)
        probe_now(endpoint)
        assert (endpoint.status, endpoint.error) == ("up", "")

    statuses = [probe_now(endpoint) for _ in range(3)]
    assert statuses == ["degraded", "degraded", "down"]
    assert endpoint.error == "connection refused"

    with running(ca, port=port):
        statuses = [probe_now(endpoint) for _ in range(3)]
    assert statuses == ["down", "down", "up"]
    assert [flip.status for flip in endpoint.flips.all()] == ["up", "degraded", "down", "up"]


def probe_now(endpoint: Endpoint) -> str:
    Endpoint.objects.filter(pk=endpoint.pk).update(next_probe_at=None)
    run_round(timezone.now())
    endpoint.refresh_from_db()
    return endpoint.status
