"""The health checks of a service: of each replica, of its switches, and the calculated one that its records name. Pure.

    <region>.<hostname> A, AAAA → the endpoint's check ┐
    the region's switch (foundation's, or its own) a, b ┴→ calculated: all required → the service's records

A calculated check can't watch calculated ones (API reference, HealthCheckConfig), so switches are children, not levels.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

from deployments.components.component import Context
from deployments.plan.model import GLOBAL, Out, Ref, Spec
from deployments.routing import switches
from deployments.routing.switches import SIDES

HTTPS_PORT = 443


@dataclass(frozen=True)
class Checks:
    """What is asked of each replica. `own_switch`: the service has switches of its own, else it shares the
    regions'; `foundation`: the stack in which the account keeps them."""

    hostname: str
    path: str
    interval_s: int
    failure_threshold: int
    own_switch: bool
    foundation: str

    def of(self, region: str, context: Context) -> Out:
        """The check that the records of a region name."""
        return Out(context.ref("route53_calculated_check", GLOBAL, region), "id")

    def endpoint(self, region: str, context: Context, after: frozenset[Ref]) -> Spec:
        """The check of the replica itself: it looks at its own name, never at the service's."""
        return Spec(
            self._endpoint(region, context),
            params={
                "fqdn": f"{region}.{self.hostname}",
                "port": HTTPS_PORT,
                "type": "HTTPS",
                "path": self.path,
                "interval_s": self.interval_s,
                "failure_threshold": self.failure_threshold,
                "inverted": False,
                "tags": dict(context.tags),
            },
            context={"region": region},
            after=after,
        )

    def calculated(self, region: str, context: Context) -> Spec:
        """The check of all that must be well for users to come here: the replica, and no switch that takes it out."""
        service = context.stack if self.own_switch else None
        children = [
            Out(self._endpoint(region, context), "id"),
            *(Out(switches.check(self.foundation, side, region, service), "id") for side in SIDES),
        ]
        return Spec(
            self.of(region, context).ref,
            params={"children": children, "health_threshold": len(children), "tags": dict(context.tags)},
            context={"region": region},
        )

    def _endpoint(self, region: str, context: Context) -> Ref:
        # What Route 53 can't change in place is part of the name: a change of it makes a new check beside the old one,
        # which goes only once no check names it.
        fixed = json.dumps({"interval_s": self.interval_s, "type": "HTTPS"}, sort_keys=True)
        return context.ref("route53_health_check", GLOBAL, f"{region} {sha256(fixed.encode()).hexdigest()[:8]}")
