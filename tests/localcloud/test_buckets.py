"""Buckets under their own names, as health checkers meet them: who is let in, and what the others are told."""

from __future__ import annotations

import json
import ssl
from http.client import HTTPSConnection
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.process import Running
from tests.localcloud.service import Connect, addresses_of, control, eventually

REGION = "eu-north-1"
"""Of these tests alone, as they take it down."""
KEY = "switch/eu-central-1"


@pytest.fixture
def bucket(connect: Connect, account: str) -> str:
    """As the product makes it: anybody may read below switch/, and nothing else."""
    name = f"antipode-{account}-switch-a"
    s3 = connect("s3", REGION)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": False,
            "RestrictPublicBuckets": False,
        },
    )
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/switch/*",
    }
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return name


def status(localcloud: Running, bucket: str, path: str, method: str = "GET", region: str = REGION) -> int:
    """Asked by somebody without any signature, as a health checker asks."""
    host, _, port = addresses_of(localcloud, region)["https"].rpartition(":")
    connection = HTTPSConnection(host, int(port), timeout=10, context=ssl._create_unverified_context())
    try:
        connection.request(method, path, headers={"Host": f"{bucket}.s3.{REGION}.amazonaws.com"})
        return connection.getresponse().status
    finally:
        connection.close()


def test_anybody_reads_a_switch_and_is_told_403_of_one_that_is_absent(
    connect: Connect, localcloud: Running, bucket: str
) -> None:
    """Without s3:ListBucket AWS answers 403, not 404, for a key that is not there (API reference, GetObject)."""
    before = status(localcloud, bucket, f"/{KEY}")
    connect("s3", REGION).put_object(Bucket=bucket, Key=KEY, Body=b"{}")
    there = status(localcloud, bucket, f"/{KEY}")
    connect("s3", REGION).delete_object(Bucket=bucket, Key=KEY)

    assert (before, there, status(localcloud, bucket, f"/{KEY}")) == (403, 200, 403)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/private"), ("GET", "/"), ("GET", "/?list-type=2"), ("PUT", f"/{KEY}"), ("DELETE", f"/{KEY}")],
)
def test_nothing_else_is_for_anybody(
    connect: Connect, localcloud: Running, bucket: str, method: str, path: str
) -> None:
    for key in ("private", KEY):
        connect("s3", REGION).put_object(Bucket=bucket, Key=key, Body=b"{}")

    assert status(localcloud, bucket, path, method) == 403
    assert connect("s3", REGION).get_object(Bucket=bucket, Key=KEY)["Body"].read() == b"{}"


def test_bucket_answers_in_its_own_region_alone(connect: Connect, localcloud: Running, bucket: str) -> None:
    connect("s3", REGION).put_object(Bucket=bucket, Key=KEY, Body=b"{}")

    assert status(localcloud, bucket, f"/{KEY}", region="eu-central-1") == 403


def test_switch_check_sees_the_object(connect: Connect, localcloud: Running, bucket: str) -> None:
    """The first look comes at once: of a present object, a success, which makes the inverted check unhealthy."""
    connect("s3", REGION).put_object(Bucket=bucket, Key=KEY, Body=b"{}")
    route53 = connect("route53")

    def reported(key: str) -> str:
        config: dict[str, Any] = {
            "Type": "HTTPS",
            "FullyQualifiedDomainName": f"{bucket}.s3.{REGION}.amazonaws.com",
            "Port": 443,
            "ResourcePath": f"/{key}",
            "RequestInterval": 10,
            "FailureThreshold": 1,
            "Inverted": True,
            "EnableSNI": True,
        }
        made = route53.create_health_check(CallerReference=f"{bucket}-{key}", HealthCheckConfig=config)["HealthCheck"]
        seen = eventually(
            lambda: route53.get_health_check_status(HealthCheckId=made["Id"])["HealthCheckObservations"], bool
        )
        return str(seen[0]["StatusReport"]["Status"])

    assert reported(KEY).startswith("Success: HTTP Status Code 200")
    assert reported("switch/other").startswith("Failure: HTTP Status Code 403")


def test_bucket_in_a_region_that_is_down_does_not_answer(localcloud: Running, bucket: str) -> None:
    control(localcloud, "outages", {"region": REGION, "on": True, "mode": "503"})
    try:
        assert status(localcloud, bucket, f"/{KEY}") == 503
    finally:
        control(localcloud, "outages", {"region": REGION, "on": False})


def test_new_bucket_takes_no_policy_for_everybody(connect: Connect, account: str) -> None:
    """All four blocks are on since April 2023 (user guide, "Blocking public access to your Amazon S3 storage")."""
    name = f"antipode-{account}-plain"
    s3 = connect("s3", REGION)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}

    with pytest.raises(ClientError) as refusal:
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert refusal.value.response["Error"]["Code"] == "AccessDenied"
