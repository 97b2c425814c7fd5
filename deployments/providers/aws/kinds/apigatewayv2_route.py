"""Which requests of an HTTP API go to which integration. Belongs to its tagged API; created once by its route key,
which an API has once. All routes of one API are read together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from deployments.plan.demand import Demand, Use
from deployments.plan.model import Observed, Params, Ref, Traits
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World, absent_is_fine, pages
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError


class Apigatewayv2Route(Kind):
    """params: api_id, route_key, integration_id. outputs: id."""

    name = "apigatewayv2_route"
    traits = Traits(poll_after_s=0.5)
    rated = ("apigateway", "Route")
    demand = Demand((Use("apigateway", "routes_per_api", of="api_id"),))
    grants = (
        grant("apigateway:GET", "apigateway:POST", on="arn:aws:apigateway:*::/apis/*/routes"),
        grant("apigateway:PATCH", "apigateway:DELETE", on="arn:aws:apigateway:*::/apis/*/routes/*"),
    )

    def together(self, target: Target) -> Hashable:
        return target.ref.scope, target.params["api_id"]

    def observe_many(self, world: World, targets: Sequence[Target]) -> Mapping[Ref, Observed | None]:
        listed = self._list(world, targets[0])
        return {target.ref: _find(target, listed) for target in targets}

    def observe(self, world: World, target: Target) -> Observed | None:
        return _find(target, self._list(world, target))

    def create(self, world: World, target: Target) -> Observed:
        try:
            answer = self._apis(world, target).create_route(
                ApiId=target.params["api_id"],
                RouteKey=target.params["route_key"],
                Target=f"integrations/{target.params['integration_id']}",
            )
        except AwsError as error:
            if not error.present:
                raise
            return self.standing(world, target, error)
        return _observed(target, answer)

    def update(self, world: World, target: Target, before: Params) -> Observed:
        answer = self._apis(world, target).update_route(
            ApiId=target.params["api_id"],
            RouteId=target.physical_id,
            Target=f"integrations/{target.params['integration_id']}",
        )
        return _observed(target, answer)

    def delete(self, world: World, target: Target) -> None:
        found = self.observe(world, target)
        if found is not None:
            with absent_is_fine():
                self._apis(world, target).delete_route(ApiId=target.params["api_id"], RouteId=found.physical_id)

    def _list(self, world: World, target: Target) -> list[dict[str, Any]]:
        call = self._apis(world, target).get_routes
        try:
            return list(pages(call, "Items", ApiId=target.params["api_id"], MaxResults="100"))
        except AwsError as error:
            if error.absent:
                return []
            raise

    def _apis(self, world: World, target: Target) -> Any:
        return world.client("apigatewayv2", target.ref.scope)


def _find(target: Target, listed: list[dict[str, Any]]) -> Observed | None:
    for route in listed:
        if route["RouteKey"] == target.params["route_key"]:
            return _observed(target, route)
    return None


def _observed(target: Target, route: dict[str, Any]) -> Observed:
    return Observed(
        physical_id=route["RouteId"],
        params={
            "api_id": target.params["api_id"],
            "route_key": route["RouteKey"],
            "integration_id": route.get("Target", "").removeprefix("integrations/"),
        },
        outputs={"id": route["RouteId"]},
    )
