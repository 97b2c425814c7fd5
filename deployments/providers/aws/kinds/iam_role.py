"""The IAM role that a service's functions in one region run as. Created once by its name; marked by tags."""

from __future__ import annotations

import json
from typing import Any

from deployments.plan.demand import Demand, Use
from deployments.plan.model import Observed, Params, Traits
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World, absent_is_fine, as_list, found_or_none, from_list
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}

_ARNS = "arn:aws:iam::{account}:role/{service}-*"


class IamRole(Kind):
    """params: role_name, tags. outputs: name, arn."""

    name = "iam_role"
    traits = Traits(poll_after_s=1.0)
    demand = Demand(
        (Use("iam", "roles_per_account"),),
        made_s=10.0,
        waits_for="role to be assumable",
        why="Lambda may take a new role only after some seconds.",
    )
    grants = (
        grant("iam:CreateRole", "iam:TagRole", on=_ARNS, marked=True),
        grant("iam:GetRole", "iam:UntagRole", on=_ARNS),
        grant("iam:DeleteRole", on=_ARNS, ours=True),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        answer = found_or_none(self._iam(world, target).get_role, RoleName=target.params["role_name"])
        return None if answer is None else self._observed(world, target, answer["Role"])

    def create(self, world: World, target: Target) -> Observed:
        try:
            answer = self._iam(world, target).create_role(
                RoleName=target.params["role_name"],
                AssumeRolePolicyDocument=json.dumps(_TRUST),
                Tags=as_list(world.tags(target)),
            )
        except AwsError as error:
            if not error.present:
                raise
            return self.standing(world, target, error)
        return self._observed(world, target, {"Tags": as_list(world.tags(target)), **answer["Role"]})

    def update(self, world: World, target: Target, before: Params) -> Observed:
        iam, name = self._iam(world, target), target.params["role_name"]
        changed, removed = world.retagged(target, before)
        if changed:
            iam.tag_role(RoleName=name, Tags=as_list(changed))
        if removed:
            iam.untag_role(RoleName=name, TagKeys=removed)
        return self.updated(world, target)

    def delete(self, world: World, target: Target) -> None:
        with absent_is_fine():
            self._iam(world, target).delete_role(RoleName=target.params["role_name"])

    def _iam(self, world: World, target: Target) -> Any:
        return world.client("iam", target.ref.scope)

    def _observed(self, world: World, target: Target, role: dict[str, Any]) -> Observed:
        tags = from_list(role.get("Tags", []))
        return Observed(
            physical_id=role["RoleName"],
            params={"role_name": role["RoleName"], "tags": world.shown(target, tags)},
            outputs={"name": role["RoleName"], "arn": role["Arn"]},
            ours=world.owns(target, tags),
            mark=world.mark(target, tags),
        )
