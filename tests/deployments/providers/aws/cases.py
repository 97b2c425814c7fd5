"""For each kind: what it is asked for, how that changes, and whose namesake may stand in its way."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from deployments.providers.protocol import Target
from tests.deployments.providers.aws.stage import ABROAD, HOME, SERVICE, Stage
from tests.localcloud.service import TRUST


@dataclass(frozen=True)
class Case:
    """creates: the API action that makes it. changes: new params, one after the other, or a function that prepares
    them. namesake: puts another's thing in its place (None: a child, or a thing whose name is free to take twice).
    foreign: makes by hand what can be adopted, and gives the id that it must be named by ("": none needed); None: the
    namesake.
    besides: what else this kind does for the same thing; by_hand: what is called there as somebody else."""

    target: Callable[[Stage], Target]
    creates: str
    changes: tuple[Callable[[Stage, Target], Target], ...] = field(default=())
    namesake: Callable[[Stage, Target], object] | None = None
    foreign: Callable[[Stage, Target], str] | None = None
    besides: Callable[[Stage, Target], None] = lambda stage, target: None
    by_hand: frozenset[str] = frozenset()


def params(**changed: Any) -> Callable[[Stage, Target], Target]:
    return lambda stage, target: replace(target, params={**target.params, **changed})


RETAGGED = params(tags={"team": "edge", "stage": "prod"})
UNTAGGED = params(tags={})


def role(stage: Stage) -> Target:
    return stage.target("iam_role", SERVICE, {"role_name": "keyvalue-home", "tags": {"team": "core"}})


def policy(stage: Stage) -> Target:
    name = stage.role().outputs["name"]
    return stage.target(
        "iam_role_policy", SERVICE, {"role": name, "policy_name": "own", "policy": _allow("dynamodb:GetItem")}
    )


def log_group(stage: Stage) -> Target:
    wanted = {"log_group_name": "/aws/lambda/keyvalue-get-key", "retention_d": 7, "tags": {"team": "core"}}
    return stage.target("log_group", "get-key", wanted)


def table(stage: Stage) -> Target:
    wanted = {
        "table_name": "keyvalue-keyvalues",
        "key": [{"name": "key", "type": "S", "role": "HASH"}, {"name": "at", "type": "N", "role": "RANGE"}],
        "tags": {"team": "core"},
    }
    return stage.target("dynamodb_table", "keyvalues", wanted, context={"regions": [HOME, ABROAD]})


def another_replica(stage: Stage, target: Target) -> None:
    replica = replace(target, ref=target.ref._replace(scope=ABROAD))
    stage.make(replica)
    stage.remove(replica)


def new_code(stage: Stage, target: Target) -> Target:
    sha256 = stage.artifact("def main(event, context):\n    return {'new': True}\n")
    return replace(target, params={**target.params, "code_sha256": sha256}, context={"artifact": sha256})


def next_version(stage: Stage, target: Target) -> Target:
    functions = stage.root("lambda", HOME)
    functions.update_function_configuration(FunctionName="keyvalue-get-key", MemorySize=256)
    functions.get_waiter("function_updated_v2").wait(FunctionName="keyvalue-get-key", WaiterConfig={"Delay": 0.05})
    version = functions.publish_version(FunctionName="keyvalue-get-key")["Version"]
    return replace(target, params={**target.params, "version": version})


def permission(stage: Stage) -> Target:
    stage.make(stage.alias_target())
    wanted = {
        "function": "keyvalue-get-key",
        "alias": "live",
        "statement_id": "api",
        "source_arn": f"arn:aws:execute-api:{HOME}:{stage.account}:aaaa/*/*",
    }
    return stage.target("lambda_permission", "get-key", wanted)


def other_source(stage: Stage, target: Target) -> Target:
    source_arn = f"arn:aws:execute-api:{HOME}:{stage.account}:bbbb/*/*"
    return replace(target, params={**target.params, "source_arn": source_arn})


def api(stage: Stage) -> Target:
    wanted = {"api_name": SERVICE, "ip_address_type": "dualstack", "tags": {"team": "core"}}
    return stage.target("apigatewayv2_api", SERVICE, wanted)


def route(stage: Stage) -> Target:
    integration = stage.make(stage.integration_target())
    wanted = {
        "api_id": integration.params["api_id"],
        "route_key": "GET /{key}",
        "integration_id": integration.outputs["id"],
    }
    return stage.target("apigatewayv2_route", "GET /{key}", wanted)


def other_integration(stage: Stage, target: Target) -> Target:
    uri = f"arn:aws:lambda:{HOME}:{stage.account}:function:keyvalue-get-key:live"
    other = stage.make(
        stage.target(
            "apigatewayv2_integration",
            "put-key",
            {"api_id": target.params["api_id"], "uri": uri, "payload_format": "1.0"},
        )
    )
    return replace(target, params={**target.params, "integration_id": other.outputs["id"]})


def certificate(stage: Stage) -> Target:
    """Names that have their validation records already: issued at once."""
    issued = stage.certificate(stage.zone())
    return stage.target(
        "acm_certificate", "other", {"names": list(issued.params["names"][:1]), "tags": {"team": "core"}}
    )


def domain(stage: Stage) -> Target:
    return stage.domain_target(stage.certificate(stage.zone()).outputs["arn"])


def other_certificate(stage: Stage, target: Target) -> Target:
    arn = stage.root("acm", HOME).request_certificate(DomainName=stage.hostname, ValidationMethod="DNS")[
        "CertificateArn"
    ]
    return replace(target, params={**target.params, "certificate_arn": arn})


def foreign_domain(stage: Stage, target: Target) -> object:
    configuration = {"CertificateArn": target.params["certificate_arn"], "EndpointType": "REGIONAL"}
    return stage.root("apigatewayv2", HOME).create_domain_name(
        DomainName=stage.hostname, DomainNameConfigurations=[{**configuration, "SecurityPolicy": "TLS_1_2"}]
    )


def mapping(stage: Stage) -> Target:
    stage.domain(stage.zone())
    api_id = stage.api().outputs["id"]
    stage.make(stage.stage_target(api_id))
    wanted = {"domain": stage.hostname, "api_id": api_id, "stage": "$default"}
    return stage.target("apigatewayv2_mapping", stage.hostname, wanted)


def other_api(stage: Stage, target: Target) -> Target:
    gateway = stage.root("apigatewayv2", HOME)
    api_id = gateway.create_api(Name="other", ProtocolType="HTTP")["ApiId"]
    gateway.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    return replace(target, params={**target.params, "api_id": api_id})


def health_check(stage: Stage) -> Target:
    wanted = {
        "fqdn": f"{HOME}.{stage.hostname}",
        "port": 443,
        "type": "HTTPS",
        "path": "/health",
        "interval_s": 10,
        "failure_threshold": 3,
        "inverted": False,
        "tags": {"team": "core"},
    }
    return stage.target("route53_health_check", f"{HOME} 0a1b2c3d", wanted, scope="global", context={"region": HOME})


def inverted_one(stage: Stage, target: Target) -> None:
    """Of which alone a look asks for the status."""
    check = replace(target, ref=target.ref._replace(name="switch-a home"), params={**target.params, "inverted": True})
    made = stage.provider.create(check)
    stage.provider.observe([replace(check, physical_id=made.physical_id)])
    stage.provider.delete(replace(check, physical_id=made.physical_id))


def children(stage: Stage, *names: str) -> list[str]:
    """The ids of checks that a calculated one may watch."""
    return [stage.make(_named(health_check(stage), name)).physical_id for name in names]


def _named(target: Target, name: str) -> Target:
    return replace(target, ref=target.ref._replace(name=name))


def calculated_check(stage: Stage) -> Target:
    wanted = {"children": children(stage, "endpoint", "switch-a"), "health_threshold": 2, "tags": {"team": "core"}}
    return stage.target("route53_calculated_check", HOME, wanted, scope="global", context={"region": HOME})


def other_children(stage: Stage, target: Target) -> Target:
    three = [*target.params["children"][1:], *children(stage, "switch-b", "another endpoint")]
    return replace(target, params={**target.params, "children": three, "health_threshold": 3})


def collection(stage: Stage) -> Target:
    wanted = {
        "collection_name": SERVICE,
        "locations": {"office": ["203.0.113.0/24", "2001:db8::/32"], "branch": ["198.51.100.0/24"]},
    }
    return stage.target("route53_cidr_collection", "service", wanted, scope="global")


MOVED = {"office": ["2001:db8::/32"], "branch": ["198.51.100.0/24", "203.0.113.0/24"]}


def bucket(stage: Stage) -> Target:
    wanted = {
        "bucket_name": f"antipode-{stage.account}-0a1b2c3d-switch-a",
        "public_prefix": "switch/",
        "tags": {"team": "core"},
    }
    return stage.target("s3_bucket", "switch-a", wanted)


def tampered(stage: Stage, target: Target) -> None:
    """Opened wide by hand, and with a switch in it."""
    s3, name = stage.root("s3", HOME), target.params["bucket_name"]
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    s3.put_object(Bucket=name, Key="switch/eu-central-1", Body=b"{}")
    stage.change(replace(target, params=stage.settle(target).params | {"public_prefix": "switch/"}))


def bucket_by_hand(stage: Stage, target: Target) -> object:
    return stage.root("s3", HOME).create_bucket(
        Bucket=target.params["bucket_name"], CreateBucketConfiguration={"LocationConstraint": HOME}
    )


def policy_by_hand(stage: Stage, target: Target) -> str:
    document = json.dumps(_allow("dynamodb:Scan"))
    stage.root("iam").put_role_policy(
        RoleName=target.params["role"], PolicyName=target.params["policy_name"], PolicyDocument=document
    )
    return ""


def table_by_hand(stage: Stage, target: Target) -> str:
    key = target.params["key"]
    stage.root("dynamodb", HOME).create_table(
        TableName=target.params["table_name"],
        KeySchema=[{"AttributeName": part["name"], "KeyType": part["role"]} for part in key],
        AttributeDefinitions=[{"AttributeName": part["name"], "AttributeType": part["type"]} for part in key],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "made-by", "Value": "hand"}],
    )
    return ""


def alias_by_hand(stage: Stage, target: Target) -> str:
    stage.root("lambda", HOME).create_alias(
        FunctionName=target.params["function"], Name=target.params["alias"], FunctionVersion="$LATEST"
    )
    return ""


def permission_by_hand(stage: Stage, target: Target) -> str:
    stage.root("lambda", HOME).add_permission(
        FunctionName=target.params["function"],
        Qualifier=target.params["alias"],
        StatementId=target.params["statement_id"],
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{HOME}:{stage.account}:byhand/*/*",
    )
    return ""


def api_by_hand(stage: Stage, target: Target) -> str:
    made = stage.root("apigatewayv2", HOME).create_api(Name="by-hand", ProtocolType="HTTP", Tags={"made-by": "hand"})
    return str(made["ApiId"])


def integration_by_hand(stage: Stage, target: Target) -> str:
    made = stage.root("apigatewayv2", HOME).create_integration(
        ApiId=target.params["api_id"],
        IntegrationType="AWS_PROXY",
        IntegrationUri=target.params["uri"],
        PayloadFormatVersion="1.0",
    )
    return str(made["IntegrationId"])


def route_by_hand(stage: Stage, target: Target) -> str:
    stage.root("apigatewayv2", HOME).create_route(ApiId=target.params["api_id"], RouteKey=target.params["route_key"])
    return ""


def stage_by_hand(stage: Stage, target: Target) -> str:
    stage.root("apigatewayv2", HOME).create_stage(
        ApiId=target.params["api_id"], StageName=target.params["stage_name"], AutoDeploy=False
    )
    return ""


def certificate_by_hand(stage: Stage, target: Target) -> str:
    names = target.params["names"]
    made = stage.root("acm", HOME).request_certificate(DomainName=names[0], ValidationMethod="DNS")
    return str(made["CertificateArn"])


def mapping_by_hand(stage: Stage, target: Target) -> str:
    other = other_api(stage, target).params
    stage.root("apigatewayv2", HOME).create_api_mapping(
        DomainName=target.params["domain"], ApiId=other["api_id"], Stage="$default"
    )
    return ""


def health_check_by_hand(stage: Stage, target: Target) -> str:
    config = {
        "Type": target.params["type"],
        "RequestInterval": target.params["interval_s"],
        "FullyQualifiedDomainName": "by-hand.example.test",
        "Port": 443,
        "ResourcePath": "/",
        "FailureThreshold": 1,
    }
    made = stage.root("route53").create_health_check(CallerReference=uuid.uuid4().hex, HealthCheckConfig=config)
    return str(made["HealthCheck"]["Id"])


def calculated_check_by_hand(stage: Stage, target: Target) -> str:
    config = {"Type": "CALCULATED", "ChildHealthChecks": target.params["children"][:1], "HealthThreshold": 1}
    made = stage.root("route53").create_health_check(CallerReference=uuid.uuid4().hex, HealthCheckConfig=config)
    return str(made["HealthCheck"]["Id"])


def collection_by_hand(stage: Stage, target: Target) -> str:
    made = stage.root("route53").create_cidr_collection(Name="by-hand", CallerReference=uuid.uuid4().hex)
    one = {"LocationName": "home", "Action": "PUT", "CidrList": ["192.0.2.0/24"]}
    stage.root("route53").change_cidr_collection(Id=made["Collection"]["Id"], Changes=[one])
    return str(made["Collection"]["Id"])


def _allow(action: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [action], "Resource": "*"}]}


CASES: dict[str, Case] = {
    "iam_role": Case(
        role,
        "CreateRole",
        (RETAGGED, UNTAGGED),
        lambda stage, target: stage.root("iam").create_role(
            RoleName=target.params["role_name"], AssumeRolePolicyDocument=json.dumps(TRUST)
        ),
    ),
    "iam_role_policy": Case(
        policy, "PutRolePolicy", (params(policy=_allow("dynamodb:PutItem")),), foreign=policy_by_hand
    ),
    "log_group": Case(
        log_group,
        "CreateLogGroup",
        (params(retention_d=30), RETAGGED, UNTAGGED),
        lambda stage, target: stage.root("logs", HOME).create_log_group(logGroupName=target.params["log_group_name"]),
    ),
    "dynamodb_table": Case(
        table,
        "CreateTable",
        (RETAGGED, UNTAGGED),
        lambda stage, target: stage.root("dynamodb", HOME).create_table(
            TableName=target.params["table_name"],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        ),
        foreign=table_by_hand,
        besides=another_replica,
    ),
    "lambda_function": Case(
        Stage.function_target,
        "CreateFunction",
        (
            new_code,
            params(memory_mb=256, environment={"KEY_TABLE": "other", "MORE": "1"}),
            params(reserved_concurrency=5),
            params(reserved_concurrency=None),
            RETAGGED,
            UNTAGGED,
        ),
        lambda stage, target: stage.root("lambda", HOME).create_function(
            FunctionName=target.params["function_name"],
            Runtime="python3.12",
            Handler="handler.main",
            Role=target.params["role"],
            Code={"ZipFile": stage.artifacts[target.context["artifact"]]},
        ),
    ),
    "lambda_alias": Case(Stage.alias_target, "CreateAlias", (next_version,), foreign=alias_by_hand),
    "lambda_permission": Case(permission, "AddPermission", (other_source,), foreign=permission_by_hand),
    "apigatewayv2_api": Case(api, "CreateApi", (params(api_name="other"), RETAGGED, UNTAGGED), foreign=api_by_hand),
    "apigatewayv2_integration": Case(
        Stage.integration_target,
        "CreateIntegration",
        (params(payload_format="1.0"),),
        foreign=integration_by_hand,
    ),
    "apigatewayv2_route": Case(route, "CreateRoute", (other_integration,), foreign=route_by_hand),
    "apigatewayv2_stage": Case(
        lambda stage: stage.stage_target(stage.api().outputs["id"]),
        "CreateStage",
        (
            params(throttle_rate=100, throttle_burst=50),
            params(throttle_rate=200.5, throttle_burst=60),
            params(throttle_rate=None, throttle_burst=None),
        ),
        foreign=stage_by_hand,
    ),
    "acm_certificate": Case(certificate, "RequestCertificate", (RETAGGED, UNTAGGED), foreign=certificate_by_hand),
    "apigatewayv2_domain": Case(domain, "CreateDomainName", (other_certificate, RETAGGED, UNTAGGED), foreign_domain),
    "apigatewayv2_mapping": Case(mapping, "CreateApiMapping", (other_api,), foreign=mapping_by_hand),
    "route53_health_check": Case(
        health_check,
        "CreateHealthCheck",
        (params(path="/ready", failure_threshold=5), RETAGGED, UNTAGGED),
        foreign=health_check_by_hand,
        besides=inverted_one,
    ),
    "route53_calculated_check": Case(
        calculated_check,
        "CreateHealthCheck",
        (other_children, params(health_threshold=1), RETAGGED, UNTAGGED),
        foreign=calculated_check_by_hand,
    ),
    "route53_cidr_collection": Case(
        collection, "CreateCidrCollection", (params(locations=MOVED), params(locations={})), foreign=collection_by_hand
    ),
    "s3_bucket": Case(
        bucket,
        "CreateBucket",
        (RETAGGED, UNTAGGED),
        bucket_by_hand,
        besides=tampered,
        by_hand=frozenset({"s3:PutObject"}),
    ),
}
