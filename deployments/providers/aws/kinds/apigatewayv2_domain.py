"""A custom domain of API Gateway in one region: where a hostname's requests arrive. Created once by its name; marked by
tags. AWS creates, updates and deletes one per 30 s and account: the limiter keeps to that."""

from __future__ import annotations

from typing import Any

from deployments.plan.demand import Demand, Use
from deployments.plan.model import Observed, Params, Traits
from deployments.providers.aws.grants import grant, service_linked_role
from deployments.providers.aws.kind import Kind, World, absent_is_fine, found_or_none
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError

_ONE = "arn:aws:apigateway:*::/domainnames/*"
_TAGS = "arn:aws:apigateway:*::/tags/*"


class Apigatewayv2Domain(Kind):
    """params: domain, certificate_arn, ip_address_type, tags. outputs: name, target (a DNS name), zone_id."""

    name = "apigatewayv2_domain"
    traits = Traits(poll_after_s=1.0)
    rated = ("apigateway", "DomainName")
    demand = Demand((Use("apigateway", "domains_per_region"),), made_s=5.0)
    grants = (
        grant("apigateway:POST", on=("arn:aws:apigateway:*::/domainnames", _TAGS), marked=True),
        grant("apigateway:GET", "apigateway:PATCH", on=_ONE),
        grant("apigateway:DELETE", on=_ONE, ours=True),
        grant("apigateway:DELETE", on=_TAGS),
        # Asked for where something is made with tags, though no page names it (CloudFormation's schemas do).
        grant("apigateway:TagResource", on="arn:aws:apigateway:*::/domainnames", inside=True),
        # The first regional domain of an account makes API Gateway's own role (Developer Guide).
        service_linked_role("ops.apigateway.amazonaws.com", "AWSServiceRoleForAPIGateway"),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        answer = found_or_none(self._apis(world, target).get_domain_name, DomainName=target.params["domain"])
        return None if answer is None else _observed(world, target, answer)

    def create(self, world: World, target: Target) -> Observed:
        try:
            answer = self._apis(world, target).create_domain_name(
                DomainName=target.params["domain"],
                DomainNameConfigurations=[_configuration(target.params)],
                Tags=world.tags(target),
            )
        except AwsError as error:
            if not error.present:
                raise
            return self.standing(world, target, error)
        return _observed(world, target, {"Tags": world.tags(target), **answer})

    def update(self, world: World, target: Target, before: Params) -> Observed:
        apis, wanted = self._apis(world, target), target.params
        if any(before[name] != wanted[name] for name in ("certificate_arn", "ip_address_type")):
            apis.update_domain_name(DomainName=wanted["domain"], DomainNameConfigurations=[_configuration(wanted)])
        changed, removed = world.retagged(target, before)
        arn = f"arn:aws:apigateway:{target.ref.scope}::/domainnames/{wanted['domain']}"
        if changed:
            apis.tag_resource(ResourceArn=arn, Tags=changed)
        if removed:
            apis.untag_resource(ResourceArn=arn, TagKeys=removed)
        return self.updated(world, target)

    def delete(self, world: World, target: Target) -> None:
        with absent_is_fine():
            self._apis(world, target).delete_domain_name(DomainName=target.params["domain"])

    def _apis(self, world: World, target: Target) -> Any:
        return world.client("apigatewayv2", target.ref.scope)


def _configuration(params: Params) -> dict[str, str]:
    return {
        "CertificateArn": params["certificate_arn"],
        "EndpointType": "REGIONAL",
        "SecurityPolicy": "TLS_1_2",
        "IpAddressType": params["ip_address_type"],
    }


def _observed(world: World, target: Target, domain: dict[str, Any]) -> Observed:
    (configuration,) = domain["DomainNameConfigurations"]
    tags, status = domain.get("Tags", {}), configuration.get("DomainNameStatus", "AVAILABLE")
    return Observed(
        physical_id=domain["DomainName"],
        params={
            "domain": domain["DomainName"],
            "certificate_arn": configuration.get("CertificateArn", ""),
            "ip_address_type": configuration.get("IpAddressType", "ipv4"),
            "tags": world.shown(target, tags),
        },
        outputs={
            "name": domain["DomainName"],
            "target": configuration.get("ApiGatewayDomainName", ""),
            "zone_id": configuration.get("HostedZoneId", ""),
        },
        ready=status == "AVAILABLE",
        status="" if status == "AVAILABLE" else status,
        ours=world.owns(target, tags),
        mark=world.mark(target, tags),
    )
