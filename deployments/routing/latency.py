"""Latency: each user is sent to the replica that is nearest in time, of those that are healthy. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from deployments.components.component import Context, Overrides
from deployments.routing import policy
from deployments.routing.policy import Finding, Node, Policy, known_region, twice
from deployments.schema import refused


class Branch(policy.Branch):
    """`region` is where the latency is measured to: of a branch to a region that one, unless said otherwise."""

    region: Annotated[
        Annotated[str, AfterValidator(known_region)] | None,
        Field(description="Of a branch to a policy: the region to measure to."),
    ] = None

    @model_validator(mode="after")
    def _measured(self) -> Branch:
        if self.region is None and not isinstance(self.to, str):
            raise refused("missing", "is missing", "name the region that latency is measured to", field="region")
        return self

    @property
    def measured(self) -> str:
        return self.region or str(self.to)


class Latency(Policy):
    """Route 53 compares the latencies that it has measured between the user's resolver and the regions."""

    name = "latency"
    branch = Branch

    def every(self, overrides: Mapping[str, Overrides]) -> tuple[policy.Branch, ...]:
        return tuple(Branch(to=region) for region in overrides)

    def led(self, branch: policy.Branch, to: str | Node) -> policy.Branch:
        assert isinstance(branch, Branch)
        return branch.model_copy(update={"to": to, "region": branch.measured})

    def key(self, branch: policy.Branch) -> str:
        assert isinstance(branch, Branch)
        return branch.measured

    def chosen_by(self, branch: policy.Branch, context: Context) -> dict[str, Any]:
        return {"region": self.key(branch)}

    def findings(self, node: Node) -> Iterator[Finding]:
        """A region has one latency record of a name and type (API reference, ResourceRecordSet, Region)."""
        yield from twice(node, [self.key(branch) for branch in node.branches], ("region",), "the region")


POLICY = Latency()
