"""Objects in switch buckets: written and removed by an evacuation, in the process that was asked. Data plane only.

Short time-outs and one more try: this must work when little else does, and asks neither Redis (S3's calls have no rate
in the catalogue) nor any control plane.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import World
from regions.aws_errors import AwsError, Verdict

# As the foundation names them. S3 looks at a bucket's tags only where that was switched on, so names do it all.
BUCKETS = "arn:aws:s3:::antipode-{account}-*-switch-*"
OBJECTS = f"{BUCKETS}/switch/*"

GRANTS = (
    grant("s3:PutObject", "s3:DeleteObject", on=OBJECTS),
    grant("s3:ListBucket", on=BUCKETS),
)


def put(world: World, region: str, bucket: str, key: str, body: bytes) -> None:
    _twice(_s3(world, region).put_object, Bucket=bucket, Key=key, Body=body, ContentType="application/json")


def delete(world: World, region: str, bucket: str, key: str) -> None:
    """Deleting what is absent succeeds: S3 answers 204."""
    _twice(_s3(world, region).delete_object, Bucket=bucket, Key=key)


def has(world: World, region: str, bucket: str, key: str) -> bool:
    """By a list, which is as fresh as a read and tells "absent" from "not allowed". The key itself comes before all
    that it is a prefix of."""
    listed = _twice(_s3(world, region).list_objects_v2, Bucket=bucket, Prefix=key, MaxKeys=1)
    return any(each["Key"] == key for each in listed.get("Contents", []))


def _s3(world: World, region: str) -> Any:
    return world.client("s3", region, quick=True)


def _twice(call: Callable[..., dict[str, Any]], **params: Any) -> Mapping[str, Any]:
    """Each of these calls may be done twice."""
    try:
        return call(**params)
    except AwsError as error:
        if error.verdict is not Verdict.TRANSIENT:
            raise
        return call(**params)
