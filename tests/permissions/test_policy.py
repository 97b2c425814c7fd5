"""The policy that we print: narrow, small enough, the same each time, and all that the kinds ask for."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.providers.aws.policy import MANAGED_POLICY_LIMIT, Bounds, documents, grants, size, trust
from deployments.providers.aws.provider import discover

OWNER = "0b7e1a52-8f0f-4c7e-9d5c-3f1c5a9f1e11"
OPEN = Bounds(OWNER)
NARROW = Bounds(OWNER, account_id="111122223333", services=("kv", "ledger"), zones=("Z1", "Z2"))
EVERY_BOUND = pytest.mark.parametrize("bounds", [OPEN, NARROW], ids=["open", "narrow"])


def statements(bounds: Bounds) -> list[dict[str, Any]]:
    return [statement for document in documents(bounds) for statement in document["Statement"]]


def of(sid: str, bounds: Bounds) -> list[dict[str, Any]]:
    return [each for each in statements(bounds) if each["Sid"].rstrip("0123456789") == sid]


@EVERY_BOUND
def test_it_allows_what_the_kinds_ask_for_and_nothing_else(bounds: Bounds) -> None:
    allowed = {action for each in statements(bounds) for action in each["Action"]}

    assert allowed == {action for asked in grants().values() for each in asked for action in each.actions}
    assert not [action for action in allowed if "*" in action]


@EVERY_BOUND
def test_each_document_fits_a_managed_policy(bounds: Bounds) -> None:
    many = Bounds(OWNER, bounds.account_id, tuple(f"service-number-{number:03}" for number in range(20)), bounds.zones)

    assert all(size(document) <= MANAGED_POLICY_LIMIT for document in documents(bounds) + documents(many))


@EVERY_BOUND
def test_a_statement_names_the_kind_that_asks_and_is_named_once(bounds: Bounds) -> None:
    sids = [each["Sid"] for each in statements(bounds)]

    assert len(sids) == len(set(sids))
    assert all(sid.isalnum() for sid in sids)
    assert {sid.rstrip("0123456789").lower() for sid in sids} == {name.replace("_", "") for name in grants()}


def test_it_is_the_same_each_time() -> None:
    assert documents(NARROW) == documents(NARROW)
    assert [sorted(each["Action"]) for each in statements(NARROW)] == [each["Action"] for each in statements(NARROW)]


def test_a_role_is_passed_to_lambda_alone_and_only_one_of_ours() -> None:
    (passing,) = [each for each in statements(NARROW) if "iam:PassRole" in each["Action"]]

    assert passing == {
        "Sid": passing["Sid"],
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": ["arn:aws:iam::111122223333:role/kv-*", "arn:aws:iam::111122223333:role/ledger-*"],
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    }


def test_without_services_roles_are_narrowed_by_our_mark() -> None:
    """Whoever may write any role's policies may do anything."""
    (writing,) = [each for each in of("IamRolePolicy", OPEN) if "iam:PutRolePolicy" in each["Action"]]

    assert writing["Resource"] == ["arn:aws:iam::*:role/*"]
    assert writing["Condition"] == {"StringEquals": {"aws:ResourceTag/antipode:owner": OWNER}}


def test_what_a_name_narrows_needs_no_mark() -> None:
    assert all("Condition" not in each for each in of("IamRolePolicy", NARROW))


def test_records_change_in_the_zones_that_were_named() -> None:
    (changing,) = [each for each in of("Route53Record", NARROW) if "route53:ChangeResourceRecordSets" in each["Action"]]

    assert changing["Resource"] == ["arn:aws:route53:::hostedzone/Z1", "arn:aws:route53:::hostedzone/Z2"]


@EVERY_BOUND
def test_what_is_made_carries_our_mark(bounds: Bounds) -> None:
    making = {"iam:CreateRole", "lambda:CreateFunction", "logs:CreateLogGroup", "acm:RequestCertificate"}
    made = [each for each in statements(bounds) if making & set(each["Action"])]

    assert len(made) == len(making)
    assert all(each["Condition"] == {"StringEquals": {"aws:RequestTag/antipode:owner": OWNER}} for each in made)


@EVERY_BOUND
def test_all_on_everything_is_what_aws_narrows_by_nothing(bounds: Bounds) -> None:
    """Their rows in the Service Authorization Reference have no resource type."""
    everywhere = {action for each in statements(bounds) if each["Resource"] == ["*"] for action in each["Action"]}

    assert everywhere - NO_RESOURCE == set()


NO_RESOURCE = {
    "acm:ListCertificates",
    "acm:RequestCertificate",
    "cloudwatch:GetMetricData",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeRegions",
    "dynamodb:ListTables",
    "iam:GetAccountSummary",
    "lambda:GetAccountSettings",
    "logs:DescribeLogGroups",
    "route53:CreateCidrCollection",
    "route53:CreateHealthCheck",
    "route53:GetAccountLimit",
    "route53:ListCidrCollections",
    "route53:ListHealthChecks",
    "route53:ListHostedZones",
    "s3:ListAllMyBuckets",
    "servicequotas:GetServiceQuota",
}


def test_a_kind_narrows_all_that_it_asks_for() -> None:
    """A new kind without grants is told here, by name."""
    assert [name for name, kind in discover().items() if not kind.grants] == []


def test_the_trust_policy_asks_for_the_external_id() -> None:
    assert trust("arn:aws:iam::444455556666:role/workers", "s3cret-word") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::444455556666:role/workers"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "s3cret-word"}},
            }
        ],
    }


def test_without_an_external_id_the_trust_policy_has_no_condition() -> None:
    assert "Condition" not in trust("arn:aws:iam::444455556666:role/workers")["Statement"][0]
