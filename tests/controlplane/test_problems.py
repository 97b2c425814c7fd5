"""Errors of the API: one form, whatever went wrong, and never a 5xx for what a client sent."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator() -> APIClient:
    builders.account()
    return builders.client_of(builders.administrator())


DEEP = "[" * 100_000 + "]" * 100_000
BODIES = {
    "not json": b"{",
    "not utf-8": b"\xff\xfe",
    "deep": DEEP.encode(),
    "deep but not too deep for the reader": (b'{"a":' * 60 + b"1" + b"}" * 60),
    "NaN": b'{"name": NaN}',
    "a key twice": b'{"name": "a", "name": "b"}',
    "NUL": b'{"name": "a\\u0000b"}',
    "half a surrogate pair": b'{"name": "\\ud800"}',
    "5,000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "beyond 64 bits": b'{"schema": 99999999999999999999}',
    "infinite": b'{"schema": 1e999}',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "empty": b"",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("post", "/api/v1/services/"),
        ("put", "/api/v1/services/keyvalue/"),
        ("post", "/api/v1/regions/"),
    ],
)
def test_hostile_body_is_400(administrator: APIClient, method: str, address: str, body: bytes) -> None:
    """With a problem that tells the mend."""
    response = administrator.generic(method.upper(), address, body, content_type="application/json")

    assert response.status_code == 400, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == 400
    assert problem["detail"]


@pytest.mark.parametrize(
    "body",
    [b"a: &x [1]\nb: *y", b"a: !!python/object:os.system {}", b"{", b"- 1", b"name: on: off", b"a: 1\na: 2"],
)
def test_hostile_yaml_is_400(administrator: APIClient, body: bytes) -> None:
    response = administrator.generic("POST", "/api/v1/services/", body, content_type="application/yaml")

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "address", "extra", "status", "code"),
    [
        ("get", "/api/v1/nothing/", {}, 404, "not_found"),
        ("get", "/api/v1/services/absent/", {}, 404, "not_found"),
        ("get", "/api/v1/operations/99999999999999999999999/", {}, 404, "not_found"),
        ("get", "/api/v1/services/?cursor=nonsense", {}, 404, "not_found"),
        ("get", "/api/v1/operations/?cursor=cD1hYmM%3D", {}, 404, "not_found"),
        ("get", "/api/v1/operations/?status=odd", {}, 400, "invalid"),
        ("get", "/api/v1/services/?search=%00", {}, 400, "bad_request"),
        ("get", "/api/v1/services/%00/", {}, 400, "bad_request"),
        ("delete", "/api/v1/services/", {}, 405, "method_not_allowed"),
        ("get", "/api/v1/services/", {"HTTP_ACCEPT": "text/csv"}, 406, "not_acceptable"),
        ("post", "/api/v1/services/", {"data": "x", "content_type": "text/plain"}, 415, "unsupported_media_type"),
        ("post", "/api/v1/services/", {"data": {"a": "x" * 3_000_000}}, 413, "too_large"),
    ],
)
def test_problem_names_itself(
    administrator: APIClient, method: str, address: str, extra: dict[str, Any], status: int, code: str
) -> None:
    """Status, stable code and the content type of RFC 9457."""
    response = getattr(administrator, method)(address, **extra)

    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    problem = response.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["mend"] or code in {"invalid", "bad_request"}


@pytest.mark.parametrize(
    ("method", "address", "extra"),
    [
        ("HEAD", "/api/v1/services/", {}),
        ("OPTIONS", "/api/v1/services/", {}),
        ("TRACE", "/api/v1/services/", {}),
        ("GET", "/api/v1/services/?page_size=-1", {}),
        ("GET", "/api/v1/services/?page_size=99999999999999999999", {}),
        ("GET", "/api/v1/services/?cursor=cj0xJnA9YQ%3D%3D", {}),
        ("GET", "/api/v1/operations/?cursor=bz05OTk5OTk5OTk5OTk5OTk5OTk5OTk%3D", {}),
        ("GET", "/api/v1/operations/?cursor=cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk%3D", {}),
        ("GET", "/api/v1/regions/?enabled=perhaps", {}),
        ("GET", "/api/v1/services/?search=%ED%A0%80%FF", {}),
        ("GET", "/api/v1/services/%ED%A0%80/", {}),
        ("GET", "/api/v1/services/", {"HTTP_ACCEPT": "*/*;q=x, ,;"}),
        ("GET", "/api/v1/services/?format=xml", {}),
        ("GET", "/api/v1/schema/", {"HTTP_ACCEPT": "*/*"}),
        ("POST", "/api/v1/services/", {"data": b"{}", "content_type": ";;;"}),
        ("POST", "/api/v1/services/", {"data": b"{}", "content_type": "application/json; charset=utf-16"}),
        ("POST", "/api/v1/services/", {"data": b"{}", "content_type": "application/json; charset=bz2"}),
        ("POST", "/api/v1/services/ledger/artifacts/", {"data": b"x", "content_type": "multipart/form-data"}),
        ("POST", "/api/v1/services/ledger/artifacts/", {"data": b"{}", "content_type": "application/json"}),
        (
            "POST",
            "/api/v1/services/ledger/artifacts/",
            {"data": b"", "content_type": "multipart/form-data; boundary=x"},
        ),
        ("PUT", "/api/v1/services/ledger/", {"data": b"{}", "HTTP_IF_MATCH": ",,\u00ff"}),
        ("DELETE", "/api/v1/services/ledger/", {"data": b"[]", "HTTP_IF_MATCH": 'W/"x"'}),
        ("PATCH", "/api/v1/services/ledger/", {"data": b'{"components": null}'}),
        ("PATCH", "/api/v1/services/ledger/", {"data": b'{"regions": {"us-west-2": {"memory_mb": {}}}}'}),
        ("PATCH", "/api/v1/services/ledger/", {"data": b'{"tags": {"a": "\\u0085"}, "slo": {"availability": 1e-300}}'}),
        ("PATCH", "/api/v1/regions/eu-central-1/", {"data": b'{"enabled": 99999999999999}'}),
    ],
)
def test_nothing_odd_is_a_crash(administrator: APIClient, method: str, address: str, extra: dict[str, Any]) -> None:
    """Whatever a client sends, it is answered or refused."""
    builders.service()

    response = administrator.generic(method, address, **{"content_type": "application/json", **extra})

    assert response.status_code < 500, response.content
    if response.status_code >= 400 and method != "HEAD":
        assert response["Content-Type"] == "application/problem+json"


def test_crash_is_a_problem_too(administrator: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """And tells nothing of its cause."""
    monkeypatch.setattr("deployments.queries.operations", lambda: 1 / 0)

    response = administrator.get("/api/v1/operations/")

    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
    assert response.json()["code"] == "server_error"
    assert "Zero" not in response.content.decode()


def test_forbidden_names_the_permission() -> None:
    response = builders.client_of(builders.viewer()).post("/api/v1/regions/sync/", {})

    assert response.json() == {
        "type": "about:blank",
        "title": "permission denied",
        "status": 403,
        "code": "permission_denied",
        "detail": "You may not do this: it needs the permission regions.change_account.",
        "mend": "Ask an administrator for it, in a role or by a grant; or use a token of wider scope.",
    }


def test_fields_in_error_are_told_with_their_path(administrator: APIClient) -> None:
    response = administrator.post("/api/v1/regions/", {"code": "mars-north-1"})

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("code", "unknown_region")]
