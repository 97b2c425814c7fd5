"""Tables and their replicas: one change at a time, and nothing that is in use goes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from localcloud.process import Running
from tests.localcloud.strict.world import ADMITTED, Connect, refusal, replicate, set_delays, table

HOME, OTHER, THIRD = "eu-central-1", "us-west-2", "ap-southeast-1"
INVALID = "ValidationException"
IN_USE = "ResourceInUseException"


def made(connect: Connect, region: str = HOME, **more: Any) -> Any:
    client = connect("dynamodb", region)
    client.create_table(**table(**more))
    return client


def described(connect: Connect, region: str = HOME) -> dict[str, Any]:
    held: dict[str, Any] = connect("dynamodb", region).describe_table(TableName="a-table")["Table"]
    return held


def states(connect: Connect, region: str = HOME) -> dict[str, str]:
    """The region's own state and those of its replicas."""
    held = described(connect, region)
    return {region: held["TableStatus"]} | {
        replica["RegionName"]: replica["ReplicaStatus"] for replica in held.get("Replicas", [])
    }


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": "ab"}, INVALID),
        ({"name": "a" * 256}, INVALID),
        ({"name": "a b"}, INVALID),
        ({"KeySchema": [{"AttributeName": "absent", "KeyType": "HASH"}]}, INVALID),
        ({"AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("key", "b")]}, INVALID),
        ({"BillingMode": "PROVISIONED"}, INVALID),
        ({"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}, INVALID),
        ({}, ADMITTED),
    ],
    ids=lambda given: repr(given)[:50],
)
def test_create_table_answers(connect: Connect, given: dict[str, Any], code: str) -> None:
    assert refusal(connect("dynamodb", HOME).create_table, **table(**given)) == code


def test_a_table_is_made_once_in_a_region(connect: Connect) -> None:
    client = made(connect)

    assert refusal(client.create_table, **table()) == IN_USE


def test_one_replica_changes_at_a_time(connect: Connect) -> None:
    client = made(connect)
    both = [{"Create": {"RegionName": region}} for region in (OTHER, THIRD)]

    assert refusal(client.update_table, TableName="a-table", ReplicaUpdates=both) == INVALID
    assert "Replicas" not in described(connect)


def test_strong_consistency_is_refused_rather_than_pretended(connect: Connect) -> None:
    client = made(connect)
    both = [{"Create": {"RegionName": region}} for region in (OTHER, THIRD)]
    asked = {"TableName": "a-table", "ReplicaUpdates": both, "MultiRegionConsistency": "STRONG"}

    assert refusal(client.update_table, **asked) == INVALID


@pytest.mark.parametrize("region", [HOME, "eu-nowhere-1", "ap-east-1"])
def test_a_replica_is_in_another_enabled_region(connect: Connect, region: str) -> None:
    made(connect)

    assert refusal(replicate, connect=connect, source=HOME, region=region) == INVALID


def test_a_replica_does_not_replace_a_table(connect: Connect) -> None:
    made(connect)
    made(connect, OTHER)

    assert refusal(replicate, connect=connect, source=HOME, region=OTHER) == INVALID


def test_a_replicated_table_is_on_demand_with_both_images_in_its_stream(connect: Connect) -> None:
    capacity = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    made(connect, name="provisioned", BillingMode="PROVISIONED", ProvisionedThroughput=capacity)
    made(connect, name="keys", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    client = made(connect)

    for name in ("provisioned", "keys"):
        assert refusal(replicate, connect=connect, source=HOME, region=OTHER, name=name) == INVALID
    assert refusal(replicate, connect=connect, source=HOME, region=OTHER) == ADMITTED
    assert described(connect)["StreamSpecification"] == {
        "StreamEnabled": True,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    off = {"StreamEnabled": False}
    assert refusal(client.update_table, TableName="a-table", StreamSpecification=off) == INVALID


def test_a_source_of_replicas_stays_while_they_exist(connect: Connect) -> None:
    client = made(connect)
    replicate(connect, HOME, OTHER)

    assert refusal(client.delete_table, TableName="a-table") == INVALID
    assert refusal(replicate, connect=connect, source=OTHER, region=HOME, action="Delete") == INVALID
    assert refusal(replicate, connect=connect, source=HOME, region=OTHER, action="Delete") == ADMITTED
    assert refusal(client.delete_table, TableName="a-table") == ADMITTED


def test_a_replica_that_was_no_source_is_deleted_in_its_region(connect: Connect) -> None:
    made(connect)
    replicate(connect, HOME, OTHER)

    assert refusal(connect("dynamodb", OTHER).delete_table, TableName="a-table") == ADMITTED
    assert states(connect) == {HOME: "ACTIVE"}


def test_protection_holds_for_tables_and_replicas(connect: Connect) -> None:
    client = made(connect, DeletionProtectionEnabled=True)
    replicate(connect, HOME, OTHER)
    there = connect("dynamodb", OTHER)
    there.update_table(TableName="a-table", DeletionProtectionEnabled=True)

    assert refusal(client.delete_table, TableName="a-table") == INVALID
    assert refusal(replicate, connect=connect, source=HOME, region=OTHER, action="Delete") == INVALID
    there.update_table(TableName="a-table", DeletionProtectionEnabled=False)
    assert refusal(replicate, connect=connect, source=HOME, region=OTHER, action="Delete") == ADMITTED


def test_tags_are_of_one_region(connect: Connect) -> None:
    client = made(connect, Tags=[{"Key": "owner", "Value": "one"}])
    there = connect("dynamodb", OTHER)
    replica = replicate(connect, HOME, OTHER)
    arn = replica["TableArn"].replace(HOME, OTHER)
    there.tag_resource(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "two"}])

    assert client.list_tags_of_resource(ResourceArn=replica["TableArn"])["Tags"][0]["Value"] == "one"
    assert there.list_tags_of_resource(ResourceArn=arn)["Tags"][0]["Value"] == "two"


def test_tables_and_replicas_are_active_at_once(connect: Connect) -> None:
    client = connect("dynamodb", HOME)

    assert client.create_table(**table())["TableDescription"]["TableStatus"] == "ACTIVE"
    assert replicate(connect, HOME, OTHER)["TableStatus"] == "ACTIVE"
    assert states(connect) == {HOME: "ACTIVE", OTHER: "ACTIVE"}


def test_a_table_is_creating_for_its_delay(localcloud: Running, connect: Connect, account: str) -> None:
    set_delays(localcloud["url"], account, table_creating_s=0.5)
    started_s = time.monotonic()
    client = made(connect)

    assert states(connect) == {HOME: "CREATING"}
    assert refusal(client.get_item, TableName="a-table", Key={"key": {"S": "a"}}) == "ResourceNotFoundException"
    assert refusal(client.delete_table, TableName="a-table") == IN_USE
    while states(connect) != {HOME: "ACTIVE"}:
        assert time.monotonic() - started_s < 5
    assert time.monotonic() - started_s >= 0.5
    assert refusal(client.get_item, TableName="a-table", Key={"key": {"S": "a"}}) == ADMITTED


def test_a_replica_change_takes_its_delay(localcloud: Running, connect: Connect, account: str) -> None:
    client = made(connect)
    set_delays(localcloud["url"], account, replica_creating_s=0.5)
    started_s = time.monotonic()
    answer = replicate(connect, HOME, OTHER)

    assert answer["TableStatus"] == "UPDATING"
    assert states(connect) == {HOME: "UPDATING", OTHER: "CREATING"}
    assert states(connect, OTHER)[OTHER] == "CREATING"
    assert refusal(replicate, connect=connect, source=HOME, region=THIRD) == IN_USE
    assert refusal(client.update_table, TableName="a-table", DeletionProtectionEnabled=True) == IN_USE
    while states(connect) != {HOME: "ACTIVE", OTHER: "ACTIVE"}:
        assert time.monotonic() - started_s < 5
    assert time.monotonic() - started_s >= 0.5

    replicate(connect, HOME, OTHER, action="Delete")
    assert states(connect) == {HOME: "UPDATING", OTHER: "DELETING"}
    while states(connect) != {HOME: "ACTIVE"}:
        assert time.monotonic() - started_s < 10
