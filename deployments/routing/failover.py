"""Failover: all users are sent to the primary; while it is unhealthy, to the secondary. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from deployments.components.component import Context
from deployments.routing import policy
from deployments.routing.policy import Finding, Location, Node, Policy

ROLES: tuple[Literal["primary", "secondary"], ...] = ("primary", "secondary")


class Branch(policy.Branch):
    """In the manifest, `primary:` and `secondary:` stand for the two; a fence would be none."""

    role: Literal["primary", "secondary"]


class Failover(Policy):
    """A set has one primary and one secondary; more stages nest."""

    name = "failover"
    evaluates = True
    branch = Branch
    fields = ROLES
    to = ()

    def rows(self, said: Any) -> list[tuple[Location, Any]]:
        return [((role,), {"to": said[role], "role": role}) for role in ROLES if role in said]

    def places(self, branches: Sequence[policy.Branch]) -> list[Location]:
        return [(self.key(branch),) for branch in branches]

    def written(self, rows: Sequence[Any]) -> dict[str, Any]:
        return {row["role"]: row["to"] for row in rows}

    def row(self, branch: policy.Branch, to: Any) -> Any:
        return {"role": self.key(branch), "to": to}

    def key(self, branch: policy.Branch) -> str:
        assert isinstance(branch, Branch)
        return branch.role

    def chosen_by(self, branch: policy.Branch, context: Context) -> dict[str, Any]:
        return {"failover": self.key(branch).upper()}

    def findings(self, node: Node) -> Iterator[Finding]:
        roles = {self.key(branch): branch.to for branch in node.branches}
        for role in ROLES:
            if role not in roles:
                other = ROLES[1 - ROLES.index(role)]
                message = f"is missing, a {other} alone is no failover"
                yield Finding((role,), None, message, f"name the {role}, or use another policy", "missing")
        if isinstance(roles.get("primary"), str) and roles["primary"] == roles.get("secondary"):
            to = roles["primary"]
            message = f'"{to}" is the primary too: nothing would take over'
            yield Finding(("secondary",), to, message, "name another region, or use simple", "twice")


POLICY = Failover()
