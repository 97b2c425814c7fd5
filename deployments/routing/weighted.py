"""Weighted: each user is sent to a branch by chance, in proportion to its weight. Pure.

Weight 0 gets nobody as long as another weight is above 0 and healthy; where all are 0, all are equal (developer guide,
"Weighted routing").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from deployments.components.component import MOST_WEIGHT, Context, Overrides
from deployments.routing import policy
from deployments.routing.policy import Finding, Node, Policy, twice
from deployments.schema import Label

DEFAULT_WEIGHT = 100


class Branch(policy.Branch):
    """`weight` is a share of the sum over the set."""

    weight: Annotated[int, Field(ge=0, le=MOST_WEIGHT, description="Its share of the sum of all weights.")] = (
        DEFAULT_WEIGHT
    )
    name: Annotated[Label | None, Field(description="What tells it apart: its region or policy, unless said.")] = None


class Weighted(Policy):
    """Without branches, each region has the `weight` of its overrides."""

    name = "weighted"
    branch = Branch

    def every(self, overrides: Mapping[str, Overrides]) -> tuple[policy.Branch, ...]:
        return tuple(
            Branch(to=region, weight=DEFAULT_WEIGHT if own.weight is None else own.weight)
            for region, own in overrides.items()
        )

    def led(self, branch: policy.Branch, to: str | Node) -> policy.Branch:
        return branch.model_copy(update={"to": to, "name": self.key(branch)})

    def key(self, branch: policy.Branch) -> str:
        assert isinstance(branch, Branch)
        return branch.name or super().key(branch)

    def chosen_by(self, branch: policy.Branch, context: Context) -> dict[str, Any]:
        assert isinstance(branch, Branch)
        return {"weight": branch.weight}

    def findings(self, node: Node) -> Iterator[Finding]:
        """Two weights of one region are one weight, and would change places with it unseen."""
        regions = [branch.to if isinstance(branch.to, str) else None for branch in node.branches]
        yield from twice(node, regions, ("to",), "the region")
        names = [branch.name if isinstance(branch, Branch) else None for branch in node.branches]
        yield from twice(node, names, ("name",), "the name")


POLICY = Weighted()
