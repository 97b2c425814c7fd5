"""Requests and replies of an HTTP API in front of Lambda, payload format 1.0."""

import json
from decimal import Decimal
from typing import Any

MAX_KEY_BYTES = 2048  # DynamoDB's limit for a partition key

Event = dict[str, Any]
Reply = dict[str, Any]


class BadRequestError(Exception):
    """What the client sent can't be served; `status` and the message go back to it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def reply(status: int, body: dict[str, Any]) -> Reply:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json; charset=utf-8", "cache-control": "no-store"},
        "body": json.dumps(body, ensure_ascii=False, default=_number),
        "isBase64Encoded": False,
    }


def key_of(event: Event) -> str:
    """The key of the path, as API Gateway has decoded it."""
    key = str((event.get("pathParameters") or {}).get("key") or "")
    if not key:
        raise BadRequestError(400, "the path names no key: use /{key}")
    if len(key.encode()) > MAX_KEY_BYTES:
        raise BadRequestError(400, f"a key may have {MAX_KEY_BYTES} bytes in UTF-8")
    return key


def _number(value: object) -> int | float:
    """DynamoDB gives numbers as Decimal, which JSON does not know."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is no JSON")
    return int(value) if value == value.to_integral_value() else float(value)
