"""Lets an API invoke a function's alias: one statement of the alias's resource policy. Created once by its
statement id."""

from __future__ import annotations

import json
from typing import Any

from deployments.plan.model import Observed, Params, Traits
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World, absent_is_fine, found_or_none
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError

_PRINCIPAL = "apigateway.amazonaws.com"
_ACTION = "lambda:InvokeFunction"
_ARNS = "arn:aws:lambda:*:{account}:function:{service}-*"


class LambdaPermission(Kind):
    """params: function, alias, statement_id, source_arn."""

    name = "lambda_permission"
    traits = Traits(poll_after_s=0.5)
    grants = (
        grant("lambda:GetPolicy", "lambda:RemovePermission", on=_ARNS),
        grant("lambda:AddPermission", on=_ARNS, when=(("lambda:Principal", _PRINCIPAL),)),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        params = target.params
        answer = found_or_none(
            self._lambda(world, target).get_policy, FunctionName=params["function"], Qualifier=params["alias"]
        )
        if answer is None:
            return None
        for statement in json.loads(answer["Policy"])["Statement"]:
            if statement.get("Sid") == params["statement_id"]:
                return _observed(target, _source_arn(statement))
        return None

    def create(self, world: World, target: Target) -> Observed:
        params = target.params
        try:
            self._lambda(world, target).add_permission(
                FunctionName=params["function"],
                Qualifier=params["alias"],
                StatementId=params["statement_id"],
                Action=_ACTION,
                Principal=_PRINCIPAL,
                SourceArn=params["source_arn"],
            )
        except AwsError as error:
            if error.code != "ResourceConflictException":
                raise
            return self.standing(world, target, error)
        return _observed(target, params["source_arn"])

    def update(self, world: World, target: Target, before: Params) -> Observed:
        """A statement can't be changed in place: it goes and comes anew."""
        self.delete(world, target)
        return self.create(world, target)

    def delete(self, world: World, target: Target) -> None:
        params = target.params
        with absent_is_fine():
            self._lambda(world, target).remove_permission(
                FunctionName=params["function"], Qualifier=params["alias"], StatementId=params["statement_id"]
            )

    def _lambda(self, world: World, target: Target) -> Any:
        return world.client("lambda", target.ref.scope)


def _source_arn(statement: dict[str, Any]) -> str:
    """Whom the statement lets in; empty, and so a difference, where it is not the statement that we write."""
    conditions = statement.get("Condition", {}).get("ArnLike", {})
    principal = statement.get("Principal", {})
    if statement.get("Effect") != "Allow" or statement.get("Action") != _ACTION or not isinstance(principal, dict):
        return ""
    if principal.get("Service") != _PRINCIPAL:
        return ""
    return str(next((arn for name, arn in conditions.items() if name.lower() == "aws:sourcearn"), ""))


def _observed(target: Target, source_arn: str) -> Observed:
    return Observed(
        physical_id=target.params["statement_id"],
        params={
            "function": target.params["function"],
            "alias": target.params["alias"],
            "statement_id": target.params["statement_id"],
            "source_arn": source_arn,
        },
    )
