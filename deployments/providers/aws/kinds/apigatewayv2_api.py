"""The HTTP API of a service in one region. CreateApi takes no token and names are not unique: created once by search
for its tag. Two found: the older stays, our younger goes. Its integrations, routes and stage are kinds of their own."""

from __future__ import annotations

from typing import Any

from deployments.plan.demand import Demand, Use
from deployments.plan.model import Observed, Params, Traits
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World, absent_is_fine, found_or_none, pages
from deployments.providers.protocol import Target

_ONE = "arn:aws:apigateway:*::/apis/*"
_TAGS = "arn:aws:apigateway:*::/tags/*"


class Apigatewayv2Api(Kind):
    """params: api_name, ip_address_type, tags. outputs: id, endpoint, source_arn."""

    name = "apigatewayv2_api"
    traits = Traits(poll_after_s=0.5)
    rated = ("apigateway", "Api")
    # The actions are HTTP methods (Service Authorization Reference, API Gateway Management V2).
    demand = Demand((Use("apigateway", "apis_per_region"),))
    grants = (
        grant("apigateway:GET", on="arn:aws:apigateway:*::/apis"),
        grant("apigateway:POST", on=("arn:aws:apigateway:*::/apis", _TAGS), marked=True),
        grant("apigateway:GET", "apigateway:PATCH", on=_ONE),
        grant("apigateway:DELETE", on=_ONE, ours=True),
        grant("apigateway:DELETE", on=_TAGS),
        # Asked for where something is made with tags, though no page names it (CloudFormation's schemas do).
        grant("apigateway:TagResource", on="arn:aws:apigateway:*::/apis", inside=True),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        """By id; without one, by search where a creation was tried, as its outcome may be unknown."""
        if target.physical_id:
            api = found_or_none(self._apis(world, target).get_api, ApiId=target.physical_id)
            return None if api is None else self._observed(world, target, api)
        if not target.token:
            return None
        found = self._search(world, target)
        return self._observed(world, target, found[0]) if found else None

    def create(self, world: World, target: Target) -> Observed:
        apis = self._apis(world, target)
        found = self._search(world, target)
        for younger in found[1:]:
            with absent_is_fine():
                apis.delete_api(ApiId=younger["ApiId"])
        if found:
            return self._observed(world, target, found[0])
        api = apis.create_api(
            Name=target.params["api_name"],
            ProtocolType="HTTP",
            IpAddressType=target.params["ip_address_type"],
            DisableExecuteApiEndpoint=False,
            Tags=world.tags(target),
        )
        return self._observed(world, target, api)

    def update(self, world: World, target: Target, before: Params) -> Observed:
        apis, wanted = self._apis(world, target), target.params
        if any(before[name] != wanted[name] for name in ("api_name", "ip_address_type")):
            apis.update_api(ApiId=target.physical_id, Name=wanted["api_name"], IpAddressType=wanted["ip_address_type"])
        changed, removed = world.retagged(target, before)
        arn = f"arn:aws:apigateway:{target.ref.scope}::/apis/{target.physical_id}"
        if changed:
            apis.tag_resource(ResourceArn=arn, Tags=changed)
        if removed:
            apis.untag_resource(ResourceArn=arn, TagKeys=removed)
        return self.updated(world, target)

    def delete(self, world: World, target: Target) -> None:
        """The one that we know and each that carries its tag: a creation that we never heard of must not stay."""
        known = {target.physical_id} - {""}
        for api_id in sorted(known | {api["ApiId"] for api in self._search(world, target)}):
            with absent_is_fine():
                self._apis(world, target).delete_api(ApiId=api_id)

    def _search(self, world: World, target: Target) -> list[dict[str, Any]]:
        """The APIs that carry the marks of this target, oldest first."""
        marks = world.marks(target.ref).items()
        found = [
            api
            for api in pages(self._apis(world, target).get_apis, "Items", MaxResults="100")
            if marks <= api.get("Tags", {}).items()
        ]
        return sorted(found, key=lambda api: (api["CreatedDate"], api["ApiId"]))

    def _apis(self, world: World, target: Target) -> Any:
        return world.client("apigatewayv2", target.ref.scope)

    def _observed(self, world: World, target: Target, api: dict[str, Any]) -> Observed:
        api_id, tags = api["ApiId"], api.get("Tags", {})
        return Observed(
            physical_id=api_id,
            params={
                "api_name": api["Name"],
                # Always in AWS's answers; an endpoint that does not know the field has nothing to compare.
                "ip_address_type": api.get("IpAddressType", target.params["ip_address_type"]),
                "tags": world.shown(target, tags),
            },
            outputs={
                "id": api_id,
                "endpoint": api["ApiEndpoint"],
                "source_arn": f"arn:aws:execute-api:{target.ref.scope}:{world.access.account_id}:{api_id}/*/*",
            },
            ours=world.owns(target, tags),
            mark=world.mark(target, tags),
        )
