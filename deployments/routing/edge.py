"""What stands between users and functions in a region: API, certificate, domains, records, health check. Pure.

`desired.py` asks for it where something has routes, once for all functions. In the order in which it comes to be:

    api, stage
    certificate → its validation records → issued → domains (<hostname> and <region>.<hostname>) → mappings
    <region>.<hostname> A, AAAA → health checks (checks.py) → <hostname> A, AAAA by the routing policy

Health checks and probes look at <region>.<hostname>, the replica, never at the service's own name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deployments.components.component import Context
from deployments.names import API_LIMIT, physical_name
from deployments.plan.model import GLOBAL, Out, Ref, Spec
from deployments.routing.checks import Checks
from deployments.routing.policy import TYPES, Leaf, Node, alias_record
from deployments.routing.service_records import ServiceRecords

TARGET_TTL_S = 60
"""What resolvers may keep an alias's answer: the TTL of its target (developer guide, "Choosing between alias and
non-alias records")."""


@dataclass(frozen=True)
class Edge:
    """What the manifest says of the way in. `ttl_s` is for records that are no alias; `drain_s` comes on top of the TTL
    before what a removed record pointed to may go."""

    hostname: str
    zone_id: str
    tree: Node
    ttl_s: int
    drain_s: int
    checks: Checks
    routes: tuple[str, ...]

    def specs(self, context: Context) -> Iterator[Spec]:
        """All of it, region by region, then what is shared."""
        for region in context.regions:
            yield from self._api(region, context)
            yield from self._domains(region, context)
            yield from self._replica(region, context)
        # The same for a hostname in all regions of an account: any certificate tells it. The first region's does, so
        # that adding a region moves nothing.
        yield self._validation(self.hostname, context.regions[0], context)
        yield from self._service_records(context)

    def _api(self, region: str, context: Context) -> Iterator[Spec]:
        api = _api(region, context)
        yield Spec(
            api,
            params={
                "api_name": physical_name(context.stack, limit=API_LIMIT, stage=context.stage),
                "ip_address_type": "dualstack",
                "tags": dict(context.tags),
            },
        )
        yield Spec(
            _stage(region, context),
            params={
                "api_id": Out(api, "id"),
                "stage_name": "$default",
                "auto_deploy": True,
                "throttle_rate": None,
                "throttle_burst": None,
            },
            serving=True,
        )

    def _domains(self, region: str, context: Context) -> Iterator[Spec]:
        replica = f"{region}.{self.hostname}"
        certificate = self._certificate(region, context)
        yield Spec(certificate, params={"names": [self.hostname, replica], "tags": dict(context.tags)})
        yield self._validation(replica, region, context)
        for name in (self.hostname, replica):
            domain = _domain(name, region, context)
            yield Spec(
                domain,
                params={
                    "domain": name,
                    "certificate_arn": Out(certificate, "arn"),
                    "ip_address_type": "dualstack",
                    "tags": dict(context.tags),
                },
            )
            yield Spec(
                _mapping(name, region, context),
                params={
                    "domain": Out(domain, "name"),
                    "api_id": Out(_api(region, context), "id"),
                    "stage": Out(_stage(region, context), "name"),
                },
            )

    def _replica(self, region: str, context: Context) -> Iterator[Spec]:
        replica = f"{region}.{self.hostname}"
        domain = _domain(replica, region, context)
        addresses = [context.ref("route53_record", GLOBAL, f"{replica} {kind}") for kind in TYPES]
        for kind, record in zip(TYPES, addresses, strict=True):
            yield Spec(
                record,
                params=alias_record(
                    zone_id=self.zone_id,
                    name=replica,
                    kind=kind,
                    target=Out(domain, "target"),
                    target_zone_id=Out(domain, "zone_id"),
                ),
                context={"hostname": self.hostname},
                after=frozenset({_mapping(replica, region, context)}),
            )
        yield self.checks.endpoint(region, context, after=frozenset(addresses))
        if self.tree.policy.checked:
            yield self.checks.calculated(region, context)

    def _service_records(self, context: Context) -> Iterator[Spec]:
        leaves = {region: self._leaf(region, context) for region in context.regions}
        records = ServiceRecords(self.hostname, self.zone_id, leaves, drain_s=TARGET_TTL_S + self.drain_s)
        yield from records.specs(self.tree, context)

    def _leaf(self, region: str, context: Context) -> Leaf:
        domain = _domain(self.hostname, region, context)
        return Leaf(
            region,
            target=Out(domain, "target"),
            zone_id=Out(domain, "zone_id"),
            health_check=self.checks.of(region, context) if self.tree.policy.checked else None,
            # Users come only to a replica that can answer them.
            after=frozenset(
                {_mapping(self.hostname, region, context)}
                | {context.ref("apigatewayv2_route", region, route) for route in self.routes}
            ),
        )

    def _validation(self, name: str, region: str, context: Context) -> Spec:
        # Named for what it proves: the record's own name is AWS's secret until the certificate has been asked for.
        certificate = self._certificate(region, context)
        return Spec(
            context.ref("route53_record", GLOBAL, f"_validation.{name} CNAME"),
            params={
                "zone_id": self.zone_id,
                "name": Out(certificate, f"validation_name:{name}", early=True),
                "type": "CNAME",
                "ttl": self.ttl_s,
                "values": [Out(certificate, f"validation_value:{name}", early=True)],
                "alias": None,
                "set_identifier": None,
                "policy": {},
                "health_check_id": None,
            },
            context={"hostname": self.hostname},
        )

    def _certificate(self, region: str, context: Context) -> Ref:
        return context.ref("acm_certificate", region, self.hostname)


def _api(region: str, context: Context) -> Ref:
    return context.ref("apigatewayv2_api", region, "service")


def _stage(region: str, context: Context) -> Ref:
    return context.ref("apigatewayv2_stage", region, "$default")


def _domain(name: str, region: str, context: Context) -> Ref:
    return context.ref("apigatewayv2_domain", region, name)


def _mapping(name: str, region: str, context: Context) -> Ref:
    return context.ref("apigatewayv2_mapping", region, name)
