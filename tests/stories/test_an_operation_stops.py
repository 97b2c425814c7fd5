"""Operations that do not go through: refused by AWS, cancelled, or in the way of somebody else. Each says what to do,
and the next one goes on from there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stories.service import THREE, Service, identities, owner_record, recorded, records, standing, zone_id
from tests.stories.system import System

pytestmark = pytest.mark.story


def test_a_refused_step_tells_the_mend(system: System, service: Callable[[str], Service]) -> None:
    refused = service("refused")
    refused.save()
    denied = {"code": "AccessDeniedException", "status": 403, "times": None, "region": "eu-central-1"}
    with system.fault("error", action="CreateFunction", match="refused-", **denied):
        ended = refused.ended(refused.start())

    assert ended["status"] == "failed"
    assert "AccessDeniedException" in ended["error"]
    assert ended["mend"]
    failed = [step for step in ended["steps"] if step["status"] == "failed"]
    assert {(step["kind"], step["region"], step["error_code"]) for step in failed} == {
        ("lambda_function", "eu-central-1", "AccessDeniedException")
    }
    assert all("lambda:CreateFunction" in step["mend"] for step in failed)
    # What could be done without it was done.
    assert refused.answering() == [region for region in THREE if region != "eu-central-1"]

    refused.succeeded(refused.retry(ended["id"]))
    assert refused.answering() == list(THREE)
    assert standing(refused) == recorded(refused)


def test_a_cancelled_deploy_is_gone_on_with(system: System, service: Callable[[str], Service]) -> None:
    halted = service("halted")
    halted.save()
    with system.fault("hang", action="CreateFunction", match="halted-", times=None) as held:
        operation = halted.start()
        system.until(held, "functions are being created")
        halted.cancel(operation)
    assert halted.ended(operation)["status"] == "cancelled"

    system.foundation_rests()
    system.cloud("POST", "calls/clear")
    stood = identities(halted)
    beaten = system.sweeps()
    system.until(lambda: system.sweeps() >= beaten + 2, "two rounds of beat")
    assert system.writes() == []
    assert identities(halted) == stood

    halted.deploy()
    assert halted.answering() == list(THREE)
    assert stood <= identities(halted)
    assert standing(halted) == recorded(halted)


def test_a_hostname_of_another_installation_is_left_alone(system: System, service: Callable[[str], Service]) -> None:
    claimed = service("claimed")
    value = '"antipode/11111111-2222-3333-4444-555555555555/7"'
    owner = {"Name": f"_owner.{claimed.hostname}.", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": value}]}
    change = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": owner}]}
    system.aws("route53").change_resource_record_sets(HostedZoneId=zone_id(system), ChangeBatch=change)

    claimed.save()
    ended = claimed.ended(claimed.start())

    assert ended["status"] == "failed"
    assert f"_owner.{claimed.hostname}" in ended["error"]
    assert "another installation's" in ended["error"]
    assert ended["mend"]
    assert records(claimed) == []
    assert owner_record(claimed) == value.strip('"')


def test_a_namesake_is_not_touched(system: System, service: Callable[[str], Service]) -> None:
    namesake = service("namesake")
    tables = system.aws("dynamodb", "us-west-2")
    tables.create_table(
        TableName="namesake-keyvalues",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
    )
    before = tables.describe_table(TableName="namesake-keyvalues")["Table"]

    namesake.save()
    ended = namesake.ended(namesake.start())

    assert ended["status"] == "failed"
    assert "namesake-keyvalues" in ended["error"]
    assert "ename" in ended["mend"]
    after = tables.describe_table(TableName="namesake-keyvalues")["Table"]
    assert after == before
    assert tables.list_tags_of_resource(ResourceArn=after["TableArn"])["Tags"] == []
