"""What every routing policy is: its part of the manifest, and the records that it makes of it. Pure.

A file beside this one defines one policy and names it `POLICY`; `plugins.py` finds it, the manifest reads by its schema
and `service_records.py` makes Specs of what it says. Policies nest: a branch leads to a region, or to a node below it,
which has a policy of its own. A policy knows the replicas that should exist, not which of them are healthy: Route 53
leaves the unhealthy out by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field, InstanceOf, ValidationInfo, WithJsonSchema

from deployments.components.component import Context, Overrides
from deployments.plan.model import Out, Ref, Spec
from deployments.schema import Strict, refused, unknown

TYPES = ("A", "AAAA")
"""Dual stack: each name answers with both."""
MOST_RECORDS = 100
"""Of one name and type (developer guide, "Quotas": records that have the same name and type)."""

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Node:
    """A policy and what it chooses among. At the root, no branches stand for every region of the manifest."""

    policy: Policy
    branches: tuple[Branch, ...]

    def keys(self) -> tuple[str, ...]:
        """What tells the branches apart, each once, in their order: set identifiers, and labels of what is below."""
        found: list[str] = []
        for branch in self.branches:
            key = self.policy.key(branch)
            ordinal = next(n for n in range(1, len(found) + 2) if (key if n == 1 else f"{key}-{n}") not in found)
            found.append(key if ordinal == 1 else f"{key}-{ordinal}")
        return tuple(found)


To = Annotated[
    str | InstanceOf[Node],
    WithJsonSchema(
        {
            "type": ["string", "object"],
            "form": "tree",
            "description": "A region, or a policy below this one: {policy: …}.",
        }
    ),
]


def known_region(code: str, info: ValidationInfo) -> str:
    """A region of AWS; any, where the caller names none."""
    regions = info.context["regions"] if info.context else (code,)
    if code not in regions:
        raise refused("region", *unknown(code, "a known region", regions))
    return code


class Branch(Strict):
    """One way on: to a region, or to a node below."""

    elsewhere: ClassVar[Mapping[str, str]] = {"policy": "put the policy below under to: {policy: …}"}

    to: To
    fence: Annotated[
        bool, Field(description="A geofence: its users stay there, also when nothing there is healthy.")
    ] = False


@dataclass(frozen=True)
class Finding:
    """What is wrong with a node: where in it, the value, the message, its mend and code."""

    location: Location
    value: Any
    message: str
    mend: str
    code: str


class Policy:
    """One way to choose.

    most_regions    how many it can lead to; None: any number
    most_records    how many records of one name and type Route 53 takes
    checked         its records name health checks
    nests           it may stand below another policy
    evaluates       its records evaluate the health of their targets, those of regions too
    refusal         (why, mend) where it can't be used at all
    to              where in a branch the manifest says what it leads to
    branch, fields  the schema of a branch, and what beside `policy` the manifest says
    """

    name: str
    most_regions: int | None = None
    most_records: int = MOST_RECORDS
    checked: bool = True
    nests: bool = True
    evaluates: bool = False
    refusal: tuple[str, str] | None = None
    branch: type[Branch] = Branch
    fields: tuple[str, ...] = ("branches",)
    to: Location = ("to",)

    def every(self, overrides: Mapping[str, Overrides]) -> tuple[Branch, ...]:
        """The branches where the manifest names none: to each of its regions. () where they must be named."""
        return ()

    def rows(self, said: Mapping[str, Any]) -> list[tuple[Location, Any]]:
        """What the manifest says of each branch, and where; not yet looked at."""
        listed = said.get("branches", [])
        return [(("branches", index), row) for index, row in enumerate(listed)] if isinstance(listed, list) else []

    def places(self, branches: Sequence[Branch]) -> list[Location]:
        """Where the manifest says each branch."""
        return [("branches", index) for index in range(len(branches))]

    def written(self, rows: Sequence[Any]) -> dict[str, Any]:
        """The reverse of `rows`."""
        return {"branches": list(rows)} if rows else {}

    def row(self, branch: Branch, to: Any) -> Any:
        """A branch as it is written shortest; `to` is what it leads to, written."""
        said = branch.model_dump(mode="json", exclude={"to"}, exclude_defaults=True)
        return {"to": to, **said} if said or not isinstance(to, str) else to

    def led(self, branch: Branch, to: str | Node) -> Branch:
        """The same branch to elsewhere, chosen as before."""
        return branch.model_copy(update={"to": to})

    def key(self, branch: Branch) -> str:
        """What tells a branch from the others of its node."""
        return branch.to if isinstance(branch.to, str) else branch.to.policy.name

    def chosen_by(self, branch: Branch, context: Context) -> dict[str, Any]:
        """When Route 53 chooses its record, in the form of `record.py`."""
        return {}

    def findings(self, node: Node) -> Iterator[Finding]:
        """What the branches can't be together."""
        return iter(())

    def across(self, nodes: Sequence[tuple[Location, Node]]) -> Iterator[Finding]:
        """What all its nodes in a tree can't be together; locations of findings begin with their node's."""
        return iter(())

    def shared(self, nodes: Sequence[Node], context: Context) -> Iterator[Spec]:
        """What the records of all its nodes in a tree stand on."""
        return iter(())


@dataclass(frozen=True)
class Leaf:
    """One replica, as records see it: the target of the service's own domain there, its health check (None: it has
    none), and what must stand before users may come."""

    region: str
    target: Out
    zone_id: Out
    health_check: Out | None
    after: frozenset[Ref] = frozenset()


def twice(node: Node, keys: Sequence[Any], location: Location, what: str) -> Iterator[Finding]:
    """A finding for each branch whose key an earlier one has; None is no key."""
    seen = set()
    for place, key in zip(node.policy.places(node.branches), keys, strict=True):
        if key is not None and key in seen:
            yield Finding((*place, *location), key, f'{what} "{key}" stands twice', "name it once in a set", "twice")
        seen.add(key)


def alias_record(
    *,
    zone_id: str,
    name: str,
    kind: str,
    target: Out | str,
    target_zone_id: Out | str,
    evaluate: bool = False,
    set_identifier: str | None = None,
    policy: Mapping[str, Any] | None = None,
    health_check_id: Out | None = None,
) -> dict[str, Any]:
    """Params of an alias, to a custom domain of API Gateway or to another name of the zone.

    An alias has no TTL of its own. EvaluateTargetHealth (`evaluate`) tells nothing on API Gateway: what takes a replica
    out is its health check.
    """
    return {
        "zone_id": zone_id,
        "name": name,
        "type": kind,
        "ttl": None,
        "values": None,
        "alias": {"zone_id": target_zone_id, "dns_name": target, "evaluate_target_health": evaluate},
        "set_identifier": set_identifier,
        "policy": dict(policy or {}),
        "health_check_id": health_check_id,
    }
