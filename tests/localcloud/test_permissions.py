"""API Gateway invokes only an alias whose resource policy names it."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.permissions import gateway_may_invoke

ALIAS = "arn:aws:lambda:eu-central-1:000000000000:function:f:live"
ROUTE = "arn:aws:execute-api:eu-central-1:000000000000:abc/$default/GET/{key}"


def statement(**changes: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ALIAS,
    } | changes


def when(operator: str, key: str, value: str) -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([], False),
        ([statement()], True),
        ([statement(Resource=ALIAS.removesuffix(":live"))], False),
        ([statement(Resource=ALIAS + "x")], False),
        ([statement(Principal={"Service": "events.amazonaws.com"})], False),
        ([statement(Action="lambda:GetFunction")], False),
        ([statement(**when("ArnLike", "AWS:SourceArn", ROUTE.split("/", 1)[0] + "/*/*"))], True),
        ([statement(**when("ArnLike", "AWS:SourceArn", ROUTE))], True),
        ([statement(**when("ArnLike", "AWS:SourceArn", ROUTE.replace("abc", "other")))], False),
        ([statement(**when("ArnLike", "AWS:SourceArn", ROUTE.replace("GET", "POST")))], False),
        ([statement(**when("StringEquals", "AWS:SourceAccount", "000000000000"))], True),
        ([statement(**when("StringEquals", "AWS:SourceAccount", "111111111111"))], False),
        ([statement(**when("StringEquals", "aws:PrincipalOrgID", "o-1"))], False),
        ([statement(), statement(Effect="Deny")], False),
    ],
)
def test_who_may_invoke(statements: list[dict[str, Any]], allowed: bool) -> None:
    policy = {"Version": "2012-10-17", "Statement": statements}

    assert gateway_may_invoke(policy, resource=ALIAS, source_arn=ROUTE, account="000000000000") is allowed
