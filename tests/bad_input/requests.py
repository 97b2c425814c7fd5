"""Requests that no program should send, each with the status and the code of its refusal."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from django.conf import settings

API = "/api/v1/"
JSON = "application/json"
YAML = "application/yaml"
LARGE = "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
BOMB = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n".encode() for n in range(9)
)


class Sent(NamedTuple):
    method: str
    path: str
    body: bytes = b""
    type: str = JSON
    headers: dict[str, str] = {}


def post(body: bytes | object, type: str = JSON, path: str = "services/", **headers: str) -> Sent:
    return Sent("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode(), type, headers)


def get(path: str, **headers: str) -> Sent:
    return Sent("GET", path, headers=headers)


def put(body: object, **headers: str) -> Sent:
    return Sent("PUT", "services/ledger/", json.dumps(body).encode(), JSON, headers)


BODIES: dict[str, tuple[Sent, int, str]] = {
    "nothing at all": (post(b""), 400, "invalid_manifest"),
    "a text": (post(b'"manifest"'), 400, "invalid"),
    "a number": (post(b"1"), 400, "invalid"),
    "null": (post(b"null"), 400, "invalid_manifest"),
    "a list": (post(b"[]"), 400, "invalid"),
    "half an object": (post(b'{"name": '), 400, "parse_error"),
    "two objects": (post(b"{} {}"), 400, "parse_error"),
    "a key twice": (post(b'{"name": "a", "name": "b"}'), 400, "parse_error"),
    "a trailing comma": (post(b'{"name": "a",}'), 400, "parse_error"),
    "NaN": (post(b'{"slo": NaN}'), 400, "parse_error"),
    "infinity": (post(b'{"slo": Infinity}'), 400, "parse_error"),
    "a number without end": (post(b'{"slo": 1e999}'), 400, "parse_error"),
    "a number of 10,000 digits": (post(b'{"slo": ' + b"9" * 10_000 + b"}"), 400, "parse_error"),
    "a number beyond 64 bits": (post(b'{"schema": 9223372036854775808}'), 400, "parse_error"),
    "NUL in a text": (post(b'{"name": "a\\u0000b"}'), 400, "parse_error"),
    "NUL in a key": (post(b'{"a\\u0000b": 1}'), 400, "parse_error"),
    "NUL as a byte": (post(b'{"name": "a\x00b"}'), 400, "parse_error"),
    "half a surrogate pair": (post(b'{"name": "\\ud800"}'), 400, "parse_error"),
    "bytes that are not UTF-8": (post(b'{"name": "\xff"}'), 400, "parse_error"),
    "UTF-16": (post('{"name": "kv"}'.encode("utf-16")), 400, "parse_error"),
    "100,000 brackets": (post(b"[" * 100_000 + b"]" * 100_000), 400, "parse_error"),
    "100,000 open brackets": (post(b"[" * 100_000), 400, "parse_error"),
    "100,000 braces": (post(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), 400, "parse_error"),
    "a body that is too large": (post(json.dumps({"name": LARGE}).encode()), 413, "too_large"),
    "a body of 60 MB": (post(b" " * 60_000_000), 413, "too_large"),
    "YAML that expands without end": (post(BOMB, YAML), 400, "parse_error"),
    "YAML that names itself": (post(b"a: &a [*a]", YAML), 400, "parse_error"),
    "YAML with 100,000 brackets": (post(b"[" * 100_000 + b"]" * 100_000, YAML), 400, "parse_error"),
    "YAML that makes an object": (post(b"!!python/object/apply:os.system [id]", YAML), 400, "parse_error"),
    "YAML with a key twice": (post(b"name: a\nname: b", YAML), 400, "parse_error"),
    "YAML with a tab": (post(b"name:\n\t- a", YAML), 400, "parse_error"),
    "YAML with .nan": (post(b"slo: {availability: .nan}", YAML), 400, "invalid_manifest"),
    "YAML of two documents": (post(b"--- {}\n--- {}", YAML), 400, "parse_error"),
    "YAML with a control character": (post(b"name: a\x07", YAML), 400, "parse_error"),
    "XML": (post(b"<name/>", "application/xml"), 415, "unsupported_media_type"),
    "a form": (post(b"name=kv", "application/x-www-form-urlencoded"), 415, "unsupported_media_type"),
    "a type that is none": (post(b"{}", "json"), 415, "unsupported_media_type"),
    "a type with a line break": (post(b"{}", "application/json\r\nX: y"), 415, "unsupported_media_type"),
}

ADDRESSES: dict[str, tuple[Sent, int, str]] = {
    "a service that is none": (get("services/ldger/"), 404, "not_found"),
    "a name in capitals": (get("services/LEDGER/"), 404, "not_found"),
    "a name that climbs": (get("services/../../etc/passwd/"), 404, "not_found"),
    "a name in another alphabet": (get("services/ключ/"), 404, "not_found"),
    "a name with NUL": (get("services/led%00ger/"), 400, "bad_request"),
    "a name with a line break": (get("services/led%0d%0ager/"), 404, "not_found"),
    "a name of 10,000 characters": (get(f"services/{'a' * 10_000}/"), 404, "not_found"),
    "an address that is none": (get("servces/"), 404, "not_found"),
    "an operation that is none": (get("operations/0/"), 404, "not_found"),
    "an operation beyond 64 bits": (get("operations/99999999999999999999/"), 404, "not_found"),
    "an operation of 5,000 digits": (get(f"operations/{'9' * 5000}/"), 404, "not_found"),
    "an operation that is a word": (get("operations/newest/"), 404, "not_found"),
    "an operation below nothing": (get("operations/-1/"), 404, "not_found"),
    "a region that is none": (get("regions/eu-centrl-1/"), 404, "not_found"),
    "a method that is none here": (Sent("DELETE", "services/"), 405, "method_not_allowed"),
    "a method that is none": (Sent("BREW", "services/"), 405, "method_not_allowed"),
    "TRACE": (Sent("TRACE", "services/"), 405, "method_not_allowed"),
    "OPTIONS": (Sent("OPTIONS", "services/"), 405, "method_not_allowed"),
    "an answer that we do not speak": (get("services/", HTTP_ACCEPT="application/xml"), 406, "not_acceptable"),
    "a page below nothing": (get("services/?cursor=-1"), 404, "not_found"),
    "a page made by hand": (get("services/?cursor=cD0lMDA="), 404, "not_found"),
    "a page that begins at no time": (get("services/?ordering=created_at&cursor=cD1hYmM="), 404, "not_found"),
    "a page that is no base64": (get("services/?cursor=%F0%9F%92%A3"), 404, "not_found"),
    "a parameter with NUL": (get("services/?search=%00"), 400, "bad_request"),
    "a parameter that is none": (get("services/?nmae=kv"), 400, "invalid"),
    "a field that is none": (get("services/ledger/?fields=nmae"), 400, "invalid"),
    "no field": (get("services/?fields=,"), 400, "invalid"),
    "an order that is none": (get("services/?ordering=password"), 400, "invalid"),
    "an order that looks into another table": (get("services/?ordering=account__external_id"), 400, "invalid"),
    "a status that is none": (get("operations/?status=done"), 400, "invalid"),
    "a truth that is none": (get("regions/?enabled=maybe&enabld=1"), 400, "invalid"),
    "a time that is none": (get("audit/?since=yesterday"), 400, "invalid"),
    "a time before all time": (get("audit/?since=0001-01-01T00:00:00%2B14:00"), 400, "invalid"),
    "a time after all time": (get("audit/?until=9999-12-31T23:59:59-14:00"), 400, "invalid"),
    "no part of the calculator": (get("availability/"), 400, "invalid"),
    "an availability of words": (get("availability/?component=much"), 400, "invalid"),
    "an availability of NaN": (get("availability/?component=nan"), 400, "invalid"),
    "an availability of infinity": (get("availability/?component=inf"), 400, "invalid"),
    "an availability above all": (get("availability/?component=100.1"), 400, "invalid"),
    "an availability below nothing": (get("availability/?component=-1"), 400, "invalid"),
    "an availability of 10,000 digits": (get(f"availability/?component=99.{'9' * 10_000}"), 400, "invalid"),
    "an availability in Arabic digits": (get("availability/?component=٩٩"), 400, "invalid"),
    "no region": (get("availability/?component=99&regions=0"), 400, "invalid"),
    "a million regions": (get("availability/?component=99&regions=1000000"), 400, "invalid"),
    "half a region": (get("availability/?component=99&regions=1.5"), 400, "invalid"),
    "twenty-one parts": (get("availability/?" + "&".join(["component=99"] * 21)), 400, "invalid"),
}

DOORS: dict[str, tuple[Sent, int, str]] = {
    "no token": (get("services/", HTTP_AUTHORIZATION=""), 401, "not_authenticated"),
    "a token that is none": (get("services/", HTTP_AUTHORIZATION="Bearer antipode_x"), 401, "bad_token"),
    "a token of nothing": (get("services/", HTTP_AUTHORIZATION="Bearer "), 401, "bad_token"),
    "a token of bytes": (get("services/", HTTP_AUTHORIZATION="Bearer \xff\xfe"), 401, "bad_token"),
    "a token of 100,000 characters": (get("services/", HTTP_AUTHORIZATION=f"Bearer {'x' * 100_000}"), 401, "bad_token"),
    "another scheme": (get("services/", HTTP_AUTHORIZATION="Basic YTpi"), 401, "not_authenticated"),
    "a state that has passed": (
        put({"name": "ledger"}, HTTP_IF_MATCH='"1-999"'),
        400,
        "invalid_manifest",
    ),
    "a key that is empty": (post({}, HTTP_IDEMPOTENCY_KEY=""), 400, "idempotency_key_invalid"),
    "a key of 256 characters": (post({}, HTTP_IDEMPOTENCY_KEY="k" * 256), 400, "idempotency_key_invalid"),
}

VERBS: dict[str, tuple[Sent, int, str]] = {
    "a plan with a field that is none": (post({"manifst": {}}, path="services/ledger/plan/"), 400, "invalid"),
    "a plan of a text": (post({"manifest": "kv"}, path="services/ledger/plan/"), 400, "invalid"),
    "a plan of another service": (
        post(
            {
                "manifest": {
                    "name": "other",
                    "regions": ["us-west-2"],
                    "components": [{"kind": "table", "name": "t", "key": {"k": "S"}}],
                }
            },
            path="services/ledger/plan/",
        ),
        400,
        "invalid",
    ),
    "a plan that is a list": (post([], path="services/ledger/plan/"), 400, "invalid"),
    "a deploy that loses what holds no data": (
        post({"destroy_data": ["nobody"]}, path="services/ledger/deploy/"),
        400,
        "invalid",
    ),
    "a deploy that loses a text": (post({"destroy_data": "entries"}, path="services/ledger/deploy/"), 400, "invalid"),
    "a deploy that loses numbers": (post({"destroy_data": [[1]]}, path="services/ledger/deploy/"), 400, "invalid"),
    "a deploy that loses 101 things": (
        post({"destroy_data": ["entries"] * 101}, path="services/ledger/deploy/"),
        400,
        "invalid",
    ),
    "a deploy of nobody": (post({}, path="services/nobody/deploy/"), 404, "not_found"),
    "a cancel with a field": (post({"now": True}, path="operations/1/cancel/"), 400, "invalid"),
    "a cancel of nothing": (post({}, path="operations/99999999/cancel/"), 404, "not_found"),
    "a retry of nothing": (post({}, path="operations/99999999/retry/"), 404, "not_found"),
    "a region that AWS has not": (post({"code": "eu-centrl-1"}, path="regions/"), 400, "invalid"),
    "a region that is there": (post({"code": "us-west-2"}, path="regions/"), 400, "invalid"),
    "a region as a number": (post({"code": 1}, path="regions/"), 400, "invalid"),
    "a region of 10,000 characters": (post({"code": "a" * 10_000}, path="regions/"), 400, "invalid"),
    "a region without a code": (post({}, path="regions/"), 400, "invalid"),
    "a region with a field that is none": (post({"code": "eu-west-1", "id": 7}, path="regions/"), 400, "invalid"),
    "a region that is enabled by a word": (
        Sent("PATCH", "regions/us-west-2/", b'{"enabled": "maybe"}'),
        400,
        "invalid",
    ),
    "a region that becomes another": (Sent("PATCH", "regions/us-west-2/", b'{"code": "x"}'), 400, "invalid"),
    "a region that services are placed in": (Sent("DELETE", "regions/us-west-2/"), 409, "region_in_use"),
    "a sync of an account that is none": (post({"account": "prdo"}, path="regions/sync/"), 400, "invalid"),
    "a sync of a list": (post({"account": ["demo"]}, path="regions/sync/"), 400, "invalid"),
    "a manifest of another name": (
        put(
            {
                "name": "other",
                "regions": ["us-west-2"],
                "components": [{"kind": "table", "name": "t", "key": {"k": "S"}}],
            }
        ),
        409,
        "name_fixed",
    ),
    "a patch that is a list": (Sent("PATCH", "services/ledger/", b"[]"), 400, "invalid"),
    "a patch that leaves no region": (Sent("PATCH", "services/ledger/", b'{"regions": null}'), 400, "invalid_manifest"),
    "a patch on a state that has passed": (
        Sent("PATCH", "services/ledger/", b"{}", JSON, {"HTTP_IF_MATCH": '"1-999"'}),
        412,
        "stale_write",
    ),
}


def all_of_them() -> dict[str, tuple[Sent, int, str]]:
    tables: list[dict[str, Any]] = [BODIES, ADDRESSES, DOORS, VERBS]
    return {name: row for table in tables for name, row in table.items()}
