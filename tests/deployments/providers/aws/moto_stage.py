"""The same stage in moto: an AWS written by others, in this process, so that no kind is proved by one emulator alone.

Calls leave for AWS's own addresses and are answered before they are sent. Knows no permissions and no delays; its
faults are of the client's making.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.exceptions import ConnectionClosedError

from regions import aws
from tests.deployments.providers.aws.stage import Stage

WHEN = {"before": "before-send", "after": "after-call"}


@dataclass
class MotoStage(Stage):
    faults: list[tuple[str, str]] = field(default_factory=list)

    def _root(self, service: str, region: str) -> Any:
        """Any role of an account leads into it, whether or not it stands (moto's guide, "Multi-Account support")."""
        taken = boto3.client("sts", region_name="us-east-1").assume_role(
            RoleArn=f"arn:aws:iam::{self.account}:role/root", RoleSessionName="root"
        )["Credentials"]
        return boto3.client(
            service,
            region_name=region,
            aws_access_key_id=taken["AccessKeyId"],
            aws_secret_access_key=taken["SecretAccessKey"],
            aws_session_token=taken["SessionToken"],
        )

    def allow(self, *kinds: str) -> None:
        """All is allowed: whose role it is tells moto the account and nothing more."""

    def fault(self, **rule: Any) -> int:
        """The connection breaks, once: before the call is sent, or after it was done."""
        assert rule["do"] == "drop"
        self.faults.append((WHEN[rule["when"]], rule["action"]))
        return len(self.faults)

    def making(self, make: Callable[..., Any]) -> Callable[..., Any]:
        """The door's own way of making a client, of one that breaks as was asked."""

        def made(access: aws.Access, service: str, region: str, *, read_timeout_s: float) -> Any:
            raw = make(access, service, region, read_timeout_s=read_timeout_s)
            if service == "s3":
                _keep_tags(raw)
            for moment in WHEN.values():
                raw.meta.events.register_first(f"{moment}.*.*", self._break(moment))
            return raw

        return made

    def _break(self, moment: str) -> Callable[..., None]:
        def breaks(event_name: str, **_: Any) -> None:
            fault = (moment, event_name.rpartition(".")[2])
            if fault in self.faults:
                self.faults.remove(fault)
                raise ConnectionClosedError(endpoint_url="moto")

        return breaks


def _keep_tags(s3: Any) -> None:
    """moto forgets the tags that a bucket is created with: given afterwards, before anybody hears of it."""
    made: dict[str, Any] = {}
    s3.meta.events.register("before-parameter-build.s3.CreateBucket", lambda params, **_: made.update(params))

    def tag(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name == "CreateBucket" and "Error" not in parsed:
            tags = made["CreateBucketConfiguration"]["Tags"]
            s3.put_bucket_tagging(Bucket=made["Bucket"], Tagging={"TagSet": tags})

    s3.meta.events.register_first("after-call.*.*", tag)
