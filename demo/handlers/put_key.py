"""POST /{key}: store {"value": …} under a key, together with the region that writes it."""

import base64
import json
import os
from decimal import Decimal
from typing import Any, NoReturn

import boto3
from botocore.exceptions import ClientError
from replies import BadRequestError, Event, Reply, key_of, reply  # type: ignore[import-not-found]  # beside it in the zip

MAX_VALUE_BYTES = 350_000  # DynamoDB's limit for an item is 400 KB, names and key included

table = boto3.resource("dynamodb").Table(os.environ["KEY_TABLE"])


def main(event: Event, context: Any) -> Reply:
    region = os.environ["AWS_REGION"]
    try:
        key, value = key_of(event), value_of(event)
        store({"key": key, "value": value, "writeRegion": region})
    except BadRequestError as error:
        return reply(error.status, {"error": str(error)})
    return reply(200, {"key": key, "value": value, "region": region})


def value_of(event: Event) -> Any:
    """The value of the body: any JSON but null, up to 350 kB."""
    body = event.get("body") or ""
    try:
        text = base64.b64decode(body, validate=True).decode() if event.get("isBase64Encoded") else body
        sent = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):  # bad base64, UTF-8 and JSON are ValueErrors all
        raise BadRequestError(400, 'the body is not JSON: send {"value": "…"}') from None
    value = sent.get("value") if isinstance(sent, dict) else None
    if value is None:
        raise BadRequestError(400, 'the body has no value: send {"value": "…"}')
    try:
        size = len(json.dumps(value, ensure_ascii=False, default=str).encode())
    except UnicodeEncodeError:
        raise BadRequestError(400, "the value holds half a character (a lone surrogate)") from None
    if size > MAX_VALUE_BYTES:
        raise BadRequestError(413, f"a value may have {MAX_VALUE_BYTES} bytes; this one has {size}")
    return value


def store(item: dict[str, Any]) -> None:
    """Put the item; what DynamoDB can't hold is the client's mistake."""
    try:
        table.put_item(Item=item)
    except ArithmeticError:
        raise BadRequestError(400, "a number may have 38 digits, between 1e-130 and 1e126") from None
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        raise BadRequestError(400, error.response["Error"]["Message"]) from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
