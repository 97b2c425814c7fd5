"""What an API call needs its caller to be allowed: actions, the ARNs they are on, and what IAM sees of the request.

Sources: the Service Authorization Reference, a page for each service, for actions and resources; for what AWS checks
inside a call, the page that is named beside it. Pure: no call is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from regions.aws import iam_action

ALWAYS_ALLOWED = frozenset({"sts:GetCallerIdentity"})
"""Needs no permission (API reference, GetCallerIdentity)."""
THE_WORKERS_OWN = frozenset({"sts:AssumeRole"})
"""Done as the workers' own identity, before there is a role."""


@dataclass(frozen=True)
class Need:
    """One action on one resource. tags: those that the request gives. context: further condition keys."""

    action: str
    arn: str
    tags: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A call: botocore's model of the operation, its parameters, and where it goes."""

    model: Any
    params: Mapping[str, Any]
    region: str
    account: str

    @property
    def service(self) -> str:
        return str(self.model.service_model.signing_name)

    @property
    def tags(self) -> dict[str, str]:
        for name in ("Tags", "tags", "AddTags"):
            given = self.params.get(name) or self.params.get("CreateBucketConfiguration", {}).get(name)
            if isinstance(given, list):
                return {tag["Key"]: tag["Value"] for tag in given if "Value" in tag}
            if given:
                return dict(given)
        return {}

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


def needs(asked: Asked) -> list[Need]:
    action = iam_action(asked.model.service_model, asked.model.name)
    if action in ALWAYS_ALLOWED | THE_WORKERS_OWN:
        return []
    own = Need(action, _arn(asked), asked.tags)
    if action == "lambda:AddPermission":
        own = replace(own, context={"lambda:Principal": asked.params["Principal"]})
    return [own, *INSIDE.get((asked.service, asked.model.name), lambda asked, own: iter(()))(asked, own)]


def _arn(asked: Asked) -> str:
    given = asked.params
    match asked.service:
        case "dynamodb" if "TableName" in given:
            return asked.arn("dynamodb", f"table/{given['TableName']}")
        case "iam" if "RoleName" in given:
            return f"arn:aws:iam::{asked.account}:role/{given['RoleName']}"
        case "lambda" if "FunctionName" in given:
            qualifier = f":{given['Qualifier']}" if "Qualifier" in given else ""
            return asked.arn("lambda", f"function:{given['FunctionName']}{qualifier}")
        case "logs" if "logGroupName" in given:
            return asked.arn("logs", f"log-group:{given['logGroupName']}")
        case "route53":
            kinds = {"HostedZoneId": "hostedzone", "HealthCheckId": "healthcheck", "ResourceId": "healthcheck"}
            if asked.model.name == "GetChange":
                kinds = {"Id": "change"}
            if asked.model.name.endswith(("CidrCollection", "CidrBlocks")):
                kinds = {"Id": "cidrcollection", "CollectionId": "cidrcollection"}
            return next(
                (f"arn:aws:route53:::{kind}/{given[name]}" for name, kind in kinds.items() if name in given), "*"
            )
        case "s3" if "Bucket" in given:
            return "arn:aws:s3:::" + "/".join(given[name] for name in ("Bucket", "Key") if name in given)
        case "apigateway":
            return f"arn:aws:apigateway:{asked.region}::{_path(asked)}"
    for name in ("ResourceArn", "resourceArn", "Resource", "CertificateArn"):
        if name in given:
            return str(given[name])
    return "*"


def _path(asked: Asked) -> str:
    """The path of the request, as API Gateway's ARNs have it (Developer Guide, "ARN reference")."""
    members = asked.model.input_shape.members.items() if asked.model.input_shape else ()
    named = {
        shape.serialization["name"]: quote(str(asked.params[member]), safe="$.")
        for member, shape in members
        if shape.serialization.get("location") == "uri"
    }
    path: str = asked.model.http["requestUri"].removeprefix("/v2")
    for name, value in named.items():
        path = path.replace(f"{{{name}}}", value)
    return path


Inside = Callable[[Asked, Need], Iterator[Need]]


def _with_tags(action: str) -> Inside:
    """Made with tags, the right to tag is asked for too (IAM User Guide, "Controlling access during AWS requests")."""

    def inside(asked: Asked, own: Need) -> Iterator[Need]:
        if own.tags:
            yield replace(own, action=action)

    return inside


def _certificate(asked: Asked, own: Need) -> Iterator[Need]:
    if own.tags:
        yield Need("acm:AddTagsToCertificate", asked.arn("acm", "certificate/new"), own.tags)


def _passes(asked: Asked, own: Need) -> Iterator[Need]:
    """Service Authorization Reference, Lambda: dependent actions of CreateFunction."""
    if "Role" in asked.params:
        yield Need("iam:PassRole", asked.params["Role"], context={"iam:PassedToService": "lambda.amazonaws.com"})


def _function(asked: Asked, own: Need) -> Iterator[Need]:
    yield from _passes(asked, own)
    yield from _with_tags("lambda:TagResource")(asked, own)


def _replicas(asked: Asked, own: Need) -> Iterator[Need]:
    """DynamoDB Developer Guide, "DynamoDB global tables security"."""
    for update in asked.params.get("ReplicaUpdates", ()):
        for verb, replica in update.items():
            there = replace(asked, region=replica["RegionName"])
            arn = there.arn("dynamodb", f"table/{asked.params['TableName']}")
            if verb == "Create":
                for action in ("CreateTable", "CreateTableReplica", "Query", "Scan", "GetItem", "PutItem"):
                    yield Need(f"dynamodb:{action}", arn)
                for action in ("UpdateItem", "DeleteItem", "BatchWriteItem"):
                    yield Need(f"dynamodb:{action}", arn)
                yield _linked(asked, "replication.dynamodb.amazonaws.com", "AWSServiceRoleForDynamoDBReplication")
            if verb == "Delete":
                for action in ("DeleteTable", "DeleteTableReplica"):
                    yield Need(f"dynamodb:{action}", arn)


def _linked(asked: Asked, principal: str, name: str) -> Need:
    arn = f"arn:aws:iam::{asked.account}:role/aws-service-role/{principal}/{name}"
    return Need("iam:CreateServiceLinkedRole", arn, context={"iam:AWSServiceName": principal})


def _gateway(asked: Asked, own: Need) -> Iterator[Need]:
    """Developer Guide, "Using service-linked roles": the first domain name makes the role; the schemas of
    CloudFormation's resource types: made with tags, TagResource is asked for."""
    if own.tags:
        yield replace(own, action="apigateway:TagResource")
    if asked.model.name == "CreateDomainName":
        yield _linked(asked, "ops.apigateway.amazonaws.com", "AWSServiceRoleForAPIGateway")


INSIDE: dict[tuple[str, str], Inside] = {
    ("acm", "RequestCertificate"): _certificate,
    ("apigateway", "CreateApi"): _gateway,
    ("apigateway", "CreateDomainName"): _gateway,
    ("dynamodb", "CreateTable"): _with_tags("dynamodb:TagResource"),
    ("dynamodb", "UpdateTable"): _replicas,
    ("iam", "CreateRole"): _with_tags("iam:TagRole"),
    ("lambda", "CreateFunction"): _function,
    ("lambda", "UpdateFunctionConfiguration"): _passes,
    ("logs", "CreateLogGroup"): _with_tags("logs:TagResource"),
    ("s3", "CreateBucket"): _with_tags("s3:TagResource"),
}
