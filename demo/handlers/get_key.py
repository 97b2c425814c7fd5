"""GET /{key}: the value of a key, the region where it was written, and the region that reads it."""

import os
from typing import Any

import boto3
from replies import BadRequestError, Event, Reply, key_of, reply  # type: ignore[import-not-found]  # beside it in the zip

table = boto3.resource("dynamodb").Table(os.environ["KEY_TABLE"])


def main(event: Event, context: Any) -> Reply:
    try:
        key = key_of(event)
    except BadRequestError as error:
        return reply(error.status, {"error": str(error)})
    item = table.get_item(Key={"key": key}).get("Item")
    if item is None:
        return reply(404, {"error": "no such key", "key": key})
    return reply(
        200,
        {
            "key": key,
            "value": item["value"],
            "writeRegion": item["writeRegion"],
            "readRegion": os.environ["AWS_REGION"],
        },
    )
