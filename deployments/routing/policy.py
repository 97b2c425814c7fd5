"""What every routing policy is: given the replicas, the records that a service's name deserves. Pure.

A file beside this one defines one policy and names it `POLICY`; `plugins.py` finds it, the manifest validates by it
and `edge.py` makes its records Specs. A policy knows the replicas that should exist, not which of them are healthy:
Route 53 leaves the unhealthy out by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from deployments.plan.model import Out

TYPES = ("A", "AAAA")
"""Dual stack: each name answers with both."""


@dataclass(frozen=True)
class Leaf:
    """One replica, as records see it: the target of the service's own domain there, and its health check."""

    region: str
    target: Out
    zone_id: Out
    health_check: Out


@dataclass(frozen=True)
class Member:
    """One record of a name: which replica it leads to, and when it is the answer.

    `set_identifier` tells the members of one name and type apart; None where there can only be one.
    """

    leaf: Leaf
    set_identifier: str | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    checked: bool = True


class Policy(Protocol):
    """One way to choose among replicas. `most_regions`: how many it can lead to; None: any number."""

    name: str
    most_regions: int | None

    def members(self, leaves: Sequence[Leaf]) -> tuple[Member, ...]:
        """One member for each leaf, in their order; the same for A and AAAA."""
        ...


def records(hostname: str, zone_id: str, policy: Policy, leaves: Sequence[Leaf]) -> tuple[tuple[str, Member, Any], ...]:
    """(type, member, params of the record) for each replica and type."""
    return tuple(
        (
            kind,
            member,
            alias_record(
                zone_id=zone_id,
                name=hostname,
                kind=kind,
                target=member.leaf.target,
                target_zone_id=member.leaf.zone_id,
                set_identifier=member.set_identifier,
                policy=member.policy,
                health_check_id=member.leaf.health_check if member.checked else None,
            ),
        )
        for member in policy.members(leaves)
        for kind in TYPES
    )


def alias_record(
    *,
    zone_id: str,
    name: str,
    kind: str,
    target: Out,
    target_zone_id: Out,
    set_identifier: str | None = None,
    policy: Mapping[str, Any] | None = None,
    health_check_id: Out | None = None,
) -> dict[str, Any]:
    """Params of an alias to a custom domain of API Gateway.

    An alias has no TTL of its own. EvaluateTargetHealth tells nothing on API Gateway, so it stays off: what takes a
    replica out is its health check.
    """
    return {
        "zone_id": zone_id,
        "name": name,
        "type": kind,
        "ttl": None,
        "values": None,
        "alias": {"zone_id": target_zone_id, "dns_name": target, "evaluate_target_health": False},
        "set_identifier": set_identifier,
        "policy": dict(policy or {}),
        "health_check_id": health_check_id,
    }
