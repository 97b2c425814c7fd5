"""What a role may do: one inline policy, replaced whole. Belongs to its tagged role; created once by its name."""

from __future__ import annotations

import json

from deployments.plan.model import Observed, Params
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World, absent_is_fine, found_or_none
from deployments.providers.protocol import Target

_ARNS = "arn:aws:iam::{account}:role/{service}-*"


class IamRolePolicy(Kind):
    """params: role, policy_name, policy (the JSON document)."""

    name = "iam_role_policy"
    grants = (
        grant("iam:GetRolePolicy", on=_ARNS),
        grant("iam:PutRolePolicy", "iam:DeleteRolePolicy", on=_ARNS, ours=True),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        answer = found_or_none(
            world.client("iam", target.ref.scope).get_role_policy,
            RoleName=target.params["role"],
            PolicyName=target.params["policy_name"],
        )
        return None if answer is None else _observed(answer["RoleName"], answer["PolicyName"], answer["PolicyDocument"])

    def create(self, world: World, target: Target) -> Observed:
        params = target.params
        world.client("iam", target.ref.scope).put_role_policy(
            RoleName=params["role"], PolicyName=params["policy_name"], PolicyDocument=json.dumps(params["policy"])
        )
        return _observed(params["role"], params["policy_name"], params["policy"])

    def update(self, world: World, target: Target, before: Params) -> Observed:
        return self.create(world, target)

    def delete(self, world: World, target: Target) -> None:
        with absent_is_fine():
            world.client("iam", target.ref.scope).delete_role_policy(
                RoleName=target.params["role"], PolicyName=target.params["policy_name"]
            )


def _observed(role: str, policy_name: str, policy: object) -> Observed:
    return Observed(
        physical_id=f"{role}/{policy_name}",
        params={"role": role, "policy_name": policy_name, "policy": policy},
    )
