"""A switch bucket lets everybody read switches, and nothing else; what is not exactly so is seen and mended."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any

import pytest

from deployments.providers.aws.kinds.s3_bucket import S3Bucket
from deployments.providers.errors import Conflict, Refused
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError, Verdict
from tests.deployments.providers.aws.cases import bucket
from tests.deployments.providers.aws.stage import HOME, Stage
from tests.localcloud.service import addresses_of


def made(stage: Stage, target: Target) -> tuple[str, Any]:
    """Its name, and a client that may do anything with it."""
    return str(stage.make(target).physical_id), stage.root("s3", target.ref.scope)


def test_anybody_may_read_switches_and_nothing_else(stage: Stage) -> None:
    name, s3 = made(stage, bucket(stage))

    assert json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"] == [
        {
            "Sid": "EverybodyReadsSwitches",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{name}/switch/*",
        }
    ]
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }


def test_a_stranger_reads_a_switch_that_is_set_and_learns_of_nothing_else(stage: Stage) -> None:
    """What is absent is forbidden, not missing, to whoever may not list (API reference, GetObject)."""
    name, s3 = made(stage, bucket(stage))
    for key in ("switch/set", "private"):
        s3.put_object(Bucket=name, Key=key, Body=b"")
    door, host = addresses_of(stage.cloud, HOME)["http"], f"{name}.s3.{HOME}.amazonaws.com"

    def status(path: str) -> int:
        with closing(HTTPConnection(door, timeout=10)) as connection:
            connection.request("GET", path, headers={"Host": host})
            return connection.getresponse().status

    assert [status(path) for path in ("/switch/set", "/switch/absent", "/private", "/")] == [200, 403, 403, 403]


def test_the_first_region_takes_no_constraint(stage: Stage) -> None:
    target = bucket(stage)
    target = replace(target, ref=target.ref._replace(scope="us-east-1"))

    name, s3 = made(stage, target)

    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] is None
    assert stage.settle(target).outputs == {"name": name, "domain": f"{name}.s3.us-east-1.amazonaws.com"}
    assert stage.provider.create(replace(target, physical_id="")).physical_id == name


def _open_policy(s3: Any, name: str) -> None:
    everything = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{name}/*"}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [everything]}))


TAMPERED: dict[str, Callable[[Any, str], Any]] = {
    "policy": _open_policy,
    "public access block, policy": lambda s3, name: (
        s3.delete_bucket_policy(Bucket=name),
        s3.delete_public_access_block(Bucket=name),
    ),
    "ownership": lambda s3, name: s3.put_bucket_ownership_controls(
        Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_changed_by_hand_is_seen_and_mended(stage: Stage, what: str) -> None:
    target = bucket(stage)
    name, s3 = made(stage, target)
    TAMPERED[what](s3, name)

    seen = stage.settle(target)

    assert seen.params["public_prefix"] == f"not as made: {what}"
    assert stage.change(replace(target, physical_id=name)).params == target.params


def test_a_policy_that_says_the_same_in_other_words_is_the_same(stage: Stage) -> None:
    target = bucket(stage)
    name, s3 = made(stage, target)
    policy = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
    (statement,) = policy["Statement"]
    other = {**statement, "Principal": {"AWS": "*"}, "Action": ["s3:GetObject"], "Resource": [statement["Resource"]]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({**policy, "Statement": other}))

    assert stage.settle(target).params == target.params


def test_it_goes_with_its_switches(stage: Stage) -> None:
    target = bucket(stage)
    name, s3 = made(stage, target)
    s3.put_object(Bucket=name, Key="switch/eu-central-1", Body=b"{}")

    stage.remove(replace(target, physical_id=name))

    assert stage.look(target) is None


def test_what_others_put_there_keeps_it(stage: Stage) -> None:
    target = bucket(stage)
    name, s3 = made(stage, target)
    for key in ("switch/eu-central-1", "theirs.txt"):
        s3.put_object(Bucket=name, Key=key, Body=b"{}")

    with pytest.raises(Refused) as refused:
        stage.provider.delete(replace(target, physical_id=name))

    assert "theirs.txt" in refused.value.message
    assert s3.list_objects_v2(Bucket=name)["KeyCount"] == 2


def test_a_name_that_another_account_has_is_a_conflict(stage: Stage) -> None:
    target = bucket(stage)
    other = Stage(stage.cloud, account=f"9{stage.account[1:]}")
    other.root("s3", HOME).create_bucket(
        Bucket=target.params["bucket_name"], CreateBucketConfiguration={"LocationConstraint": HOME}
    )

    with pytest.raises(Conflict) as taken:
        stage.provider.create(target)

    assert "another account" in taken.value.message


def test_a_creation_that_was_not_done_to_the_end_is_finished_by_an_update(stage: Stage) -> None:
    target = bucket(stage)
    stage.fault(action="PutBucketPublicAccessBlock", do="drop", when="before")

    made = stage.provider.create(target)

    assert made.params != target.params
    assert stage.change(replace(target, physical_id=made.physical_id)).params == target.params


def test_an_account_that_blocks_public_policies_says_where_to_let_them(stage: Stage) -> None:
    """As where the block stands whatever we set: this one was never lifted."""
    target = bucket(stage)
    stage.fault(action="PutBucketPublicAccessBlock", do="drop", when="before")
    stage.provider.create(target)

    with pytest.raises(AwsError) as refused:
        S3Bucket()._set(stage.provider._world.client("s3", HOME), target.params, ("policy",))

    assert refused.value.verdict is Verdict.REFUSED
    assert "Block Public Access settings for this account" in refused.value.mend
