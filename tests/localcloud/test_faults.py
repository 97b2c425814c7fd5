"""Calls go wrong as asked: unanswered, held, throttled, refused; and the call log tells what happened."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from localcloud.process import Running
from tests.localcloud.service import Connect, ask_control, control, eventually, make_global_table

REGION = "eu-west-3"


@pytest.fixture
def faults(localcloud: Running, account: str) -> Iterator[Any]:
    """faults(action=…, do=…) adds one for the test's account; what is left is removed afterwards."""
    added: list[int] = []

    def add(**rule: Any) -> int:
        number = int(control(localcloud, "faults", {"account": account, **rule})["id"])
        added.append(number)
        return number

    yield add
    for number in added:
        control(localcloud, f"faults?id={number}", method="DELETE")


def described(localcloud: Running, number: int) -> dict[str, Any]:
    (fault,) = (fault for fault in control(localcloud, "faults")["faults"] if fault["id"] == number)
    return dict(fault)


def tables(connect: Connect) -> list[str]:
    return list(connect("dynamodb", REGION).list_tables()["TableNames"])


def test_dropped_before_it_was_never_done(connect: Connect, faults: Any) -> None:
    faults(action="CreateTable", do="drop")

    with pytest.raises(ConnectionClosedError):
        make_global_table(connect, "items", REGION)

    assert tables(connect) == []


def test_dropped_after_it_was_done_and_nobody_was_told(connect: Connect, faults: Any) -> None:
    faults(action="CreateTable", do="drop", when="after")

    with pytest.raises(ConnectionClosedError):
        make_global_table(connect, "items", REGION)

    assert tables(connect) == ["items"]


def test_a_fault_strikes_as_often_as_asked(connect: Connect, faults: Any, localcloud: Running) -> None:
    number = faults(action="ListTables", do="error", code="InternalServerError", times=2)

    outcomes = []
    for _ in range(3):
        try:
            outcomes.append(tables(connect))
        except ClientError as refusal:
            outcomes.append(refusal.response["Error"]["Code"])

    assert outcomes == ["InternalServerError", "InternalServerError", []]
    assert described(localcloud, number)["hits"] == 2


@pytest.mark.parametrize(
    ("service", "operation", "action", "code"),
    [
        ("dynamodb", "list_tables", "ListTables", "ThrottlingException"),
        ("lambda", "list_functions", "ListFunctions", "TooManyRequestsException"),
        ("apigatewayv2", "get_apis", "GetApis", "TooManyRequestsException"),
        ("iam", "list_roles", "ListRoles", "Throttling"),
        ("route53", "list_hosted_zones", "ListHostedZones", "Throttling"),
        ("ec2", "describe_regions", "DescribeRegions", "RequestLimitExceeded"),
    ],
)
def test_a_throttle_speaks_the_services_language(
    connect: Connect, faults: Any, service: str, operation: str, action: str, code: str
) -> None:
    faults(action=action, do="throttle")

    with pytest.raises(ClientError) as refusal:
        getattr(connect(service, REGION), operation)()

    assert refusal.value.response["Error"]["Code"] == code


def test_a_held_call_goes_on_when_it_is_let_go(connect: Connect, faults: Any, localcloud: Running) -> None:
    number = faults(action="CreateTable", do="hang")
    creating = threading.Thread(target=lambda: make_global_table(connect, "items", REGION), daemon=True)
    creating.start()
    eventually(lambda: described(localcloud, number)["holding"], lambda holding: holding == 1)
    assert tables(connect) == []

    control(localcloud, f"faults?id={number}", method="DELETE")
    creating.join(10)

    assert tables(connect) == ["items"]


@pytest.mark.parametrize(("when", "done"), [("before", []), ("after", ["items"])])
def test_a_client_that_dies_while_it_is_held(
    connect: Connect, faults: Any, localcloud: Running, when: str, done: list[str]
) -> None:
    number = faults(action="CreateTable", do="hang", when=when)

    with pytest.raises(ReadTimeoutError):
        connect("dynamodb", REGION, read_timeout=0.3).create_table(
            TableName="items",
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )

    eventually(lambda: described(localcloud, number), lambda fault: (fault["hits"], fault["holding"]) == (1, 0))
    assert tables(connect) == done


def test_a_fault_strikes_only_what_it_names(connect: Connect, faults: Any) -> None:
    faults(action="DescribeTable", do="error", code="Struck", match="items-b", region=REGION)
    faults(action="DescribeTable", do="error", code="Elsewhere", region="us-west-1")
    make = connect("dynamodb", REGION)

    codes = []
    for name in ("items-a", "items-b"):
        with pytest.raises(ClientError) as refusal:
            make.describe_table(TableName=name)
        codes.append(refusal.value.response["Error"]["Code"])

    assert codes == ["ResourceNotFoundException", "Struck"]


@pytest.mark.parametrize("wrong", [{"do": "explode"}, {"do": "drop", "when": "later"}, {"do": "drop", "actoin": "x"}])
def test_a_fault_that_means_nothing_is_refused(localcloud: Running, wrong: dict[str, str]) -> None:
    assert ask_control(localcloud, "faults", wrong)[0] == 400


def test_the_call_log_names_each_call_of_an_account(
    connect: Connect, account: str, faults: Any, localcloud: Running
) -> None:
    faults(action="ListRoles", do="drop")
    tables(connect)
    with pytest.raises(ConnectionClosedError):
        connect("iam", REGION).list_roles()
    with pytest.raises(ClientError):
        connect("dynamodb", REGION).describe_table(TableName="absent")

    calls = control(localcloud, f"calls?account={account}")["calls"]

    assert [(call["service"], call["action"], call["region"], call["status"]) for call in calls] == [
        ("dynamodb", "ListTables", REGION, 200),
        ("iam", "ListRoles", "us-east-1", None),
        ("dynamodb", "DescribeTable", REGION, 400),
    ]
