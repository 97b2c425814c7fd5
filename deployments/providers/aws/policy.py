"""The IAM policy of an account's role, and its trust policy: generated from what the kinds say that they need. Pure.

`manage.py iam` prints it. One statement for each grant of a kind, so a Sid tells which kind asks; nothing is granted
that no kind asks for. Attaches nothing and reads nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.providers.aws import lag, objects, usage
from deployments.providers.aws.grants import Grant, grant
from deployments.providers.aws.kind import OWNER_TAG
from deployments.providers.aws.provider import discover

MANAGED_POLICY_LIMIT = 6144
"""Characters without white space (IAM User Guide, "IAM and AWS STS quotas")."""
MOST_POLICIES = 10
"""Managed policies that a role may have by default (the same page)."""

Document = dict[str, Any]

# What is asked for besides kinds: regions and zones (sync), how much of its quotas an account uses, how far replicas
# are behind, and the switches that an evacuation sets.
ACCOUNT: Mapping[str, tuple[Grant, ...]] = {
    "sync": (grant("ec2:DescribeRegions", "ec2:DescribeAvailabilityZones", "route53:ListHostedZones"),),
    "usage": usage.GRANTS,
    "lag": lag.GRANTS,
    "objects": objects.GRANTS,
}


@dataclass(frozen=True)
class Bounds:
    """What the policy is narrowed to. owner: the installation's id, in its marks. account_id: "" stands for any.
    services and zones: names and hosted zone ids; none stands for all."""

    owner: str
    account_id: str = ""
    services: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


def grants() -> dict[str, tuple[Grant, ...]]:
    """All that is asked for, by who asks: each kind, then the account's own readers."""
    asked = {name: kind.grants for name, kind in sorted(discover().items())}
    return {**asked, **ACCOUNT}


def documents(bounds: Bounds) -> list[Document]:
    """The policy, in order, in as many documents as the size of a managed policy makes it."""
    packed: list[list[Document]] = [[]]
    for name, asked in grants().items():
        for statement in _statements(name, asked, bounds):
            if packed[-1] and size(_document([*packed[-1], statement])) > MANAGED_POLICY_LIMIT:
                packed.append([])
            packed[-1].append(statement)
    return [_document(statements) for statements in packed]


def trust(principal: str, external_id: str = "") -> Document:
    """Who may take the role: the workers' own identity, with the external id where there is one."""
    statement: Document = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return _document([statement])


def size(document: Document) -> int:
    """As IAM counts it: white space is free, which ours has none of but between its parts."""
    return len(json.dumps(document, separators=(",", ":")))


def resources(patterns: Iterable[str], bounds: Bounds) -> list[str]:
    """The ARNs that the patterns stand for within these bounds."""
    found: dict[str, None] = {}
    for pattern in patterns:
        for service in bounds.services or ("",):
            for zone in bounds.zones or ("*",):
                named = pattern.replace("{service}-*", f"{service}-*" if service else "*")
                found[named.replace("{account}", bounds.account_id or "*").replace("{zone}", zone)] = None
    return sorted(found)


def _statements(name: str, asked: tuple[Grant, ...], bounds: Bounds) -> Iterator[Document]:
    sid = "".join(part.capitalize() for part in name.split("_"))
    for number, each in enumerate(asked, start=1):
        conditions = _conditions(each, bounds)
        yield {
            "Sid": sid if len(asked) == 1 else f"{sid}{number}",
            "Effect": "Allow",
            "Action": sorted(each.actions),
            "Resource": resources(each.on, bounds),
            **({"Condition": {"StringEquals": conditions}} if conditions else {}),
        }


def _conditions(each: Grant, bounds: Bounds) -> dict[str, str]:
    named = bounds.services and all("{service}" in pattern for pattern in each.on)
    conditions = dict(each.when)
    if each.marked:
        conditions[f"aws:RequestTag/{OWNER_TAG}"] = bounds.owner
    if each.ours and not named:
        conditions[f"aws:ResourceTag/{OWNER_TAG}"] = bounds.owner
    return conditions


def _document(statements: list[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": statements}
