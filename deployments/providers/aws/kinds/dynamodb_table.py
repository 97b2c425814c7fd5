"""One replica of a table: the first member of a global table (2019.11.21) is created, the others are added to it.

Created once by its name, which in each region is one table. Marked by tags, which AWS keeps per region; a replica that
has not got its tags yet is ours where another member of the same global table carries our mark. Lanes see to it that
one member changes at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deployments.plan.demand import Demand, Use
from deployments.plan.model import Observed, Params, Ref, Traits
from deployments.providers.aws.grants import grant, service_linked_role
from deployments.providers.aws.kind import (
    REF_TAG,
    Kind,
    World,
    absent_is_fine,
    as_list,
    found_or_none,
    from_list,
    pages,
)
from deployments.providers.errors import Conflict, Transient
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError, Verdict

_AT_WORK = frozenset({"CREATING", "UPDATING", "DELETING", "CREATION_FAILED"})
_ARNS = "arn:aws:dynamodb:*:{account}:table/{service}-*"


class DynamodbTable(Kind):
    """params: table_name, key, tags. context: regions (of all members, in order). outputs: name, arn."""

    name = "dynamodb_table"
    traits = Traits(data=True, fixed=frozenset({"key"}), poll_after_s=1.0, give_up_after_s=3600.0)
    # By name alone: DynamoDB looks at tags only in accounts where that was switched on.
    demand = Demand(
        (Use("dynamodb", "tables_per_region"),),
        made_s=180.0,
        first_s=15.0,
        gone_s=60.0,
        waits_for="table or replica",
        why="DynamoDB takes minutes for each replica, more where there is data, and adds one at a time.",
    )
    grants = (
        grant(
            "dynamodb:DescribeTable",
            "dynamodb:ListTagsOfResource",
            "dynamodb:CreateTable",
            "dynamodb:UpdateTable",
            "dynamodb:DeleteTable",
            "dynamodb:TagResource",
            "dynamodb:UntagResource",
            on=_ARNS,
        ),
        # Developer Guide, "DynamoDB global tables security": adding a replica reads and writes as the caller.
        grant(
            "dynamodb:CreateTableReplica",
            "dynamodb:DeleteTableReplica",
            "dynamodb:Query",
            "dynamodb:Scan",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            "dynamodb:BatchWriteItem",
            on=_ARNS,
            inside=True,
        ),
        service_linked_role("replication.dynamodb.amazonaws.com", "AWSServiceRoleForDynamoDBReplication"),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        table = self._describe(world, target, target.ref.scope)
        if table is None:
            return None
        tags = self._tags(world, target, target.ref.scope)
        ours = world.owns(target, tags)
        user_tags = world.shown(target, tags)
        if not ours and self._has_kin(world, target, table):
            ours = True
            user_tags[REF_TAG] = tags.get(REF_TAG, "")  # a difference, so that an update brings the mark
        status = _at_work(table)
        return Observed(
            physical_id=table["TableName"],
            params={"table_name": table["TableName"], "key": _key(table), "tags": user_tags},
            outputs=self._outputs(world, target),
            ready=not status,
            status=status,
            ours=ours,
            mark=None if ours else world.mark(target, tags),
        )

    def create(self, world: World, target: Target) -> Observed:
        """The first member where no other region has one, else one more replica of it."""
        first = self._first_member(world, target)
        if first is None:
            return self._create_table(world, target)
        region, table = first
        if target.ref.scope not in _members(table):
            self._add_replica(world, target, region)
        # AWS takes minutes; where it is there at once, nobody need come back for it, nor for its tags.
        made = self.observe(world, target)
        if made is not None and made.ready:
            return made if made.params == target.params else self.update(world, target, made.params)
        return Observed(
            physical_id=target.params["table_name"],
            params=target.params,
            outputs=self._outputs(world, target),
            ready=False,
            status="CREATING",
        )

    def update(self, world: World, target: Target, before: Params) -> Observed:
        dynamodb, arn = self._dynamodb(world, target.ref.scope), self._outputs(world, target)["arn"]
        changed, removed = world.retagged(target, before)
        if changed:
            dynamodb.tag_resource(ResourceArn=arn, Tags=as_list(changed))
        if removed:
            dynamodb.untag_resource(ResourceArn=arn, TagKeys=removed)
        return self.updated(world, target)

    def delete(self, world: World, target: Target) -> None:
        """Taken out of the global table from another member; the last one is deleted."""
        region, name = target.ref.scope, target.params["table_name"]
        table = self._describe(world, target, region)
        if table is None or table["TableStatus"] == "DELETING":
            return
        others = [other for other, status in _members(table).items() if other != region and status != "DELETING"]
        if not others:
            with absent_is_fine():
                self._dynamodb(world, region).delete_table(TableName=name)
            return
        peers = list(target.context.get("regions", ()))
        others.sort(key=lambda other: peers.index(other) if other in peers else len(peers))
        try:
            self._dynamodb(world, others[0]).update_table(
                TableName=name, ReplicaUpdates=[{"Delete": {"RegionName": region}}]
            )
        except AwsError as error:
            if "source region" in error.message and "24 hours" in error.message:
                raise Transient(
                    error.message,
                    code="SourceReplica",
                    mend="Nothing to do: it goes once the replicas that were added from it are gone, or after 24 h.",
                    request_id=error.request_id,
                    retry_after_s=10.0,  # it may go at once when the others have gone
                    waiting=True,
                ) from error
            raise

    def facts(self, world: World, target: Target) -> Mapping[str, Any]:
        """AWS counts size and items anew about each six hours (API reference, TableDescription)."""
        table = self._describe(world, target, target.ref.scope)
        if table is None:
            return {}
        facts = {"size_bytes": table["TableSizeBytes"], "items": table["ItemCount"]}
        return {**facts, "table_class": table.get("TableClassSummary", {}).get("TableClass", "STANDARD")}

    def _create_table(self, world: World, target: Target) -> Observed:
        params = target.params
        try:
            answer = self._dynamodb(world, target.ref.scope).create_table(
                TableName=params["table_name"],
                KeySchema=[{"AttributeName": part["name"], "KeyType": part["role"]} for part in params["key"]],
                AttributeDefinitions=[
                    {"AttributeName": part["name"], "AttributeType": part["type"]} for part in params["key"]
                ],
                BillingMode="PAY_PER_REQUEST",
                # Replicas can only be added to a table with such a stream (Developer Guide, "Global tables tutorial").
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
                Tags=as_list(world.tags(target)),
            )
        except AwsError as error:
            if error.code != "ResourceInUseException":
                raise
            return self.standing(world, target, error)
        status = _at_work(answer["TableDescription"])
        return Observed(
            physical_id=params["table_name"],
            params=params,
            outputs=self._outputs(world, target),
            ready=not status,
            status=status,
        )

    def _add_replica(self, world: World, target: Target, anchor: str) -> None:
        try:
            self._dynamodb(world, anchor).update_table(
                TableName=target.params["table_name"],
                ReplicaUpdates=[{"Create": {"RegionName": target.ref.scope}}],
            )
        except AwsError as error:
            if error.code == "ValidationException" and "already exist" in error.message:
                raise Conflict(
                    error.message,
                    code=error.code,
                    mend=f"A table of that name stands alone in {target.ref.scope}: rename the component or remove it.",
                    request_id=error.request_id,
                ) from error
            raise

    def _first_member(self, world: World, target: Target) -> tuple[str, dict[str, Any]] | None:
        """The first region that has a member of ours, and what it says. Not being able to look is not the same as
        finding nothing: a second table of its own must never be made, as two can't be joined."""
        unseen: AwsError | None = None
        alone = ""
        for region in self._peers(target):
            try:
                table = self._describe(world, target, region)
                if table is None:
                    continue
                if not self._marked(world, target, region):
                    alone = alone or region  # unless it is a fresh replica of one that is ours
                    continue
            except AwsError as error:
                if error.verdict is not Verdict.TRANSIENT:
                    raise
                unseen = error
                continue
            if table["TableStatus"] != "ACTIVE":
                raise Transient(
                    f"{target.params['table_name']} in {region} is {table['TableStatus']}",
                    code="ResourceInUseException",
                    mend="Nothing to do: it goes on once AWS has finished there.",
                    retry_after_s=2.0,
                )
            return region, table
        if unseen is not None:
            raise unseen
        if alone:
            raise _unmarked(target, alone)
        return None

    def _peers(self, target: Target) -> Iterator[str]:
        return (region for region in target.context.get("regions", ()) if region != target.ref.scope)

    def _has_kin(self, world: World, target: Target, table: dict[str, Any]) -> bool:
        others = (region for region in _members(table) if region != target.ref.scope)
        return any(self._marked(world, target, region) for region in others)

    def _marked(self, world: World, target: Target, region: str) -> bool:
        ref = target.ref
        marks = world.marks(Ref(ref.stack, ref.kind, region, ref.name))
        return marks.items() <= self._tags(world, target, region).items()

    def _tags(self, world: World, target: Target, region: str) -> dict[str, str]:
        arn = f"arn:aws:dynamodb:{region}:{world.access.account_id}:table/{target.params['table_name']}"
        try:
            return from_list(list(pages(self._dynamodb(world, region).list_tags_of_resource, "Tags", ResourceArn=arn)))
        except AwsError as error:
            if error.absent:  # a replica that is being created has no tags yet
                return {}
            raise

    def _describe(self, world: World, target: Target, region: str) -> dict[str, Any] | None:
        answer = found_or_none(self._dynamodb(world, region).describe_table, TableName=target.params["table_name"])
        return None if answer is None else answer["Table"]

    def _dynamodb(self, world: World, region: str) -> Any:
        return world.client("dynamodb", region)

    def _outputs(self, world: World, target: Target) -> dict[str, str]:
        name = target.params["table_name"]
        return {"name": name, "arn": f"arn:aws:dynamodb:{target.ref.scope}:{world.access.account_id}:table/{name}"}


def _unmarked(target: Target, region: str) -> Transient:
    """Alone it could never be joined with that one: DynamoDB makes replicas only by copying."""
    return Transient(
        f"a table {target.params['table_name']} stands in {region} and is not marked as ours",
        code="unmarked_peer",
        mend="Adopt that one (manage.py adopt), or rename the component: two tables can't be joined.",
        retry_after_s=1.0,
    )


def _members(table: dict[str, Any]) -> dict[str, str]:
    """Status by region, of the members that this one tells of (itself not always among them)."""
    return {replica["RegionName"]: replica.get("ReplicaStatus", "ACTIVE") for replica in table.get("Replicas", [])}


def _at_work(table: dict[str, Any]) -> str:
    """AWS's word for what it is still doing to the global table; empty where it is done."""
    if table["TableStatus"] != "ACTIVE":
        return str(table["TableStatus"])
    return next((f"{region} {status}" for region, status in _members(table).items() if status in _AT_WORK), "")


def _key(table: dict[str, Any]) -> list[dict[str, str]]:
    types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table["AttributeDefinitions"]}
    return [
        {"name": part["AttributeName"], "type": types[part["AttributeName"]], "role": part["KeyType"]}
        for part in table["KeySchema"]
    ]
