"""The CloudWatch log group of one function, with its retention. Created once by its name; marked by tags."""

from __future__ import annotations

from typing import Any

from deployments.plan.demand import Demand, Use
from deployments.plan.model import Observed, Params
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World, absent_is_fine
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError

_ARNS = "arn:aws:logs:*:{account}:log-group:/aws/lambda/{service}-*"


class LogGroup(Kind):
    """params: log_group_name, retention_d, tags. outputs: name, arn."""

    name = "log_group"
    demand = Demand((Use("logs", "log_groups_per_region"),))
    grants = (
        grant("logs:DescribeLogGroups"),
        grant("logs:CreateLogGroup", "logs:TagResource", on=_ARNS, marked=True),
        grant("logs:ListTagsForResource", "logs:PutRetentionPolicy", "logs:UntagResource", on=_ARNS),
        grant("logs:DeleteLogGroup", on=_ARNS, ours=True),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        logs, name = self._logs(world, target), target.params["log_group_name"]
        # The name itself sorts before all that it is a prefix of, so it stands on the first page or not at all.
        listed = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        for group in listed:
            if group["logGroupName"] == name:
                tags = logs.list_tags_for_resource(resourceArn=self._arn(world, target)).get("tags", {})
                return self._observed(world, target, group.get("retentionInDays"), tags)
        return None

    def create(self, world: World, target: Target) -> Observed:
        logs, name, retention_d = (
            self._logs(world, target),
            target.params["log_group_name"],
            target.params["retention_d"],
        )
        try:
            logs.create_log_group(logGroupName=name, tags=world.tags(target))
        except AwsError as error:
            if not error.present:
                raise
            return self.standing(world, target, error)
        logs.put_retention_policy(logGroupName=name, retentionInDays=retention_d)
        return self._observed(world, target, retention_d, world.tags(target))

    def update(self, world: World, target: Target, before: Params) -> Observed:
        logs, wanted = self._logs(world, target), target.params
        if before["retention_d"] != wanted["retention_d"]:
            logs.put_retention_policy(logGroupName=wanted["log_group_name"], retentionInDays=wanted["retention_d"])
        changed, removed = world.retagged(target, before)
        if changed:
            logs.tag_resource(resourceArn=self._arn(world, target), tags=changed)
        if removed:
            logs.untag_resource(resourceArn=self._arn(world, target), tagKeys=removed)
        return self.updated(world, target)

    def delete(self, world: World, target: Target) -> None:
        with absent_is_fine():
            self._logs(world, target).delete_log_group(logGroupName=target.params["log_group_name"])

    def _logs(self, world: World, target: Target) -> Any:
        return world.client("logs", target.ref.scope)

    def _arn(self, world: World, target: Target) -> str:
        name = target.params["log_group_name"]
        return f"arn:aws:logs:{target.ref.scope}:{world.access.account_id}:log-group:{name}"

    def _observed(self, world: World, target: Target, retention_d: int | None, tags: dict[str, str]) -> Observed:
        name = target.params["log_group_name"]
        return Observed(
            physical_id=name,
            params={"log_group_name": name, "retention_d": retention_d, "tags": world.shown(target, tags)},
            outputs={"name": name, "arn": self._arn(world, target)},
            ours=world.owns(target, tags),
            mark=world.mark(target, tags),
        )
