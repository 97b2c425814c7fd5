"""The judge of recorded calls can fail: what is not granted is refused, what is granted and not needed is told."""

from __future__ import annotations

import botocore.session
import pytest

from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import OWNER_TAG
from tests.permissions.judge import granted, unused
from tests.permissions.needs import Asked, Need, needs

SESSION = botocore.session.get_session()
ACCOUNT, REGION = "111122223333", "eu-central-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/kv-home"
ASKED = {
    "role": (
        grant("iam:GetRole", on="arn:aws:iam::{account}:role/{service}-*"),
        grant("iam:CreateRole", on="arn:aws:iam::{account}:role/{service}-*", marked=True),
        grant("iam:PassRole", on="arn:aws:iam::{account}:role/{service}-*", when=(("iam:PassedToService", "lambda"),)),
    ),
    "list": (grant("iam:ListRoles"),),
}


def asked(service: str, operation: str, **params: object) -> Asked:
    return Asked(SESSION.get_service_model(service).operation_model(operation), params, REGION, ACCOUNT)


@pytest.mark.parametrize(
    ("need", "by", "covered"),
    [
        (Need("iam:GetRole", ROLE), "role", True),
        (Need("iam:GetRole", ROLE), "list", False),  # another's grants are not one's own
        (Need("iam:GetRole", ROLE), "deployments/other.py", True),  # who has none of his own: anybody's
        (Need("iam:GetRole", "arn:aws:iam::1:user/kv-home"), "role", False),
        (Need("iam:DeleteRole", ROLE), "role", False),
        (Need("iam:CreateRole", ROLE), "role", False),
        (Need("iam:CreateRole", ROLE, tags={OWNER_TAG: "us"}), "role", True),
        (Need("iam:PassRole", ROLE), "role", False),
        (Need("iam:PassRole", ROLE, context={"iam:PassedToService": "ecs"}), "role", False),
        (Need("iam:PassRole", ROLE, context={"iam:PassedToService": "lambda"}), "role", True),
        (Need("iam:ListRoles", "*"), "list", True),
    ],
)
def test_a_call_is_covered_by_action_resource_and_conditions(need: Need, by: str, covered: bool) -> None:
    assert (granted(need, by, ASKED) is not None) is covered


def test_what_nobody_needed_is_told() -> None:
    use = granted(Need("iam:GetRole", ROLE), "role", ASKED)
    assert use is not None

    assert [(name, action) for name, action, _ in unused([use], ASKED)] == [
        ("list", "iam:ListRoles"),
        ("role", "iam:CreateRole"),
        ("role", "iam:PassRole"),
    ]


@pytest.mark.parametrize(
    ("call", "action", "arn"),
    [
        (
            asked("lambda", "GetPolicy", FunctionName="kv-get", Qualifier="live"),
            "lambda:GetPolicy",
            f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:kv-get:live",
        ),
        (
            asked("apigatewayv2", "UpdateRoute", ApiId="a1", RouteId="r1"),
            "apigateway:PATCH",
            f"arn:aws:apigateway:{REGION}::/apis/a1/routes/r1",
        ),
        (
            asked("apigatewayv2", "DeleteStage", ApiId="a1", StageName="$default"),
            "apigateway:DELETE",
            f"arn:aws:apigateway:{REGION}::/apis/a1/stages/$default",
        ),
        (
            asked("apigatewayv2", "TagResource", ResourceArn="arn:aws:apigateway:x::/apis/a1", Tags={}),
            "apigateway:POST",
            f"arn:aws:apigateway:{REGION}::/tags/arn%3Aaws%3Aapigateway%3Ax%3A%3A%2Fapis%2Fa1",
        ),
        (
            asked("route53", "ChangeResourceRecordSets", HostedZoneId="Z1"),
            "route53:ChangeResourceRecordSets",
            "arn:aws:route53:::hostedzone/Z1",
        ),
        (asked("route53", "GetChange", Id="C1"), "route53:GetChange", "arn:aws:route53:::change/C1"),
        (asked("acm", "ListCertificates"), "acm:ListCertificates", "*"),
    ],
)
def test_a_call_needs_its_action_on_its_resource(call: Asked, action: str, arn: str) -> None:
    assert needs(call) == [Need(action, arn)]


def test_a_function_needs_its_role_passed_and_its_tags_allowed() -> None:
    call = asked("lambda", "CreateFunction", FunctionName="kv-get", Role=ROLE, Tags={OWNER_TAG: "us"})
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:kv-get"

    assert needs(call) == [
        Need("lambda:CreateFunction", function, {OWNER_TAG: "us"}),
        Need("iam:PassRole", ROLE, context={"iam:PassedToService": "lambda.amazonaws.com"}),
        Need("lambda:TagResource", function, {OWNER_TAG: "us"}),
    ]


def test_who_one_is_needs_no_permission() -> None:
    assert needs(asked("sts", "GetCallerIdentity")) == []
