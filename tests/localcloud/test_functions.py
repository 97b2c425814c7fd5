"""A handler runs as on Lambda: in its region, with the rights of its role and nothing of this machine's environment."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable

import pytest

from localcloud.process import Running
from tests.localcloud.service import (
    Connect,
    addresses_of,
    allow_gateway,
    get,
    make_api,
    make_domain,
    make_function,
    make_global_table,
    make_role,
)

HERE, THERE = "eu-central-1", "us-west-2"

# As written for AWS: no region, no endpoint, no credentials.
KEY_VALUE = """
import json, os
import boto3
table = boto3.resource("dynamodb").Table(os.environ["KEY_TABLE"])
def main(event, context):
    key = event["pathParameters"]["key"]
    if event["httpMethod"] == "POST":
        item = {"key": key, "value": json.loads(event["body"])["value"], "writeRegion": os.environ["AWS_REGION"]}
        table.put_item(Item=item)
        return {"statusCode": 200, "body": json.dumps(item)}
    item = table.get_item(Key={"key": key}).get("Item")
    if item is None:
        return {"statusCode": 404, "body": json.dumps({"message": "Not found"})}
    return {"statusCode": 200, "body": json.dumps(item | {"readRegion": os.environ["AWS_REGION"]})}
"""

# Reads from the table that the path names, and tells how that went.
ASK_TABLE = """
import json
import boto3
from botocore.exceptions import ClientError
def main(event, context):
    table = boto3.resource("dynamodb").Table(event["pathParameters"]["key"])
    try:
        table.get_item(Key={"key": "k"})
    except ClientError as refusal:
        return {"statusCode": 200, "body": json.dumps({"code": refusal.response["Error"]["Code"]})}
    return {"statusCode": 200, "body": json.dumps({"code": "allowed"})}
"""


@pytest.fixture
def deploy(connect: Connect, account: str, localcloud: Running) -> Callable[[str, str, str, str], str]:
    def deploy(region: str, source: str, role: str, table: str) -> str:
        """The domain at which the function answers to GET and POST /{key}."""
        domain = f"{region}.f-{account}.test"
        alias = make_function(connect, region, "function", source, role, KEY_TABLE=table)
        api_id = make_api(connect, region, "function", alias, "1.0", "GET /{key}", "POST /{key}")
        allow_gateway(connect, region, "function", account, api_id)
        make_domain(connect, region, api_id, domain)
        return domain

    return deploy


def own_table(account: str, table: str) -> dict[str, object]:
    return {
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
        "Resource": f"arn:aws:dynamodb:*:{account}:table/{table}",
    }


def test_a_key_written_in_one_region_is_read_in_another(
    connect: Connect, account: str, localcloud: Running, deploy: Callable[[str, str, str, str], str]
) -> None:
    make_global_table(connect, "keyvalues", THERE, HERE)
    role = make_role(connect, "kv", own_table(account, "keyvalues"))
    there, here = (deploy(region, KEY_VALUE, role, "keyvalues") for region in (THERE, HERE))

    written = get(
        addresses_of(localcloud, THERE)["http"],
        there,
        "/apple",
        method="POST",
        body=b'{"value": "red"}',
        headers={"Content-Type": "application/json"},
    )
    read = get(addresses_of(localcloud, HERE)["http"], here, "/apple")

    item = {"key": "apple", "value": "red", "writeRegion": THERE}
    assert written == (200, item)
    assert read == (200, item | {"readRegion": HERE})
    assert get(addresses_of(localcloud, HERE)["http"], here, "/pear") == (404, {"message": "Not found"})


def test_a_function_may_do_only_what_its_role_allows(
    connect: Connect, account: str, localcloud: Running, deploy: Callable[[str, str, str, str], str]
) -> None:
    for table in ("own", "foreign"):
        make_global_table(connect, table, HERE)
    role = make_role(connect, "kv", own_table(account, "own"))
    domain = deploy(HERE, ASK_TABLE, role, "unused")
    address = addresses_of(localcloud, HERE)["http"]

    assert get(address, domain, "/own") == (200, {"code": "allowed"})
    assert get(address, domain, "/foreign") == (200, {"code": "AccessDeniedException"})


def test_a_handler_sees_nothing_of_this_machines_environment(connect: Connect) -> None:
    source = "import os\ndef main(event, context):\n    return sorted(os.environ)\n"
    make_function(connect, HERE, "environment", source, make_role(connect, "environment"), OWN="1")

    names = connect("lambda", HERE).invoke(FunctionName="environment")["Payload"].read().decode()

    assert '"OWN"' in names
    for leaked in ("PYTEST_CURRENT_TEST", "LOCALCLOUD_STATE_DIR", "DJANGO", "DATABASE_URL", "VIRTUAL_ENV"):
        assert leaked not in names


def test_a_burst_is_answered_by_a_bounded_number_of_processes(
    connect: Connect, account: str, localcloud: Running, deploy: Callable[[str, str, str, str], str]
) -> None:
    source = "import os\ndef main(event, context):\n    return {'statusCode': 200, 'body': str(os.getpid())}\n"
    domain = deploy(HERE, source, make_role(connect, "many"), "none")
    address = addresses_of(localcloud, HERE)["http"]

    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda number: get(address, domain, f"/{number}", timeout_s=60), range(60)))

    assert {status for status, _ in answers} == {200}
    assert len({process for _, process in answers}) <= 8
