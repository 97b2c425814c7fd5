"""What API Gateway makes of a handler's answer, in both formats."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.lambda_events import INTERNAL_SERVER_ERROR, Request, answer, event

TEXT = {"Content-Type": "text/plain;charset=UTF-8"}


@pytest.mark.parametrize("payload_format", ["1.0", "2.0"])
@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"statusCode": 204}, (204, TEXT, b"")),
        ({"statusCode": "201", "body": "made"}, (201, TEXT, b"made")),
        (
            {"statusCode": 200, "headers": {"content-type": "image/png"}, "body": "iVA=", "isBase64Encoded": True},
            (200, {"content-type": "image/png"}, b"\x89P"),
        ),
        ({"statusCode": 200, "headers": {"X-Count": 3}}, (200, {"X-Count": "3"} | TEXT, b"")),
        ({"statusCode": 200, "headers": {"Content-Length": "99"}, "body": "ok"}, (200, TEXT, b"ok")),
        ({"statusCode": 200, "body": {"not": "text"}}, INTERNAL_SERVER_ERROR),
        ({"statusCode": "many"}, INTERNAL_SERVER_ERROR),
        ({"statusCode": 99}, INTERNAL_SERVER_ERROR),
        ({"statusCode": 200, "body": "?", "isBase64Encoded": True}, INTERNAL_SERVER_ERROR),
    ],
)
def test_a_shaped_answer(payload_format: str, result: Any, expected: Any) -> None:
    assert answer(result, payload_format) == expected


@pytest.mark.parametrize(
    ("result", "body"),
    [({"any": "thing"}, b'{"any": "thing"}'), ("hello", b"hello"), (None, b"null"), ([1], b"[1]")],
)
def test_format_2_takes_any_result_and_format_1_does_not(result: Any, body: bytes) -> None:
    assert answer(result, "2.0") == (200, {"Content-Type": "application/json"}, body)
    assert answer(result, "1.0") == INTERNAL_SERVER_ERROR


def test_many_values_of_a_header() -> None:
    first = answer(
        {"statusCode": 200, "headers": {"set-cookie": "x"}, "multiValueHeaders": {"Set-Cookie": ["a", "b"]}}, "1.0"
    )
    second = answer({"statusCode": 200, "headers": {"set-cookie": "c"}, "cookies": ["a", "b"]}, "2.0")

    assert first[1]["Set-Cookie"] == ["a", "b"]
    assert second[1]["Set-Cookie"] == ["a", "b", "c"]


def request(**changes: Any) -> Request:
    values: dict[str, Any] = {
        "account": "000000000000",
        "api_id": "abc",
        "stage": "$default",
        "route_key": "$default",
        "domain": "kv.example.test",
        "method": "GET",
        "path": "/",
        "path_parameters": {},
        "query": {},
        "raw_query": "",
        "headers": {},
        "written_names": {},
        "body": b"",
        "source_ip": "127.0.0.1",
        "stage_variables": {},
        "authorizer": None,
        "request_id": "id",
        "now": datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
    }
    return Request(**values | changes)


@pytest.mark.parametrize(
    ("content_type", "sent", "body", "is_base64"),
    [
        ("application/json; charset=utf-8", b"{}", "{}", False),
        ("text/csv", b"a,b", "a,b", False),
        ("application/octet-stream", b"\xff\x00", "/wA=", True),
        ("", b"plain", "cGxhaW4=", True),
    ],
)
@pytest.mark.parametrize("payload_format", ["1.0", "2.0"])
def test_a_body_is_text_or_base64_by_its_content_type(
    payload_format: str, content_type: str, sent: bytes, body: str, is_base64: bool
) -> None:
    made = event(request(method="POST", headers={"content-type": content_type}, body=sent), payload_format)

    assert (made["body"], made["isBase64Encoded"]) == (body, is_base64)


def test_the_time_is_told_in_both_ways() -> None:
    first, second = event(request(), "1.0")["requestContext"], event(request(), "2.0")["requestContext"]

    assert (first["requestTime"], first["requestTimeEpoch"]) == ("24/Nov/2026:08:30:00 +0000", 1795509000000)
    assert (second["time"], second["timeEpoch"]) == ("24/Nov/2026:08:30:00 +0000", 1795509000000)


def test_the_default_route_has_no_pattern() -> None:
    assert event(request(), "1.0")["resource"] == "$default"
