"""The name under which a function's published version is invoked. Belongs to its tagged function; created once
by its name."""

from __future__ import annotations

from typing import Any

from deployments.plan.model import Observed, Params, Traits
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World, absent_is_fine, found_or_none
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError

_ARNS = "arn:aws:lambda:*:{account}:function:{service}-*"


class LambdaAlias(Kind):
    """params: function, alias, version. outputs: arn."""

    name = "lambda_alias"
    traits = Traits(poll_after_s=0.5)
    grants = (grant("lambda:GetAlias", "lambda:CreateAlias", "lambda:UpdateAlias", "lambda:DeleteAlias", on=_ARNS),)

    def observe(self, world: World, target: Target) -> Observed | None:
        answer = found_or_none(
            self._lambda(world, target).get_alias,
            FunctionName=target.params["function"],
            Name=target.params["alias"],
        )
        return None if answer is None else _observed(target, answer)

    def create(self, world: World, target: Target) -> Observed:
        params = target.params
        try:
            answer = self._lambda(world, target).create_alias(
                FunctionName=params["function"], Name=params["alias"], FunctionVersion=params["version"]
            )
        except AwsError as error:
            if error.code != "ResourceConflictException":
                raise
            return self.standing(world, target, error)
        return _observed(target, answer)

    def update(self, world: World, target: Target, before: Params) -> Observed:
        params = target.params
        answer = self._lambda(world, target).update_alias(
            FunctionName=params["function"],
            Name=params["alias"],
            FunctionVersion=params["version"],
            RoutingConfig={"AdditionalVersionWeights": {}},
        )
        return _observed(target, answer)

    def delete(self, world: World, target: Target) -> None:
        with absent_is_fine():
            self._lambda(world, target).delete_alias(
                FunctionName=target.params["function"], Name=target.params["alias"]
            )

    def _lambda(self, world: World, target: Target) -> Any:
        return world.client("lambda", target.ref.scope)


def _observed(target: Target, alias: dict[str, Any]) -> Observed:
    return Observed(
        physical_id=f"{target.params['function']}:{alias['Name']}",
        params={
            "function": target.params["function"],
            "alias": alias["Name"],
            "version": alias["FunctionVersion"],
        },
        outputs={"arn": alias["AliasArn"]},
    )
