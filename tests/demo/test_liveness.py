"""A worker is deaf when the oldest message of its queue does not change."""

import os
import uuid
from collections.abc import Iterator

import pytest
import redis

from demo.liveness import Consumes


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
def consumes(queue: str, clock: Clock) -> Consumes:
    return Consumes(os.environ["REDIS_URL"], queue, patience_s=30, now=clock)


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


def test_new_worker_gets_its_own_time(consumes: Consumes, clock: Clock, broker: redis.Redis, queue: str) -> None:
    broker.lpush(queue, "first")

    assert looks(consumes, clock, 10, 40, 50, 70) == [True, False, True, False]


def test_broker_that_is_away_gives_no_verdict(clock: Clock, queue: str) -> None:
    consumes = Consumes("redis://127.0.0.1:1/0", queue, patience_s=30, now=clock)

    assert looks(consumes, clock, 10, 100) == [True, True]
