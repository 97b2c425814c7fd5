"""Builders for the strict layer's tests: the smallest thing that a rule needs, and how AWS said no."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

from botocore.exceptions import ClientError

Connect = Callable[..., Any]

ADMITTED = "admitted"
LAMBDA_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def refusal(call: Callable[..., Any], **parameters: Any) -> str:
    """The error code of a call, or that it was admitted."""
    try:
        call(**parameters)
    except ClientError as problem:
        return str(problem.response["Error"]["Code"])
    return ADMITTED


def message(call: Callable[..., Any], **parameters: Any) -> str:
    """The error message of a call that must be refused."""
    try:
        call(**parameters)
    except ClientError as problem:
        return str(problem.response["Error"]["Message"])
    raise AssertionError("admitted")


def set_delays(url: str, account: str, **delays: float | str) -> None:
    """Delays of one account, through the local cloud's own interface."""
    request = Request(
        f"{url}/_localcloud/delays",
        method="PATCH",
        data=json.dumps({"account": account, **delays}).encode(),
        headers={"content-type": "application/json"},
    )
    with urlopen(request) as answer:
        assert answer.status == 200


def domain() -> str:
    """A name that no other test has: custom domains are unique in a region across accounts."""
    return f"t{uuid.uuid4().hex[:12]}.example"


def make_zone(connect: Connect, name: str) -> str:
    zone = connect("route53").create_hosted_zone(Name=name, CallerReference=uuid.uuid4().hex)["HostedZone"]
    return str(zone["Id"]).removeprefix("/hostedzone/")


def change(connect: Connect, zone: str, *changes: tuple[str, dict[str, Any]]) -> Any:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
    return connect("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def values(name: str, *held: str, kind: str = "A", ttl: int = 60, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": one} for one in held], **more}


def alias(name: str, target: str, zone: str, kind: str = "A", **more: Any) -> dict[str, Any]:
    to = {"HostedZoneId": zone, "DNSName": target, "EvaluateTargetHealth": False}
    return {"Name": name, "Type": kind, "AliasTarget": to, **more}


def make_check(connect: Connect, reference: str | None = None, **config: Any) -> Any:
    settings = {"Type": "HTTPS", "FullyQualifiedDomainName": "a.example", "ResourcePath": "/health"} | config
    return connect("route53").create_health_check(
        CallerReference=reference or uuid.uuid4().hex, HealthCheckConfig=settings
    )["HealthCheck"]


def make_certificate(connect: Connect, region: str, zone: str, name: str, *more: str) -> str:
    """The ARN of an issued certificate: requested, and its records published."""
    acm = connect("acm", region)
    extra = {"SubjectAlternativeNames": list(more)} if more else {}
    arn = acm.request_certificate(DomainName=name, ValidationMethod="DNS", **extra)["CertificateArn"]
    for option in acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]:
        record = option["ResourceRecord"]
        change(connect, zone, ("UPSERT", values(record["Name"], record["Value"], kind="CNAME")))
    return str(arn)


def make_domain(connect: Connect, region: str, name: str, zone: str) -> dict[str, Any]:
    """A custom domain with a certificate; its configuration."""
    arn = make_certificate(connect, region, zone, name)
    made = connect("apigatewayv2", region).create_domain_name(
        DomainName=name,
        DomainNameConfigurations=[
            {
                "CertificateArn": arn,
                "EndpointType": "REGIONAL",
                "SecurityPolicy": "TLS_1_2",
                "IpAddressType": "dualstack",
            }
        ],
    )
    configuration: dict[str, Any] = made["DomainNameConfigurations"][0]
    return configuration


def make_role(connect: Connect, name: str = "a-role", trust: str = LAMBDA_TRUST) -> str:
    return str(connect("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])


def zipped(source: str = "def main(event, context): return 'one'") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("handler.py"), source)  # no clock in it: the same source, the same hash
    return buffer.getvalue()


def function(role: str, **more: Any) -> dict[str, Any]:
    """Parameters of a function that Lambda takes."""
    return {
        "FunctionName": "a-function",
        "Runtime": "python3.12",
        "Handler": "handler.main",
        "Role": role,
        "Code": {"ZipFile": zipped()},
    } | more


def table(name: str = "a-table", **more: Any) -> dict[str, Any]:
    """Parameters of a table that DynamoDB takes."""
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
    } | more


def replicate(connect: Connect, source: str, region: str, action: str = "Create", name: str = "a-table") -> Any:
    return connect("dynamodb", source).update_table(TableName=name, ReplicaUpdates=[{action: {"RegionName": region}}])[
        "TableDescription"
    ]
