"""Roles and their policies, and who may take a role."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.localcloud.strict.world import ADMITTED, LAMBDA_TRUST, Connect, make_role, refusal

MALFORMED = "MalformedPolicyDocument"
LIMIT = "LimitExceeded"
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def policy(*statements: dict[str, Any], pad: int = 0) -> str:
    filler = [{**READ, "Sid": "a" * pad}] if pad else []
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements, *filler]})


def trust(**changes: Any) -> str:
    statement = json.loads(LAMBDA_TRUST)["Statement"][0] | changes
    return policy({name: value for name, value in statement.items() if value is not None})


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"RoleName": "a" * 65}, "ValidationError"),
        ({"RoleName": "a role"}, "ValidationError"),
        ({"AssumeRolePolicyDocument": "{"}, MALFORMED),
        ({"AssumeRolePolicyDocument": trust(Principal=None)}, MALFORMED),
        ({"AssumeRolePolicyDocument": trust(Resource="*")}, MALFORMED),
        ({"AssumeRolePolicyDocument": trust(Action="s3:GetObject")}, MALFORMED),
        ({"AssumeRolePolicyDocument": trust(Effect="Maybe")}, MALFORMED),
        ({"AssumeRolePolicyDocument": trust(Sid="a" * 2_048)}, LIMIT),
        ({"Description": "a" * 1_001}, "ValidationError"),
        ({"MaxSessionDuration": 43_201}, "ValidationError"),
        ({"RoleName": "a" * 64, "Tags": [{"Key": "owner", "Value": "one"}]}, ADMITTED),
    ],
    ids=lambda given: repr(given)[:60],
)
def test_create_role_answers(connect: Connect, given: dict[str, Any], code: str) -> None:
    asked = {"RoleName": "a-role", "AssumeRolePolicyDocument": LAMBDA_TRUST} | given

    assert refusal(connect("iam").create_role, **asked) == code


def test_a_role_is_made_once(connect: Connect) -> None:
    make_role(connect)

    assert refusal(make_role, connect=connect) == "EntityAlreadyExists"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{", MALFORMED),
        (policy({**READ, "Principal": "*"}), MALFORMED),
        (policy({"Effect": "Allow", "Action": "s3:GetObject"}), MALFORMED),
        (policy({"Effect": "Allow", "Resource": "*"}), MALFORMED),
        (policy({**READ, "Effect": "Maybe"}), MALFORMED),
        (policy(pad=10_240), LIMIT),
        (policy(READ), ADMITTED),
    ],
    ids=lambda document: document[:60],
)
def test_put_role_policy_answers(connect: Connect, document: str, code: str) -> None:
    make_role(connect)
    asked = {"RoleName": "a-role", "PolicyName": "own", "PolicyDocument": document}

    assert refusal(connect("iam").put_role_policy, **asked) == code


def test_the_inline_policies_of_a_role_count_together(connect: Connect) -> None:
    make_role(connect)
    put = connect("iam").put_role_policy

    assert refusal(put, RoleName="a-role", PolicyName="one", PolicyDocument=policy(pad=6_000)) == ADMITTED
    assert refusal(put, RoleName="a-role", PolicyName="two", PolicyDocument=policy(pad=6_000)) == LIMIT
    assert refusal(put, RoleName="a-role", PolicyName="one", PolicyDocument=policy(pad=6_001)) == ADMITTED


def test_a_policy_of_an_absent_role_is_no_such_entity(connect: Connect) -> None:
    asked = {"RoleName": "absent", "PolicyName": "own", "PolicyDocument": "{"}

    assert refusal(connect("iam").put_role_policy, **asked) == "NoSuchEntity"


def test_a_role_with_policies_is_not_deleted(connect: Connect) -> None:
    iam = connect("iam")
    make_role(connect)
    managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.put_role_policy(RoleName="a-role", PolicyName="own", PolicyDocument=policy(READ))
    iam.attach_role_policy(RoleName="a-role", PolicyArn=managed)

    assert refusal(iam.delete_role, RoleName="a-role") == "DeleteConflict"
    iam.detach_role_policy(RoleName="a-role", PolicyArn=managed)
    assert refusal(iam.delete_role, RoleName="a-role") == "DeleteConflict"
    iam.delete_role_policy(RoleName="a-role", PolicyName="own")
    assert refusal(iam.delete_role, RoleName="a-role") == ADMITTED


def test_an_attached_policy_exists(connect: Connect, account: str) -> None:
    make_role(connect)
    absent = f"arn:aws:iam::{account}:policy/absent"

    assert refusal(connect("iam").attach_role_policy, RoleName="a-role", PolicyArn=absent) == "NoSuchEntity"


def test_a_role_is_assumed_with_its_external_id_only(connect: Connect, account: str) -> None:
    guarded = trust(
        Principal={"AWS": f"arn:aws:iam::{account}:root"}, Condition={"StringEquals": {"sts:ExternalId": "secret"}}
    )
    take = {"RoleArn": make_role(connect, trust=guarded), "RoleSessionName": "one"}
    sts = connect("sts", "eu-central-1")

    assert refusal(sts.assume_role, **take) == "AccessDenied"
    assert refusal(sts.assume_role, **take, ExternalId="guess") == "AccessDenied"
    assert refusal(sts.assume_role, **take, ExternalId="secret") == ADMITTED
