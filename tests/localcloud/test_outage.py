"""A region goes dark: its API and its traffic fail, the others go on, and afterwards all tables agree."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from localcloud.process import Running
from tests.localcloud.service import (
    Connect,
    addresses_of,
    ask_control,
    at_shared,
    control,
    eventually,
    get,
    make_echo,
    make_global_table,
    value_of,
)

# Regions of these tests alone, so that no other test of the same local cloud meets their outages.
REGION, OTHER, THIRD = "sa-east-1", "ca-central-1", "ap-northeast-3"


@pytest.fixture(autouse=True)
def _all_up(localcloud: Running) -> Iterator[None]:
    yield
    for region in (REGION, OTHER, THIRD):
        control(localcloud, "outages", {"region": region, "on": False})


def down(localcloud: Running, region: str, mode: str) -> None:
    control(localcloud, "outages", {"region": region, "on": True, "mode": mode})


def up(localcloud: Running, region: str) -> None:
    control(localcloud, "outages", {"region": region, "on": False})


def test_in_a_black_hole_clients_time_out_and_find_the_region_again(
    connect: Connect, account: str, localcloud: Running
) -> None:
    domain = f"{REGION}.dark-{account}.test"
    make_echo(connect, account, REGION, domain, "1.0", "GET /{key}")
    address = addresses_of(localcloud, REGION)
    own = connect("dynamodb", REGION, url=address["api"])
    down(localcloud, REGION, "blackhole")

    for door in ("http", "https"):
        ca_file = localcloud["ca_file"] if door == "https" else None
        with pytest.raises(TimeoutError):
            get(address[door], domain, "/apple", ca_file=ca_file, timeout_s=0.3)
    with pytest.raises(TimeoutError):
        at_shared(localcloud, f"/_at/{domain}/apple", timeout_s=0.3)
    with pytest.raises(ConnectTimeoutError):
        own.list_tables()
    with pytest.raises(ReadTimeoutError):
        connect("dynamodb", REGION, read_timeout=0.3).list_tables()

    up(localcloud, REGION)

    assert get(address["http"], domain, "/apple")[0] == 200
    assert get(address["https"], domain, "/apple", ca_file=localcloud["ca_file"])[0] == 200
    assert at_shared(localcloud, f"/_at/{domain}/apple")[0] == 200
    assert own.list_tables()["TableNames"] == []


def test_a_request_that_waits_in_a_black_hole_is_served_when_it_ends(connect: Connect, localcloud: Running) -> None:
    down(localcloud, REGION, "blackhole")
    answers: list[list[str]] = []
    asking = threading.Thread(
        target=lambda: answers.append(connect("dynamodb", REGION).list_tables()["TableNames"]), daemon=True
    )
    asking.start()
    asking.join(0.3)
    assert answers == []

    up(localcloud, REGION)
    asking.join(10)

    assert answers == [[]]


def test_unavailable_regions_answer_503_in_the_wire_format_of_each_service(
    connect: Connect, account: str, localcloud: Running
) -> None:
    domain = f"{REGION}.unavailable-{account}.test"
    make_echo(connect, account, REGION, domain, "1.0", "GET /{key}")
    address = addresses_of(localcloud, REGION)
    down(localcloud, REGION, "503")

    asked = {
        "dynamodb": lambda: connect("dynamodb", REGION).list_tables(),
        "lambda": lambda: connect("lambda", REGION, url=address["api"]).list_functions(),
        "ec2": lambda: connect("ec2", REGION).describe_regions(),
        "s3": lambda: connect("s3", REGION).list_buckets(),
        "apigatewayv2": lambda: connect("apigatewayv2", REGION).get_apis(),
    }
    for ask in asked.values():
        with pytest.raises(ClientError) as refusal:
            ask()
        assert refusal.value.response["Error"]["Code"] == "ServiceUnavailable"
        assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert get(address["http"], domain, "/apple") == (503, {"message": "Service Unavailable"})
    assert at_shared(localcloud, f"/_at/{domain}/apple") == (503, {"message": "Service Unavailable"})

    up(localcloud, REGION)

    assert connect("dynamodb", REGION).list_tables()["TableNames"] == []
    assert get(address["http"], domain, "/apple")[0] == 200


def test_global_services_live_in_us_east_1_whatever_region_signs(connect: Connect, localcloud: Running) -> None:
    down(localcloud, REGION, "503")

    assert connect("iam", REGION).list_roles()["Roles"] == []
    assert connect("route53", REGION).list_hosted_zones()["HostedZones"] == []


def test_the_other_regions_go_on_and_the_last_writer_wins_when_the_region_is_back(
    connect: Connect, localcloud: Running
) -> None:
    make_global_table(connect, "items", REGION, OTHER, THIRD)
    here, other, third = (connect("dynamodb", region) for region in (REGION, OTHER, THIRD))
    for key in ("kept", "changed", "removed"):
        here.put_item(TableName="items", Item={"key": {"S": key}, "value": {"S": "before"}})
    down(localcloud, REGION, "blackhole")

    other.put_item(TableName="items", Item={"key": {"S": "changed"}, "value": {"S": "first"}})
    third.put_item(TableName="items", Item={"key": {"S": "changed"}, "value": {"S": "second"}})
    other.delete_item(TableName="items", Key={"key": {"S": "removed"}})
    assert value_of(other, "items", "changed") == value_of(third, "items", "changed") == "second"

    up(localcloud, REGION)

    for table in (here, other, third):
        assert {key: value_of(table, "items", key) for key in ("kept", "changed", "removed")} == {
            "kept": "before",
            "changed": "second",
            "removed": None,
        }


def test_a_write_of_the_severed_region_wins_exactly_when_it_is_the_newest(
    connect: Connect, localcloud: Running
) -> None:
    make_global_table(connect, "items", REGION, OTHER)
    here, other = connect("dynamodb", REGION), connect("dynamodb", OTHER)
    down(localcloud, REGION, "partition")

    here.put_item(TableName="items", Item={"key": {"S": "old here"}, "value": {"S": "here"}})
    other.put_item(TableName="items", Item={"key": {"S": "old here"}, "value": {"S": "other"}})
    other.put_item(TableName="items", Item={"key": {"S": "new here"}, "value": {"S": "other"}})
    here.put_item(TableName="items", Item={"key": {"S": "new here"}, "value": {"S": "here"}})
    assert (value_of(here, "items", "old here"), value_of(other, "items", "old here")) == ("here", "other")
    assert control(localcloud, "outages")["queued_writes"] == {REGION: 2, OTHER: 2}

    up(localcloud, REGION)

    for table in (here, other):
        assert (value_of(table, "items", "old here"), value_of(table, "items", "new here")) == ("other", "here")


def test_writes_wait_until_the_last_border_is_open(connect: Connect, localcloud: Running) -> None:
    make_global_table(connect, "items", REGION, OTHER)
    here, other = connect("dynamodb", REGION), connect("dynamodb", OTHER)
    down(localcloud, REGION, "partition")
    down(localcloud, OTHER, "partition")
    here.put_item(TableName="items", Item={"key": {"S": "k"}, "value": {"S": "here"}})

    up(localcloud, REGION)
    while_one_is_down = value_of(other, "items", "k")
    up(localcloud, OTHER)

    assert (while_one_is_down, value_of(other, "items", "k")) == (None, "here")


def test_an_outage_of_an_unknown_region_is_refused_with_the_mend(localcloud: Running) -> None:
    status, answer = ask_control(localcloud, "outages", {"region": "eu-middle-1", "on": True})

    assert status == 400
    assert "eu-central-1" in answer["error"]


def test_a_blackhole_does_not_slow_the_other_regions(connect: Connect, localcloud: Running) -> None:
    down(localcloud, REGION, "blackhole")
    other = connect("dynamodb", OTHER)

    began = time.monotonic()
    eventually(lambda: other.list_tables()["TableNames"], lambda names: names == [])

    assert time.monotonic() - began < 2
