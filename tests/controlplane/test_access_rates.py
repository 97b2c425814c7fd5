"""Rates of the API: off unless set, counted by token or user, told in headers, open when Redis is away."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from controlplane import environment
from controlplane.models import Answer
from controlplane.rates import LEFT_ALONE_S, Counted, Counter, Rate
from tests import builders

pytestmark = pytest.mark.django_db

DAY_S = 86_400


def test_is_off_unless_set() -> None:
    answer = builders.client_of(builders.viewer()).get("/api/v1/services/")

    assert (answer.status_code, "RateLimit-Limit" in answer) == (200, False)


def test_one_too_many_is_429_and_says_when_to_come_back(settings: Any) -> None:
    settings.API_RATE = (2, DAY_S)
    program = builders.client_of(builders.viewer())

    answers = [program.get("/api/v1/services/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert {answer["RateLimit-Limit"] for answer in answers} == {"2"}
    last = answers[-1]
    assert last.json()["code"] == "rate_limited"
    assert 0 < int(last["Retry-After"]) <= DAY_S
    assert 0 < int(last["RateLimit-Reset"]) <= DAY_S


def test_each_token_has_its_own(settings: Any) -> None:
    settings.API_RATE = (1, DAY_S)
    user = builders.viewer()
    first, second = builders.client_of(user), builders.client_of(user)
    first.get("/api/v1/services/")

    assert (first.get("/api/v1/services/").status_code, second.get("/api/v1/services/").status_code) == (429, 200)


def test_session_is_counted_by_user(settings: Any) -> None:
    settings.API_RATE = (1, DAY_S)
    browser = builders.client_of(None)
    browser.force_login(builders.viewer())

    assert [browser.get("/api/v1/services/").status_code for _ in range(2)] == [200, 429]


def test_bad_token_is_401_whatever_the_rate(settings: Any) -> None:
    settings.API_RATE = (1, DAY_S)
    program = builders.client_of(None)
    program.credentials(HTTP_AUTHORIZATION="Bearer antipode_never-issued")

    assert [program.get("/api/v1/services/").status_code for _ in range(3)] == [401, 401, 401]


def test_too_many_takes_no_idempotency_key(settings: Any) -> None:
    """Else the refusal would be the answer for a day."""
    settings.API_RATE = (1, DAY_S)
    builders.account()
    program = builders.client_of(builders.operator())
    program.get("/api/v1/services/")

    refused = program.post("/api/v1/services/", builders.table_only(), HTTP_IDEMPOTENCY_KEY="once")

    assert (refused.status_code, Answer.objects.count()) == (429, 0)


def test_redis_away_stops_nobody_and_is_asked_seldom() -> None:
    now_s = 1000.0
    counter = Counter("redis://127.0.0.1:1", lambda: now_s)

    assert counter.count("x", Rate(1, 60)) is None
    now_s += LEFT_ALONE_S - 0.1
    assert counter.count("x", Rate(1, 60)) is None


def test_window_ends(settings: Any) -> None:
    """A new window, a new count."""
    now_s = 1_000_000_003.0
    counter = Counter(settings.REDIS_URL, lambda: now_s)

    first = counter.count("window", Rate(1, 60))
    second = counter.count("window", Rate(1, 60))
    now_s += 60

    assert first == Counted(1, 1, 17)
    assert second is not None
    assert second.over
    assert counter.count("window", Rate(1, 60)) == Counted(1, 1, 17)


@pytest.mark.parametrize(
    ("text", "rate"), [("", None), ("600/m", (600, 60)), ("1/s", (1, 1)), ("5/h", (5, 3600)), ("9/d", (9, DAY_S))]
)
def test_setting_reads_as_written(monkeypatch: pytest.MonkeyPatch, text: str, rate: tuple[int, int] | None) -> None:
    monkeypatch.setenv("API_RATE", text)

    assert environment.rate("API_RATE") == rate


@pytest.mark.parametrize("text", ["600", "0/m", "-1/s", "600/min", "1.5/s", "m"])
def test_nonsense_ends_the_start(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("API_RATE", text)

    with pytest.raises(ImproperlyConfigured, match=r"API_RATE=.* is no rate; write requests per s, m, h or d"):
        environment.rate("API_RATE")
