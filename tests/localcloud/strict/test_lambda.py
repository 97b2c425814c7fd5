"""Lambda: roles, runtimes, limits, versions, and functions that are busy."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from localcloud.call import Call
from localcloud.process import Running
from localcloud.strict import lambda_
from localcloud.strict.rules import Refusal
from tests.localcloud.strict.world import (
    ADMITTED,
    LAMBDA_TRUST,
    Connect,
    function,
    make_role,
    message,
    refusal,
    set_delays,
    zipped,
)

REGION = "eu-central-1"
VALUE = "InvalidParameterValueException"
CONSTRAINT = "ValidationException"
CONFLICT = "ResourceConflictException"
ABSENT = "ResourceNotFoundException"
CANNOT_ASSUME = "The role defined for the function cannot be assumed by Lambda."


@pytest.fixture
def functions(connect: Connect) -> Any:
    return connect("lambda", REGION)


@pytest.fixture
def role(connect: Connect) -> str:
    return make_role(connect)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Runtime": "pyton3.12"}, VALUE),
        ({"Runtime": "python3.8"}, VALUE),
        ({"Handler": "with space"}, CONSTRAINT),
        ({"MemorySize": 20_000}, CONSTRAINT),
        ({"Timeout": 901}, CONSTRAINT),
        ({"FunctionName": "a" * 65}, CONSTRAINT),
        ({"Code": {"ZipFile": b"no zip"}}, VALUE),
        ({"Code": {}}, VALUE),
        ({"Environment": {"Variables": {"AWS_REGION": "us-east-1"}}}, VALUE),
        ({"Environment": {"Variables": {"LONG": "a" * 4_096}}}, VALUE),
        ({"Environment": {"Variables": {"1st": "a"}}}, CONSTRAINT),
        ({"LoggingConfig": {"LogGroup": "/a b"}}, CONSTRAINT),
        ({"MemorySize": 10_240, "Timeout": 900, "Environment": {"Variables": {"LONG": "a" * 4_000}}}, ADMITTED),
    ],
    ids=lambda given: repr(given)[:60],
)
def test_create_function_answers(functions: Any, role: str, given: dict[str, Any], code: str) -> None:
    assert refusal(functions.create_function, **function(role, **given)) == code


@pytest.mark.parametrize(("size", "code"), [(50 * 2**20, None), (50 * 2**20 + 3, "RequestEntityTooLargeException")])
def test_a_zip_over_50_mb_is_not_taken_directly(size: int, code: str | None) -> None:
    """Asked of the rule itself: sending so much takes seconds."""
    call = Call(
        service="lambda",
        action="CreateFunction",
        account="111111111111",
        region=REGION,
        params={"Code": {"ZipFile": "A" * (size * 4 // 3)}},
        method="POST",
        path="/2015-03-31/functions",
        query={},
        headers={},
        body=b"",
    )
    refused = lambda_.a_direct_zip_has_50_mb(call)

    assert (refused.code if isinstance(refused, Refusal) else refused) == code


def test_a_role_is_there_and_lambda_can_assume_it(connect: Connect, functions: Any, role: str) -> None:
    other = json.dumps(json.loads(LAMBDA_TRUST.replace("lambda.amazonaws.com", "ec2.amazonaws.com")))
    foreign = f"arn:aws:iam::999999999999:role/{role.rpartition('/')[2]}"

    assert message(functions.create_function, **function(role + "x")) == CANNOT_ASSUME
    assert message(functions.create_function, **function(make_role(connect, "for-ec2", other))) == CANNOT_ASSUME
    assert refusal(functions.create_function, **function(foreign)) == "AccessDeniedException"
    assert refusal(functions.create_function, **function("a-role")) in (CONSTRAINT, VALUE)


def test_a_young_role_is_not_assumable(localcloud: Running, connect: Connect, account: str) -> None:
    set_delays(localcloud["url"], account, role_not_assumable_s=0.5)
    functions, role, started_s = connect("lambda", REGION), make_role(connect), time.monotonic()

    assert message(functions.create_function, **function(role)) == CANNOT_ASSUME
    while refusal(functions.create_function, **function(role)) == VALUE:
        assert time.monotonic() - started_s < 5
    assert time.monotonic() - started_s >= 0.4


def test_a_function_is_active_at_once(functions: Any, role: str) -> None:
    made = functions.create_function(**function(role))

    assert (made["State"], made["LastUpdateStatus"]) == ("Active", "Successful")
    assert functions.update_function_configuration(FunctionName="a-function", Timeout=5)["State"] == "Active"


def test_a_pending_function_refuses_changes_until_its_delay_is_over(
    localcloud: Running, connect: Connect, account: str
) -> None:
    functions, role = connect("lambda", REGION), make_role(connect)
    set_delays(localcloud["url"], account, function_pending_s=0.5)
    started_s = time.monotonic()
    made = functions.create_function(**function(role))
    change = {"FunctionName": "a-function", "Timeout": 5}

    assert (made["State"], made["StateReasonCode"]) == ("Pending", "Creating")
    assert refusal(functions.update_function_configuration, **change) == CONFLICT
    assert refusal(functions.publish_version, FunctionName="a-function") == CONFLICT
    assert refusal(functions.invoke, FunctionName="a-function") == CONFLICT
    while functions.get_function_configuration(FunctionName="a-function")["State"] == "Pending":
        assert time.monotonic() - started_s < 5
    assert time.monotonic() - started_s >= 0.5

    updated = functions.update_function_configuration(**change)
    assert (updated["State"], updated["LastUpdateStatus"]) == ("Active", "InProgress")
    assert refusal(functions.update_function_code, FunctionName="a-function", ZipFile=zipped()) == CONFLICT


def test_a_version_is_published_only_when_something_changed(functions: Any, role: str) -> None:
    functions.create_function(**function(role))

    def published() -> str:
        return str(functions.publish_version(FunctionName="a-function")["Version"])

    first = published()
    again = published()
    functions.update_function_code(FunctionName="a-function", ZipFile=zipped())
    same_code = published()
    functions.update_function_configuration(FunctionName="a-function", Timeout=9)
    configured = published()
    code = functions.update_function_code(FunctionName="a-function", ZipFile=zipped("other = 1"), Publish=True)

    assert [first, again, same_code, configured, code["Version"]] == ["1", "1", "1", "2", "3"]


def test_a_description_of_the_function_counts_and_one_of_the_version_does_not(functions: Any, role: str) -> None:
    functions.create_function(**function(role))
    first = functions.publish_version(FunctionName="a-function", Description="the first")
    again = functions.publish_version(FunctionName="a-function")
    functions.update_function_configuration(FunctionName="a-function", Description="other")
    described = functions.publish_version(FunctionName="a-function")

    assert [held["Version"] for held in (first, again, described)] == ["1", "1", "2"]


def test_a_function_created_with_a_version_has_it(functions: Any, role: str) -> None:
    made = functions.create_function(**function(role, Publish=True))

    assert (made["Version"], made["State"]) == ("1", "Active")
    assert functions.publish_version(FunctionName="a-function")["Version"] == "1"


def test_a_published_hash_is_the_latest(functions: Any, role: str) -> None:
    made = functions.create_function(**function(role))
    wanted = {"FunctionName": "a-function", "CodeSha256": made["CodeSha256"]}

    assert refusal(functions.publish_version, **{**wanted, "CodeSha256": "other"}) == VALUE
    assert refusal(functions.publish_version, **wanted) == ADMITTED


def test_an_alias_points_at_a_version_that_exists(functions: Any, role: str) -> None:
    functions.create_function(**function(role))
    functions.publish_version(FunctionName="a-function")
    live = {"FunctionName": "a-function", "Name": "live"}

    assert refusal(functions.create_alias, **live, FunctionVersion="2") == ABSENT
    assert refusal(functions.create_alias, FunctionName="a-function", Name="12", FunctionVersion="1") == CONSTRAINT
    assert refusal(functions.create_alias, **live, FunctionVersion="1") == ADMITTED
    assert refusal(functions.create_alias, **live, FunctionVersion="1") == CONFLICT
    assert refusal(functions.update_alias, **live, FunctionVersion="2") == ABSENT
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    assert refusal(functions.update_alias, **live, RoutingConfig=weights) == ABSENT


def test_a_permission_is_given_once_to_a_qualifier_that_exists(functions: Any, role: str) -> None:
    functions.create_function(**function(role, Publish=True))
    functions.create_alias(FunctionName="a-function", Name="live", FunctionVersion="1")
    asked = {
        "FunctionName": "a-function",
        "StatementId": "gateway",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
    }

    assert refusal(functions.add_permission, **asked, Qualifier="absent") == ABSENT
    assert refusal(functions.add_permission, **asked, Qualifier="live") == ADMITTED
    assert refusal(functions.add_permission, **asked, Qualifier="live") == CONFLICT


def test_deleting_the_absent_is_not_found(functions: Any) -> None:
    assert refusal(functions.delete_function, FunctionName="absent") == ABSENT


def test_reservations_leave_100_unreserved(functions: Any, role: str) -> None:
    for name in ("one", "two"):
        functions.create_function(**function(role, FunctionName=name))
    reserve = functions.put_function_concurrency

    assert refusal(reserve, FunctionName="one", ReservedConcurrentExecutions=901) == VALUE
    assert refusal(reserve, FunctionName="one", ReservedConcurrentExecutions=900) == ADMITTED
    assert refusal(reserve, FunctionName="two", ReservedConcurrentExecutions=1) == VALUE
    assert refusal(reserve, FunctionName="one", ReservedConcurrentExecutions=899) == ADMITTED
    assert refusal(reserve, FunctionName="two", ReservedConcurrentExecutions=1) == ADMITTED
