"""A worker is deaf when the oldest message of its queue does not change."""

import os
import uuid
from collections.abc import Iterator

import pytest
import redis

from controlplane.liveness import Consumes


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        yield client


@pytest.fixture
def queue() -> str:
    return f"queue-{uuid.uuid4()}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def consumes(broker: redis.Redis, queue: str, clock: Clock) -> Consumes:
    return Consumes(broker, [queue], patience_s=30, now=clock)


def looks(consumes: Consumes, clock: Clock, *times_s: float) -> list[bool]:
    verdicts = []
    for clock.now_s in times_s:
        verdicts.append(consumes())
    return verdicts


def test_empty_queue_is_no_sign_of_anything(consumes: Consumes, clock: Clock) -> None:
    assert looks(consumes, clock, 10, 100, 1000) == [True, True, True]


def test_oldest_message_that_stays_is_a_deaf_worker(
    consumes: Consumes, clock: Clock, broker: redis.Redis, queue: str
) -> None:
    broker.lpush(queue, "first")

    assert looks(consumes, clock, 10, 39, 40) == [True, True, False]


def test_message_that_is_taken_and_followed_by_another_is_work(
    consumes: Consumes, clock: Clock, broker: redis.Redis, queue: str
) -> None:
    broker.lpush(queue, "first")
    assert looks(consumes, clock, 10, 35) == [True, True]

    broker.lpush(queue, "second")
    broker.rpop(queue)

    assert looks(consumes, clock, 45, 74, 75) == [True, True, False]


def test_worker_with_all_its_hands_full_is_not_deaf(clock: Clock, broker: redis.Redis, queue: str) -> None:
    free = [False]
    consumes = Consumes(broker, [queue], free=lambda: free[0], patience_s=30, now=clock)
    broker.lpush(queue, "first")
    assert looks(consumes, clock, 10, 100, 1000) == [True, True, True]

    free[0] = True

    assert looks(consumes, clock, 1010, 1039, 1040) == [True, True, False]


def test_each_queue_of_a_worker_must_move(clock: Clock, broker: redis.Redis, queue: str) -> None:
    consumes = Consumes(broker, ["empty", queue], patience_s=30, now=clock)
    broker.lpush(queue, "first")

    assert looks(consumes, clock, 10, 40) == [True, False]


def test_broker_that_is_away_gives_no_verdict(clock: Clock, queue: str) -> None:
    with redis.Redis.from_url("redis://127.0.0.1:1/0") as nobody:
        consumes = Consumes(nobody, [queue], patience_s=30, now=clock)

        assert looks(consumes, clock, 10, 100) == [True, True]
