"""Which API answers at a custom domain. Belongs to its tagged domain, which has one mapping without a key: created once
by that."""

from __future__ import annotations

from typing import Any

from deployments.plan.model import Observed, Params, Traits
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World, absent_is_fine, pages
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError


class Apigatewayv2Mapping(Kind):
    """params: domain, api_id, stage. outputs: id."""

    name = "apigatewayv2_mapping"
    traits = Traits(poll_after_s=0.5)
    rated = ("apigateway", "ApiMapping")
    grants = (
        grant("apigateway:GET", "apigateway:POST", on="arn:aws:apigateway:*::/domainnames/*/apimappings"),
        grant("apigateway:PATCH", "apigateway:DELETE", on="arn:aws:apigateway:*::/domainnames/*/apimappings/*"),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        call = self._apis(world, target).get_api_mappings
        try:
            for mapping in pages(call, "Items", DomainName=target.params["domain"], MaxResults="100"):
                if not mapping.get("ApiMappingKey"):
                    return _observed(target, mapping)
        except AwsError as error:
            if not error.absent:
                raise
        return None

    def create(self, world: World, target: Target) -> Observed:
        params = target.params
        try:
            answer = self._apis(world, target).create_api_mapping(
                DomainName=params["domain"], ApiId=params["api_id"], Stage=params["stage"]
            )
        except AwsError as error:
            if not error.present:
                raise
            return self.standing(world, target, error)
        return _observed(target, answer)

    def update(self, world: World, target: Target, before: Params) -> Observed:
        params = target.params
        answer = self._apis(world, target).update_api_mapping(
            DomainName=params["domain"],
            ApiMappingId=target.physical_id,
            ApiId=params["api_id"],
            Stage=params["stage"],
        )
        return _observed(target, answer)

    def delete(self, world: World, target: Target) -> None:
        found = self.observe(world, target)
        if found is not None:
            with absent_is_fine():
                self._apis(world, target).delete_api_mapping(
                    DomainName=target.params["domain"], ApiMappingId=found.physical_id
                )

    def _apis(self, world: World, target: Target) -> Any:
        return world.client("apigatewayv2", target.ref.scope)


def _observed(target: Target, mapping: dict[str, Any]) -> Observed:
    return Observed(
        physical_id=mapping["ApiMappingId"],
        params={"domain": target.params["domain"], "api_id": mapping["ApiId"], "stage": mapping["Stage"]},
        outputs={"id": mapping["ApiMappingId"]},
    )
