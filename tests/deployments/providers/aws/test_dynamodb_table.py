"""The replicas of a table: one is created, the others are added to it, each is taken out again, the last is deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployments.providers.errors import Conflict, Transient
from deployments.providers.protocol import Target
from tests.deployments.providers.aws.cases import table
from tests.deployments.providers.aws.stage import ABROAD, HOME, Stage

THIRD = "ap-southeast-1"


def in_region(target: Target, region: str) -> Target:
    return replace(
        target, ref=target.ref._replace(scope=region), context={"regions": [HOME, ABROAD, THIRD]}, physical_id=""
    )


def members(stage: Stage, region: str) -> set[str]:
    told = stage.root("dynamodb", region).describe_table(TableName="keyvalue-keyvalues")["Table"]
    return {region} | {replica["RegionName"] for replica in told.get("Replicas", [])}


def test_the_second_region_joins_the_first(stage: Stage) -> None:
    target = table(stage)

    for region in (HOME, ABROAD, THIRD):
        stage.make(in_region(target, region))

    assert members(stage, THIRD) == {HOME, ABROAD, THIRD}


def test_whichever_region_comes_first_is_the_first_member(stage: Stage) -> None:
    target = table(stage)

    stage.make(in_region(target, THIRD))
    stage.make(in_region(target, HOME))

    assert members(stage, HOME) == {HOME, THIRD}


def test_a_new_replica_is_ours_and_lacks_its_tags_until_an_update_brings_them(stage: Stage) -> None:
    stage.delay(replica_creating_s=0.5)
    target = table(stage)
    stage.make(in_region(target, HOME))
    replica = in_region(target, ABROAD)

    joined = stage.make(replica)
    assert joined.ours
    assert joined.params != replica.params

    assert stage.change(replica).params == replica.params
    arn = joined.outputs["arn"]
    tags = stage.root("dynamodb", ABROAD).list_tags_of_resource(ResourceArn=arn)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "team": "core",
        "antipode:owner": stage.owner,
        "antipode:ref": str(replica.ref),
    }


def test_a_replica_that_is_there_at_once_is_complete(stage: Stage) -> None:
    target = table(stage)
    stage.make(in_region(target, HOME))
    replica = in_region(target, ABROAD)

    made = stage.provider.create(replica)

    assert (made.ready, made.ours, made.params) == (True, True, replica.params)


def test_a_replica_that_is_being_created_is_not_ready(stage: Stage) -> None:
    stage.delay(replica_creating_s=30)
    target = table(stage)
    stage.make(in_region(target, HOME))

    made = stage.provider.create(in_region(target, ABROAD))
    again = stage.provider.create(in_region(target, ABROAD)) if members(stage, HOME) == {HOME} else made

    assert (made.ready, made.status) == (False, "CREATING")
    assert again.ready is False
    first = stage.look(in_region(target, HOME))
    assert first is not None
    assert not first.ready


def test_no_second_table_where_a_region_can_not_be_seen(stage: Stage) -> None:
    """Two tables that were made apart can't be joined."""
    target = table(stage)
    stage.fault(service="dynamodb", action="DescribeTable", region=ABROAD, do="error", times=None)

    with pytest.raises(Transient):
        stage.provider.create(in_region(target, HOME))

    assert stage.root("dynamodb", HOME).list_tables()["TableNames"] == []


def test_a_table_that_stands_alone_where_a_replica_should_be_is_a_conflict(stage: Stage) -> None:
    target = table(stage)
    stage.make(in_region(target, HOME))
    stage.root("dynamodb", ABROAD).create_table(
        TableName="keyvalue-keyvalues",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    with pytest.raises(Conflict):
        stage.provider.create(in_region(target, ABROAD))


def test_replicas_leave_one_by_one_and_the_last_is_deleted(stage: Stage) -> None:
    target = table(stage)
    for region in (HOME, ABROAD, THIRD):
        stage.make(in_region(target, region))

    stage.remove(in_region(target, THIRD))
    assert members(stage, ABROAD) == {HOME, ABROAD}
    stage.remove(in_region(target, ABROAD))
    assert members(stage, HOME) == {HOME}
    stage.remove(in_region(target, HOME))

    assert [stage.look(in_region(target, region)) for region in (HOME, ABROAD, THIRD)] == [None, None, None]


def test_a_replica_that_others_were_added_from_is_waited_for(stage: Stage) -> None:
    target = table(stage)
    stage.make(in_region(target, HOME))
    stage.make(in_region(target, ABROAD))

    with pytest.raises(Transient) as waiting:
        stage.provider.delete(in_region(target, HOME))

    assert (waiting.value.code, waiting.value.waiting) == ("SourceReplica", True)
    assert "24 hours" in waiting.value.message
    assert members(stage, HOME) == {HOME, ABROAD}
