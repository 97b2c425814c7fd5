"""An S3 bucket that lets anybody read the objects under one prefix, and nothing else: where switches are.

Created once by its name, which no other bucket in AWS may have; marked by the tags that it is created with. It is as
made only while policy, public access block and ownership are exactly ours: its public prefix shows what is not.
Encryption at rest is AWS's default (SSE-S3).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from deployments.plan.demand import Demand, Use
from deployments.plan.model import Observed, Params
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World, absent_is_fine, as_list, found_or_none, from_list, pages
from deployments.providers.aws.objects import BUCKETS, OBJECTS
from deployments.providers.errors import Conflict, Refused
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError

US_EAST_1 = "us-east-1"
"""The one region that takes no LocationConstraint (API reference, CreateBucket)."""

# A policy for everybody is let in, ACLs never are (user guide, "Blocking public access to your Amazon S3 storage").
_BLOCK = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": False,
    "RestrictPublicBuckets": False,
}
_OWNERSHIP = "BucketOwnerEnforced"
_EVERYBODY = ("*", {"AWS": "*"}, {"AWS": ["*"]})

_SETTINGS = ("ownership", "public access block", "policy")
"""In the order in which they must be set: the policy is refused while the block stands."""


class S3Bucket(Kind):
    """params: bucket_name, public_prefix, tags. outputs: name, domain."""

    name = "s3_bucket"
    demand = Demand((Use("s3", "buckets_per_account"),))
    grants = (
        grant(
            "s3:CreateBucket",
            "s3:GetBucketTagging",
            "s3:PutBucketTagging",
            "s3:GetBucketPolicy",
            "s3:PutBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:PutBucketPublicAccessBlock",
            "s3:GetBucketOwnershipControls",
            "s3:PutBucketOwnershipControls",
            "s3:ListBucket",
            "s3:DeleteBucket",
            on=BUCKETS,
        ),
        grant("s3:TagResource", on=BUCKETS, inside=True),  # of a creation with tags (API reference, CreateBucket)
        grant("s3:DeleteObject", on=OBJECTS),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        s3, bucket = self._s3(world, target), target.params["bucket_name"]
        try:
            tags = from_list(s3.get_bucket_tagging(Bucket=bucket)["TagSet"])
        except AwsError as error:
            if error.code == "NoSuchBucket":
                return None
            if error.code != "NoSuchTagSet":
                raise
            tags = {}
        return self._observed(world, target, tags, self._differing(s3, target.params))

    def create(self, world: World, target: Target) -> Observed:
        """Looked for first: in us-east-1 creating one's own again succeeds, and says nothing."""
        hidden: AwsError | None = None
        try:
            found = self.observe(world, target)
        except AwsError as error:
            if error.code != "AccessDenied":
                raise
            found, hidden = None, error  # another account's, or our own that we may not look at
        if found is not None:
            return self.own(target, found)
        s3, region = self._s3(world, target), target.ref.scope
        where = {} if region == US_EAST_1 else {"LocationConstraint": region}
        try:
            s3.create_bucket(
                Bucket=target.params["bucket_name"],
                ObjectOwnership=_OWNERSHIP,
                CreateBucketConfiguration={**where, "Tags": as_list(world.tags(target))},
            )
        except AwsError as error:
            if error.code == "BucketAlreadyExists":
                raise _taken(target, error) from error
            if not error.present:
                raise
            return self.standing(world, target, error)
        if hidden is not None:
            raise hidden
        try:
            self._set(s3, target.params, ("public access block", "policy"))
        except AwsError:  # it stands; an update brings the rest
            return self._observed(world, target, world.tags(target), ("policy",))
        return self._observed(world, target, world.tags(target), ())

    def update(self, world: World, target: Target, before: Params) -> Observed:
        s3, wanted = self._s3(world, target), target.params
        if before["tags"] != wanted["tags"]:
            s3.put_bucket_tagging(Bucket=wanted["bucket_name"], Tagging={"TagSet": as_list(world.tags(target))})
        if before["public_prefix"] != wanted["public_prefix"]:
            self._set(s3, wanted, self._differing(s3, wanted))
        return self.updated(world, target)

    def delete(self, world: World, target: Target) -> None:
        """With the switches in it; what others put there is theirs, and keeps it."""
        s3, bucket = self._s3(world, target), target.params["bucket_name"]
        with absent_is_fine():
            keys = [
                each["Key"]
                for each in pages(
                    s3.list_objects_v2,
                    "Contents",
                    asks="ContinuationToken",
                    tells="NextContinuationToken",
                    Bucket=bucket,
                )
            ]
            if others := [key for key in keys if not key.startswith(target.params["public_prefix"])]:
                raise _in_use(bucket, f"{len(others)} objects that are not switches, as {others[0]}")
            for key in keys:
                s3.delete_object(Bucket=bucket, Key=key)
            try:
                s3.delete_bucket(Bucket=bucket)
            except AwsError as error:
                if error.code == "BucketNotEmpty":
                    raise _in_use(bucket, "older versions of objects") from error
                raise

    def _differing(self, s3: Any, params: Params) -> tuple[str, ...]:
        """Which of the settings are not exactly as made."""
        bucket, prefix = params["bucket_name"], params["public_prefix"]
        rules = (found_or_none(s3.get_bucket_ownership_controls, Bucket=bucket) or {}).get("OwnershipControls", {})
        block = (found_or_none(s3.get_public_access_block, Bucket=bucket) or {}).get("PublicAccessBlockConfiguration")
        policy = (found_or_none(s3.get_bucket_policy, Bucket=bucket) or {}).get("Policy", "{}")
        same = {
            "ownership": [rule["ObjectOwnership"] for rule in rules.get("Rules", [])] == [_OWNERSHIP],
            "public access block": block == _BLOCK,
            "policy": _meaning(json.loads(policy)) == _meaning(_policy(bucket, prefix)),
        }
        return tuple(name for name in _SETTINGS if not same[name])

    def _set(self, s3: Any, params: Params, settings: Sequence[str]) -> None:
        bucket = params["bucket_name"]
        setting: dict[str, Callable[[], Any]] = {
            "ownership": lambda: s3.put_bucket_ownership_controls(
                Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": _OWNERSHIP}]}
            ),
            "public access block": lambda: s3.put_public_access_block(
                Bucket=bucket, PublicAccessBlockConfiguration=_BLOCK
            ),
            "policy": lambda: s3.put_bucket_policy(
                Bucket=bucket, Policy=json.dumps(_policy(bucket, params["public_prefix"]))
            ),
        }
        try:
            for name in settings:
                setting[name]()
        except AwsError as error:
            if "BlockPublicPolicy" in error.message:
                error.mend = (
                    "The account or its organization blocks public policies: let S3 buckets of this account have them "
                    "(S3 console, Block Public Access settings for this account). Switches must be readable by "
                    "Route 53's health checkers."
                )
            raise

    def _s3(self, world: World, target: Target) -> Any:
        return world.client("s3", target.ref.scope)

    def _observed(self, world: World, target: Target, tags: dict[str, str], differing: Sequence[str]) -> Observed:
        bucket, prefix = target.params["bucket_name"], target.params["public_prefix"]
        return Observed(
            physical_id=bucket,
            params={
                "bucket_name": bucket,
                "public_prefix": f"not as made: {', '.join(differing)}" if differing else prefix,
                "tags": world.shown(target, tags),
            },
            outputs={"name": bucket, "domain": f"{bucket}.s3.{target.ref.scope}.amazonaws.com"},
            ours=world.owns(target, tags),
            mark=world.mark(target, tags),
        )


def _policy(bucket: str, prefix: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "EverybodyReadsSwitches",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{bucket}/{prefix}*",
            }
        ],
    }


def _meaning(policy: dict[str, Any]) -> dict[str, Any]:
    """One thing or a list of one is the same to IAM, and everybody has several names."""
    statements = policy.get("Statement", [])
    return {
        **policy,
        "Statement": [
            {
                **each,
                "Principal": "*" if each.get("Principal") in _EVERYBODY else each.get("Principal"),
                "Action": _listed(each.get("Action")),
                "Resource": _listed(each.get("Resource")),
            }
            for each in _listed(statements)
        ],
    }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _taken(target: Target, error: AwsError) -> Conflict:
    return Conflict(
        f"The bucket name {target.params['bucket_name']} is taken, in another account",
        code=error.code,
        mend="All of AWS shares the names of buckets. Ask whoever has it to give it up: it bears this account's id.",
        request_id=error.request_id,
    )


def _in_use(bucket: str, what: str) -> Refused:
    return Refused(
        f"The bucket {bucket} holds {what}",
        code="BucketNotEmpty",
        mend="Move or remove them by hand, then retry: what we did not put there, we do not delete.",
    )
