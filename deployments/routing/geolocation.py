"""Geolocation: each user is sent by where they are: subdivision, country, continent, else the default. Pure.

The smallest place that has a record counts. Users from nowhere known, and from places without a record, go to the
default; without one they would get no answer (developer guide, "Geolocation routing"), so that it must be there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from deployments.components.component import Context
from deployments.routing import policy
from deployments.routing.locations import CONTINENTS, COUNTRIES, SUBDIVISIONS
from deployments.routing.policy import Finding, Node, Policy, twice
from deployments.schema import refused, unknown


def _continent(code: Any) -> Any:
    if not isinstance(code, str) or code not in CONTINENTS:
        raise refused("choice", *unknown(code, "a continent of Route 53", tuple(CONTINENTS)))
    return code


def _country(code: Any) -> Any:
    if not isinstance(code, str) or code not in COUNTRIES:
        message, mend = unknown(code, "a country's code", tuple(COUNTRIES))
        short = "use the two letters of ISO 3166-1, such as UA"
        raise refused("choice", message, mend if len(mend) < len(short) else short)
    return code


class Branch(policy.Branch):
    """One place: a continent, a country, a subdivision of one, or (default) everywhere else."""

    continent: Annotated[
        str | None, BeforeValidator(_continent), Field(description="AF, AN, AS, EU, NA, OC or SA.")
    ] = None
    country: Annotated[str | None, BeforeValidator(_country), Field(description="Two letters (ISO 3166-1).")] = None
    subdivision: Annotated[
        str | None, Field(max_length=3, description="Of a country: a US state (CA), a Ukrainian region (30).")
    ] = None
    default: Annotated[bool, Field(description="Everywhere else.")] = False

    @model_validator(mode="after")
    def _one_place(self) -> Branch:
        said = [name for name in ("continent", "country", "default") if getattr(self, name)]
        if self.subdivision is not None and self.country is None:
            mend = "name its country beside it, or remove it"
            raise refused("subdivision", "a subdivision needs its country", mend, field="subdivision")
        if len(said) > 1:
            raise refused("twice", f"{' and '.join(said)} are two places", "make a branch of each", field=said[1])
        if not said:
            raise refused("missing", "names no place", "add continent:, country: or default: true")
        known = SUBDIVISIONS.get(self.country or "", ())
        if self.subdivision is not None and self.subdivision not in known:
            what = f"a subdivision of {self.country} that Route 53 knows"
            message, mend = unknown(self.subdivision, what, known)
            if not known:
                mend = f"route the whole country; Route 53 knows those of {' and '.join(SUBDIVISIONS)}"
            raise refused("choice", message, mend, field="subdivision")
        return self


class Geolocation(Policy):
    """Meant for what is allowed where, rather than for speed."""

    name = "geolocation"
    branch = Branch

    def key(self, branch: policy.Branch) -> str:
        """With the kind of place: NA is Namibia and North America."""
        assert isinstance(branch, Branch)
        if branch.continent:
            return f"continent-{branch.continent}"
        if branch.country:
            return "-".join(filter(None, ("country", branch.country, branch.subdivision)))
        return "default"

    def chosen_by(self, branch: policy.Branch, context: Context) -> dict[str, Any]:
        assert isinstance(branch, Branch)
        if branch.continent:
            return {"geolocation": {"ContinentCode": branch.continent}}
        place = {"CountryCode": branch.country or "*"}
        return {"geolocation": {**place, **({"SubdivisionCode": branch.subdivision} if branch.subdivision else {})}}

    def findings(self, node: Node) -> Iterator[Finding]:
        keys = [self.key(branch) for branch in node.branches]
        yield from twice(node, keys, (), "the place")
        if "default" not in keys:
            yield missing_default("users from places that no branch names would get no answer")


def missing_default(why: str) -> Finding:
    return Finding(("branches",), None, f"has no default: {why}", "add {default: true, to: …}", "default")


POLICY = Geolocation()
