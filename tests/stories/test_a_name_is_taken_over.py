"""Another control plane is replaced by this one: a table made by hand and a name that it owned come into a service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.stories.service import Service, owner_record, records, zone_id
from tests.stories.system import System

pytestmark = pytest.mark.story

TWO = ("us-west-2", "eu-central-1")
THEM = str(uuid4())


def test_a_name_is_taken_over(system: System, service: Callable[[str], Service]) -> None:
    harbor = service("harbor")
    made_by_hand(system)
    theirs(system, harbor)
    harbor.save(regions=TWO)

    # A plan says what stands in the way, and leaves it alone.
    stops = {(each["kind"], each["region"], each["code"]) for each in harbor.plan()["problems"]}
    assert {("dynamodb_table", "us-west-2", "conflict"), ("route53_record", "global", "conflict")} <= stops

    # The table: seen first, then adopted. Nothing is called but what looks.
    wanted = {"kind": "dynamodb_table", "region": "us-west-2", "name": "keyvalues"}
    path = f"services/{harbor.name}/adopt/"
    system.foundation_rests()
    system.cloud("POST", "calls/clear")
    preview = system.api.call("POST", path, {**wanted, "preview": True})
    assert (preview["physical_id"], preview["marked_by"]) == ("harbor-keyvalues", None)
    system.api.call("POST", path, {**wanted, "reason": "the table from before the move"})
    assert system.writes() == []

    # The name: its records go on answering, byte for byte; one batch was sent, and it moved the owner record alone.
    before, system_records = records(harbor), {"owner": THEM, "generation": 7}
    path = f"services/{harbor.name}/take-over/"
    told = system.api.call("POST", path, {"preview": True})
    assert {key: told[key] for key in system_records} == system_records
    taken = system.api.call("POST", path, {**system_records, "reason": "the old control plane is switched off"})
    assert (taken["ours"], taken["generation"]) == (True, 8)
    assert records(harbor) == before
    assert owner_record(harbor) == f"antipode/{taken['owner']}/8"
    assert [action for _, action in system.writes()] == ["ChangeResourceRecordSets"]

    # From now on a plan shows what differs as updates, and a deploy brings it about.
    updates = {(change["kind"], change["name"]) for change in harbor.changes() if change["action"] == "update"}
    assert {("dynamodb_table", "keyvalues"), ("route53_record", f"{harbor.hostname} A us-west-2")} <= updates
    assert harbor.plan()["problems"] == []
    harbor.deploy()

    assert harbor.get("us-west-2", "/from-before")[1]["value"] == "kept"
    assert sorted(harbor.answering()) == sorted(TWO)
    assert harbor.changes() == []
    assert all("AliasTarget" in each for each in records(harbor) if each["Name"] == f"{harbor.hostname}.")
    owner, generation = str(owner_record(harbor)).split("/")[1:]
    assert (owner, int(generation) > 8) == (taken["owner"], True)
    told_so = {entry["action"] for entry in system.api.call("GET", f"audit/?service={harbor.name}")["results"]}
    assert {"resource.adopted", "hostname.taken_over"} <= told_so


def made_by_hand(system: System) -> None:
    """A table with what a service of before has stored."""
    dynamodb = system.aws("dynamodb", "us-west-2")
    dynamodb.create_table(
        TableName="harbor-keyvalues",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "made-by", "Value": "hand"}],
    )
    dynamodb.get_waiter("table_exists").wait(TableName="harbor-keyvalues", WaiterConfig={"Delay": 1})
    item = {"key": {"S": "from-before"}, "value": {"S": "kept"}, "writeRegion": {"S": "us-west-2"}}
    dynamodb.put_item(TableName="harbor-keyvalues", Item=item)


def theirs(system: System, service: Service) -> None:
    """The records of another installation: its owner record, and an address in each region."""
    changes: list[tuple[str, dict[str, Any]]] = [
        (f'"antipode/{THEM}/7"', {"Name": f"_owner.{service.hostname}", "Type": "TXT", "TTL": 60}),
        *(
            (
                f"192.0.2.{number}",
                {"Name": service.hostname, "Type": "A", "TTL": 60, "SetIdentifier": region, "Region": region},
            )
            for number, region in enumerate(TWO, start=1)
        ),
    ]
    system.aws("route53").change_resource_record_sets(
        HostedZoneId=zone_id(system),
        ChangeBatch={
            "Changes": [
                {"Action": "CREATE", "ResourceRecordSet": {**each, "ResourceRecords": [{"Value": value}]}}
                for value, each in changes
            ]
        },
    )
