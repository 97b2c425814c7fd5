"""The stage of an HTTP API that deploys its routes by itself, and its throttle. Belongs to its tagged API; created once
by its name."""

from __future__ import annotations

from typing import Any

from deployments.plan.model import Observed, Params, Traits
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World, absent_is_fine, found_or_none
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError


class Apigatewayv2Stage(Kind):
    """params: api_id, stage_name, auto_deploy, throttle_rate (a second) and throttle_burst (null: the account's).
    outputs: name."""

    name = "apigatewayv2_stage"
    traits = Traits(poll_after_s=0.5)
    rated = ("apigateway", "Stage")
    grants = (
        grant("apigateway:POST", on="arn:aws:apigateway:*::/apis/*/stages"),
        grant("apigateway:GET", "apigateway:PATCH", "apigateway:DELETE", on="arn:aws:apigateway:*::/apis/*/stages/*"),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        answer = found_or_none(
            self._apis(world, target).get_stage,
            ApiId=target.params["api_id"],
            StageName=target.params["stage_name"],
        )
        return None if answer is None else _observed(target, answer)

    def create(self, world: World, target: Target) -> Observed:
        try:
            answer = self._apis(world, target).create_stage(**_asked(target.params))
        except AwsError as error:
            if not error.present:
                raise
            return self.standing(world, target, error)
        return _observed(target, answer)

    def update(self, world: World, target: Target, before: Params) -> Observed:
        answer = self._apis(world, target).update_stage(**_asked(target.params))
        return _observed(target, answer)

    def delete(self, world: World, target: Target) -> None:
        with absent_is_fine():
            self._apis(world, target).delete_stage(ApiId=target.params["api_id"], StageName=target.params["stage_name"])

    def _apis(self, world: World, target: Target) -> Any:
        return world.client("apigatewayv2", target.ref.scope)


def _asked(params: Params) -> dict[str, Any]:
    limits = {"ThrottlingRateLimit": params["throttle_rate"], "ThrottlingBurstLimit": params["throttle_burst"]}
    return {
        "ApiId": params["api_id"],
        "StageName": params["stage_name"],
        "AutoDeploy": params["auto_deploy"],
        "DefaultRouteSettings": {name: limit for name, limit in limits.items() if limit is not None},
    }


def _observed(target: Target, stage: dict[str, Any]) -> Observed:
    settings = stage.get("DefaultRouteSettings", {})
    return Observed(
        physical_id=stage["StageName"],
        params={
            "api_id": target.params["api_id"],
            "stage_name": stage["StageName"],
            "auto_deploy": stage.get("AutoDeploy", False),
            "throttle_rate": settings.get("ThrottlingRateLimit"),
            "throttle_burst": settings.get("ThrottlingBurstLimit"),
        },
        outputs={"name": stage["StageName"]},
    )
