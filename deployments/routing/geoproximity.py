"""Geoproximity: each user is sent to the nearest branch by distance, made larger or smaller by its bias. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from deployments.components.component import Context, Overrides
from deployments.routing import policy
from deployments.routing.policy import Finding, Node, Policy, known_region, twice
from deployments.schema import Strict, refused


class Coordinates(Strict):
    """Where it is, in degrees; to hundredths, as Route 53 takes them."""

    latitude: Annotated[float, Field(ge=-90, le=90, description="Degrees, north is positive.")]
    longitude: Annotated[float, Field(ge=-180, le=180, description="Degrees, east is positive.")]


class Branch(policy.Branch):
    """Where it is: `coordinates`, else `region`, else the region that it leads to."""

    bias: Annotated[int, Field(ge=-99, le=99, description="More than 0 draws users from farther away.")] = 0
    region: Annotated[
        Annotated[str, AfterValidator(known_region)] | None,
        Field(description="Of a branch to a policy: the region where it is."),
    ] = None
    coordinates: Coordinates | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Branch:
        if self.region is not None and self.coordinates is not None:
            raise refused("twice", "region and coordinates are two places", "keep one of the two", field="coordinates")
        if self.region is None and self.coordinates is None and not isinstance(self.to, str):
            raise refused("missing", "is missing", "say where it is: a region, or coordinates", field="region")
        return self


class Geoproximity(Policy):
    """A place is an AWS region, or coordinates (API reference, GeoProximityLocation)."""

    name = "geoproximity"
    most_records = 30  # developer guide, "Quotas": geoproximity records with the same name and type
    branch = Branch

    def every(self, overrides: Mapping[str, Overrides]) -> tuple[policy.Branch, ...]:
        return tuple(Branch(to=region) for region in overrides)

    def led(self, branch: policy.Branch, to: str | Node) -> policy.Branch:
        assert isinstance(branch, Branch)
        return branch.model_copy(
            update={"to": to, "region": branch.region or (None if branch.coordinates else branch.to)}
        )

    def key(self, branch: policy.Branch) -> str:
        assert isinstance(branch, Branch)
        if branch.coordinates is not None:
            return f"at-{_degrees(branch.coordinates.latitude)},{_degrees(branch.coordinates.longitude)}"
        return branch.region or str(branch.to)

    def chosen_by(self, branch: policy.Branch, context: Context) -> dict[str, Any]:
        assert isinstance(branch, Branch)
        if branch.coordinates is None:
            return {"geoproximity": {"AWSRegion": self.key(branch), "Bias": branch.bias}}
        at = branch.coordinates
        place = {"Latitude": _degrees(at.latitude), "Longitude": _degrees(at.longitude)}
        return {"geoproximity": {"Coordinates": place, "Bias": branch.bias}}

    def findings(self, node: Node) -> Iterator[Finding]:
        yield from twice(node, [self.key(branch) for branch in node.branches], (), "the place")


def _degrees(value: float) -> str:
    """Two decimals at most (API reference, Coordinates)."""
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


POLICY = Geoproximity()
