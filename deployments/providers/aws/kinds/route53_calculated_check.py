"""A Route 53 health check over others: the one that a region's records name. All its children must be well.

Route 53 computes it at once from its children, and tells nobody its status (API reference, GetHealthCheckStatus).
"""

from __future__ import annotations

from deployments.plan.demand import Demand, Use
from deployments.plan.model import Observed, Params, Traits
from deployments.providers.aws import health_checks
from deployments.providers.aws.health_checks import Check
from deployments.providers.aws.kind import Kind, World
from deployments.providers.errors import Refused, Transient
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError

_CALCULATED = "CALCULATED"


class Route53CalculatedCheck(Kind):
    """params: children (ids, in no order), health_threshold, tags. outputs: id."""

    name = "route53_calculated_check"
    traits = Traits(poll_after_s=1.0)
    rated = ("route53", "HealthCheck")
    demand = Demand((Use("route53", "health_checks_per_account"),))
    grants = health_checks.GRANTS

    def observe(self, world: World, target: Target) -> Observed | None:
        check = health_checks.find(world, target)
        return None if check is None else _observed(world, target, check)

    def create(self, world: World, target: Target) -> Observed:
        try:
            check = health_checks.make(world, target, {"Type": _CALCULATED, **_settings(target.params)})
        except AwsError as error:
            raise _judged(target, error) from error
        return _observed(world, target, check)

    def update(self, world: World, target: Target, before: Params) -> Observed:
        wanted = target.params
        if "type" in before:
            raise Refused(
                f"{target.physical_id} is a health check of type {before['type']}, which never becomes {_CALCULATED}",
                code="type",
                mend="Adopt a calculated check, or none: the deploy then makes one.",
            )
        same = all(before[param] == wanted[param] for param in ("children", "health_threshold"))
        try:
            health_checks.change(world, target, {} if same else _settings(wanted), before)
        except AwsError as error:
            raise _judged(target, error) from error
        return self.updated(world, target)

    def delete(self, world: World, target: Target) -> None:
        health_checks.remove(world, target)


def _settings(params: Params) -> dict[str, object]:
    return {"ChildHealthChecks": list(params["children"]), "HealthThreshold": params["health_threshold"]}


def _observed(world: World, target: Target, check: Check) -> Observed:
    children = list(check.config.get("ChildHealthChecks", []))
    wanted = target.params.get("children", [])
    kind = check.config["Type"]
    return check.observed(
        world,
        target,
        {
            "children": wanted if sorted(children) == sorted(wanted) else children,
            "health_threshold": check.config.get("HealthThreshold"),
            **({} if kind == _CALCULATED else {"type": kind}),  # adopted by mistake: a difference that no update mends
        },
    )


def _judged(target: Target, error: AwsError) -> AwsError | Transient:
    """A child that was made a moment ago may not be known yet where the parent is made."""
    text = error.message.lower()
    if error.code != "InvalidInput" or not (
        "child" in text or any(child in text for child in target.params["children"])
    ):
        return error
    return Transient(
        error.message,
        code=error.code,
        mend="Nothing to do: a check that it watches can't be seen yet, and it is tried again by itself.",
        request_id=error.request_id,
    )
