"""Each request has an id, in the answer, in log lines and on entries; and is put down to its door and address."""

from __future__ import annotations

import re

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from audit.context import Acting, said
from controlplane.who_asks import WhoAsksMiddleware


@pytest.mark.parametrize("sent", ["7f3c9a1e-0000-4000-8000-000000000001", "release-4711", "a" * 64, "trace:1.2_3-45"])
def test_id_that_comes_along_is_kept(client: Client, sent: str) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": sent})["X-Request-Id"] == sent


@pytest.mark.parametrize(
    "sent", ["", "short", "a" * 65, "with a blank in it", "-begins-with-a-dash", 'quote"quote"', "ünïcödé-12"]
)
def test_id_that_is_none_is_replaced(client: Client, sent: str) -> None:
    """Nothing that could forge a line of a log."""
    answered = client.get("/healthz", headers={"X-Request-Id": sent})["X-Request-Id"]

    assert re.fullmatch("[0-9a-f]{32}", answered)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/login/", "/nowhere/", "/api/v1/services/", "/api/v1/nowhere/", "/admin/"])
def test_every_answer_bears_an_id(client: Client, path: str) -> None:
    """Refusals and redirects too: they are what people ask about."""
    assert client.get(path)["X-Request-Id"]


def seen_by_a_view(request: HttpRequest) -> tuple[Acting, dict[str, object]]:
    found: list[tuple[Acting, dict[str, object]]] = []

    def view(_: HttpRequest) -> HttpResponse:
        now = said()
        assert now is not None
        found.append((now, structlog.contextvars.get_contextvars()))
        return HttpResponse()

    WhoAsksMiddleware(view)(request)
    return found[0]


def test_log_lines_bear_the_id_and_no_longer_than_the_request() -> None:
    request = RequestFactory().get("/", headers={"X-Request-Id": "release-4711"})

    _, bound = seen_by_a_view(request)

    assert bound["request_id"] == "release-4711"
    assert "request_id" not in structlog.contextvars.get_contextvars()
    assert said() is None


@pytest.mark.parametrize(
    ("path", "via"), [("/", "page"), ("/audit/", "page"), ("/api/v1/services/", "api"), ("/admin/auth/user/", "admin")]
)
def test_doors(path: str, via: str) -> None:
    now, _ = seen_by_a_view(RequestFactory().get(path))

    assert now.via == via


@pytest.mark.parametrize(
    ("behind", "sent", "expected"),
    [
        (False, "203.0.113.9", "198.51.100.1"),
        (True, "203.0.113.9", "203.0.113.9"),
        (True, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (True, "nonsense", "198.51.100.1"),
        (True, "2001:db8::7", "2001:db8::7"),
    ],
)
def test_address_is_the_last_that_our_own_proxy_saw(settings: Settings, behind: bool, sent: str, expected: str) -> None:
    """And nobody's word without a proxy."""
    settings.BEHIND_TLS_PROXY = behind
    request = RequestFactory().get("/", headers={"X-Forwarded-For": sent}, REMOTE_ADDR="198.51.100.1")

    now, _ = seen_by_a_view(request)

    assert now.address == expected
