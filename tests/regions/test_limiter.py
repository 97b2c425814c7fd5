"""All workers together keep to AWS's API rates, by token buckets in Redis."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import uuid
from collections.abc import Iterator, Sequence
from fractions import Fraction

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from regions.aws_errors import AwsError, Verdict
from regions.catalogue import ApiRate
from regions.limiter import LEFT_ALONE_S, Limiter, estimate


def rate(service: str, action: str, burst: int, refill_per_s: str) -> ApiRate:
    return ApiRate(service, action, burst, Fraction(refill_per_s), "2026-11", "https://docs.aws.amazon.com/")


SHARED = rate("dns", "*", 40, "1/1000")
OWN = rate("dns", "Create", 10, "1/1000")
RARE = rate("gateway", "Rare", 1, "1/30")
BRISK = rate("queue", "Send", 2, "10")


def buckets(service: str, action: str) -> Sequence[ApiRate]:
    known = {("dns", "Create"): (SHARED, OWN), ("dns", "Get"): (SHARED,), ("gateway", "Rare"): (RARE,)}
    return known.get((service, action), (BRISK,) if service == "queue" else ())


@pytest.fixture
def account() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def connection() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as opened:
        yield opened


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def limiter(connection: redis.Redis, slept: list[float]) -> Limiter:
    return Limiter(connection, buckets, slept.append)


def taken(limiter: Limiter, account: str, service: str, action: str) -> int:
    """How many calls go through before one is sent away."""
    for number in range(1_000):
        try:
            limiter.acquire(account, service, action)
        except AwsError:
            return number
    raise AssertionError("never refused")


def test_an_emptied_limiter_starts_half_full(limiter: Limiter, account: str) -> None:
    assert taken(limiter, account, "dns", "Get") == SHARED.burst // 2


def test_a_call_takes_from_its_own_bucket_and_the_shared_one(limiter: Limiter, account: str) -> None:
    assert taken(limiter, account, "dns", "Create") == OWN.burst // 2

    assert taken(limiter, account, "dns", "Get") == SHARED.burst // 2 - OWN.burst // 2


def test_accounts_have_buckets_of_their_own(limiter: Limiter, account: str) -> None:
    taken(limiter, account, "dns", "Create")

    assert taken(limiter, uuid.uuid4().hex, "dns", "Create") == OWN.burst // 2


def test_workers_share_the_buckets(limiter: Limiter, account: str) -> None:
    """Each worker has a connection of its own."""
    counts: list[int] = []

    def work() -> None:
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as own:
            counts.append(taken(Limiter(own, buckets), account, "dns", "Get"))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(counts) == SHARED.burst // 2


def test_a_short_wait_is_waited_in_the_order_of_asking(limiter: Limiter, account: str, slept: list[float]) -> None:
    """Two tokens and ten a second, half full: the second call waits a tenth, the next a tenth more, up to a second."""
    assert limiter.acquire(account, "queue", "Send") == 0.0
    waits = [limiter.acquire(account, "queue", "Send") for _ in range(5)]

    assert waits == sorted(waits)
    assert waits == slept
    assert 0.3 < waits[-1] <= 0.5


def test_a_longer_wait_is_refused_with_its_time(limiter: Limiter, account: str, slept: list[float]) -> None:
    with pytest.raises(AwsError) as refused:
        limiter.acquire(account, "gateway", "Rare")

    error = refused.value
    assert (error.code, error.verdict, error.unknown_outcome) == ("limited", Verdict.TRANSIENT, False)
    assert 14 < error.retry_after_s <= 15
    assert slept == []


def test_a_refused_call_takes_nothing(limiter: Limiter, account: str) -> None:
    for _ in range(3):
        with pytest.raises(AwsError) as refused:
            limiter.acquire(account, "gateway", "Rare")
        assert 14 < refused.value.retry_after_s <= 15


def test_what_aws_throttles_is_empty(limiter: Limiter, account: str) -> None:
    limiter.acquire(account, "dns", "Create")

    limiter.drained(account, "dns", "Create")

    assert taken(limiter, account, "dns", "Create") == 0
    assert taken(limiter, account, "dns", "Get") == 0


def test_tokens_come_back_with_time_up_to_the_burst(limiter: Limiter, account: str, connection: redis.Redis) -> None:
    """Redis's clock is the only one: a bucket last touched long ago is full."""
    limiter.acquire(account, "dns", "Create")
    for action in ("*", "Create"):
        connection.hset(f"antipode:api-rate:{account}:dns:{action}", "at_ms", "0")

    assert taken(limiter, account, "dns", "Create") == OWN.burst


def test_an_action_without_a_rate_is_free(limiter: Limiter, account: str) -> None:
    assert limiter.acquire(account, "lambda", "GetFunction") == 0.0


def test_without_redis_calls_go_through(account: str) -> None:
    """AWS's own throttling remains."""
    limiter = Limiter.at("redis://127.0.0.1:1")

    assert limiter.acquire(account, "apigateway", "CreateDomainName") == 0.0
    limiter.drained(account, "apigateway", "CreateDomainName")


def test_redis_is_left_alone_for_a_while_after_a_failure(account: str) -> None:
    """A server that breaks each connection counts them."""
    now = [0.0]
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        port = server.getsockname()[1]
        broken = redis.Redis(port=port, socket_timeout=0.05, retry=Retry(NoBackoff(), 0))
        limiter = Limiter(broken, buckets, clock_s=lambda: now[0])
        asked = 0
        for now[0] in (0.0, 1.0, LEFT_ALONE_S - 0.1, LEFT_ALONE_S + 0.1):
            limiter.acquire(account, "gateway", "Rare")
            with contextlib.suppress(TimeoutError):
                server.accept()[0].close()
                asked += 1

    assert asked == 2


@pytest.mark.parametrize(
    ("actions", "expected_s"),
    [
        ({}, 0.0),
        ({("gateway", "Rare"): 1}, 0.0),
        ({("gateway", "Rare"): 6}, 150.0),
        ({("dns", "Create"): 12}, 2_000.0),
        ({("dns", "Create"): 10, ("dns", "Get"): 31}, 1_000.0),
        ({("lambda", "GetFunction"): 1_000}, 0.0),
    ],
)
def test_the_estimate_is_the_longest_of_its_buckets(actions: dict[tuple[str, str], int], expected_s: float) -> None:
    assert estimate(actions, buckets) == pytest.approx(expected_s)


def test_three_regions_of_two_domains_take_two_and_a_half_minutes() -> None:
    assert estimate({("apigateway", "CreateDomainName"): 6}) == pytest.approx(150.0)
