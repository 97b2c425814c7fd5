"""How an HTTP API invokes a function's alias. Belongs to its tagged API; created once by search for its description,
which is its ref. All integrations of one API are read together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from deployments.plan.demand import Demand, Use
from deployments.plan.model import Observed, Params, Ref, Traits
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World, absent_is_fine, pages
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError


class Apigatewayv2Integration(Kind):
    """params: api_id, uri, payload_format. outputs: id."""

    name = "apigatewayv2_integration"
    traits = Traits(poll_after_s=0.5)
    rated = ("apigateway", "Integration")
    demand = Demand((Use("apigateway", "integrations_per_api", of="api_id"),))
    grants = (
        grant("apigateway:GET", "apigateway:POST", on="arn:aws:apigateway:*::/apis/*/integrations"),
        grant("apigateway:PATCH", "apigateway:DELETE", on="arn:aws:apigateway:*::/apis/*/integrations/*"),
    )

    def together(self, target: Target) -> Hashable:
        return target.ref.scope, target.params["api_id"]

    def observe_many(self, world: World, targets: Sequence[Target]) -> Mapping[Ref, Observed | None]:
        listed = self._list(world, targets[0])
        return {target.ref: _find(target, listed) for target in targets}

    def observe(self, world: World, target: Target) -> Observed | None:
        return _find(target, self._list(world, target))

    def create(self, world: World, target: Target) -> Observed:
        found = self.observe(world, target)
        if found is not None:
            return found
        answer = self._apis(world, target).create_integration(
            ApiId=target.params["api_id"],
            Description=str(target.ref),
            IntegrationType="AWS_PROXY",
            IntegrationMethod="POST",
            IntegrationUri=target.params["uri"],
            PayloadFormatVersion=target.params["payload_format"],
        )
        return _observed(target, answer)

    def update(self, world: World, target: Target, before: Params) -> Observed:
        answer = self._apis(world, target).update_integration(
            ApiId=target.params["api_id"],
            IntegrationId=target.physical_id,
            IntegrationUri=target.params["uri"],
            PayloadFormatVersion=target.params["payload_format"],
        )
        return _observed(target, answer)

    def delete(self, world: World, target: Target) -> None:
        found = self.observe(world, target)
        if found is not None:
            with absent_is_fine():
                self._apis(world, target).delete_integration(
                    ApiId=target.params["api_id"], IntegrationId=found.physical_id
                )

    def _list(self, world: World, target: Target) -> list[dict[str, Any]]:
        call = self._apis(world, target).get_integrations
        try:
            return list(pages(call, "Items", ApiId=target.params["api_id"], MaxResults="100"))
        except AwsError as error:
            if error.absent:
                return []
            raise

    def _apis(self, world: World, target: Target) -> Any:
        return world.client("apigatewayv2", target.ref.scope)


def _find(target: Target, listed: list[dict[str, Any]]) -> Observed | None:
    for integration in listed:
        if target.physical_id == integration["IntegrationId"] or integration.get("Description") == str(target.ref):
            return _observed(target, integration)
    return None


def _observed(target: Target, integration: dict[str, Any]) -> Observed:
    return Observed(
        physical_id=integration["IntegrationId"],
        params={
            "api_id": target.params["api_id"],
            "uri": integration.get("IntegrationUri", ""),
            "payload_format": integration.get("PayloadFormatVersion", ""),
        },
        outputs={"id": integration["IntegrationId"]},
    )
