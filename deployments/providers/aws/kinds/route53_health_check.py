"""A Route 53 health check of an endpoint: a replica, or one side of a switch.

A switch's check is inverted: healthy while its object is absent or out of reach. A new inverted one counts as unhealthy
until it has data (developer guide, "How Amazon Route 53 determines the status of health checks"), so it is ready only
once one of Route 53's checkers has reported. That is noted in its outputs and never asked again.
"""

from __future__ import annotations

from deployments.plan.demand import Demand, Use
from deployments.plan.model import Observed, Params, Traits
from deployments.providers.aws import health_checks
from deployments.providers.aws.grants import grant
from deployments.providers.aws.health_checks import Check
from deployments.providers.aws.kind import Kind, World
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError, Verdict

_CHANGEABLE = {
    "fqdn": "FullyQualifiedDomainName",
    "port": "Port",
    "path": "ResourcePath",
    "failure_threshold": "FailureThreshold",
    "inverted": "Inverted",
}
_FIXED = {"type": "Type", "interval_s": "RequestInterval"}
_PARAMS = _CHANGEABLE | _FIXED

NO_REPORT = "Route 53's checkers have not looked yet"


class Route53HealthCheck(Kind):
    """params: fqdn, port, type, path, interval_s, failure_threshold, inverted, tags. outputs: id, and reported once a
    checker has looked at an inverted one."""

    name = "route53_health_check"
    # Two seconds: AWS allows one GetHealthCheckStatus a second, an account (catalogue, API rates).
    traits = Traits(fixed=frozenset(_FIXED), poll_after_s=2.0)
    rated = ("route53", "HealthCheck")
    demand = Demand((Use("route53", "health_checks_per_account"),))
    grants = (
        *health_checks.GRANTS,
        grant("route53:GetHealthCheckStatus", on="arn:aws:route53:::healthcheck/*"),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        check = health_checks.find(world, target)
        if check is None:
            return None
        return _observed(world, target, check, _doubt(world, target, check))

    def create(self, world: World, target: Target) -> Observed:
        params = target.params
        config = {
            **{name: params[param] for param, name in _PARAMS.items()},
            "MeasureLatency": False,
            "EnableSNI": params["type"].startswith("HTTPS"),
        }
        check = health_checks.make(world, target, config)
        return _observed(world, target, check, NO_REPORT if _asks(target, check) else "")

    def update(self, world: World, target: Target, before: Params) -> Observed:
        wanted = target.params
        differs = any(before[param] != wanted[param] for param in _CHANGEABLE)
        config = {name: wanted[param] for param, name in _CHANGEABLE.items()} if differs else {}
        health_checks.change(world, target, config, before)
        return self.updated(world, target)

    def delete(self, world: World, target: Target) -> None:
        health_checks.remove(world, target)


def _observed(world: World, target: Target, check: Check, doubt: str) -> Observed:
    inverted = bool(check.config.get("Inverted"))
    return check.observed(
        world,
        target,
        {**{param: check.config.get(name) for param, name in _PARAMS.items()}, "inverted": inverted},
        outputs={"id": check.id, **({"reported": True} if inverted and not doubt else {})},
        ready=not doubt,
        status=doubt,
    )


def _asks(target: Target, check: Check) -> bool:
    """Whether its state may be that of no data still."""
    return bool(check.config.get("Inverted")) and not target.outputs.get("reported")


def _doubt(world: World, target: Target, check: Check) -> str:
    """Why nothing can be concluded from an inverted check yet; "" where it can, or could once."""
    if not _asks(target, check):
        return ""
    try:
        reports = health_checks.reports(world, check.id)
    except AwsError as error:
        if error.verdict is not Verdict.TRANSIENT:
            raise
        return f"its status could not be asked for: {error.code}"
    return "" if reports else NO_REPORT
