"""What `deploy.py` is measured against: the same service by bare boto3, 16 threads, nothing planned or journalled."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.stories.service import CODE, zone_id
from tests.stories.system import System

THREADS = 16
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
FUNCTIONS = (("put-key", "put_key.main", "POST /{key}"), ("get-key", "get_key.main", "GET /{key}"))
HEALTH = ("health", "health.main", "GET /health")


def credentials() -> None:
    """The local cloud's administrator, and nothing of whoever runs this."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")


def deploy(system: System, name: str, regions: Sequence[str]) -> float:
    """Deploy in all regions; gives the seconds until every record is sent."""
    hostname, zone = f"{name}.example.test", zone_id(system)
    for service in ("dynamodb", "lambda", "apigatewayv2", "acm", "logs"):
        for region in regions:
            system.aws(service, region)
    system.aws("iam")
    began_s = time.monotonic()
    with ThreadPoolExecutor(THREADS) as threads:
        tables = threads.submit(_tables, system, name, regions)
        certificates = dict(zip(regions, threads.map(_with(_certificate, system, hostname), regions), strict=True))
        _validate(system, zone, certificates)
        apis = dict(zip(regions, threads.map(_with(_region, system, name), regions), strict=True))
        domains = dict(
            zip(
                regions,
                threads.map(
                    lambda region: _domains(system, hostname, region, certificates[region], apis[region]), regions
                ),
                strict=True,
            )
        )
        leaves = [f"{region}.{hostname}" for region in regions]
        _change(
            system, zone, [_alias(leaf, *domains[region][leaf]) for leaf, region in zip(leaves, regions, strict=True)]
        )
        checks = list(threads.map(_with(_check, system), leaves))
        _change(
            system,
            zone,
            [
                {
                    **_alias(hostname, *domains[region][hostname]),
                    "SetIdentifier": region,
                    "Region": region,
                    "HealthCheckId": check,
                }
                for region, check in zip(regions, checks, strict=True)
            ],
        )
        tables.result()
    return round(time.monotonic() - began_s, 2)


def _with(call: Callable[..., Any], *first: Any) -> Callable[[str], Any]:
    return lambda last: call(*first, last)


def _tables(system: System, name: str, regions: Sequence[str]) -> None:
    first, *others = regions
    dynamodb = system.aws("dynamodb", first)
    dynamodb.create_table(
        TableName=f"{name}-keyvalues",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    for region in others:
        dynamodb.update_table(TableName=f"{name}-keyvalues", ReplicaUpdates=[{"Create": {"RegionName": region}}])


def _certificate(system: System, hostname: str, region: str) -> str:
    acm = system.aws("acm", region)
    asked = acm.request_certificate(
        DomainName=hostname, SubjectAlternativeNames=[f"{region}.{hostname}"], ValidationMethod="DNS"
    )
    return str(asked["CertificateArn"])


def _validate(system: System, zone: str, certificates: dict[str, str]) -> None:
    wanted: dict[str, dict[str, str]] = {}
    for region, arn in certificates.items():
        told = system.aws("acm", region).describe_certificate(CertificateArn=arn)["Certificate"]
        for option in told["DomainValidationOptions"]:
            wanted[option["ResourceRecord"]["Name"]] = option["ResourceRecord"]
    _change(
        system,
        zone,
        [
            {"Name": each["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": each["Value"]}]}
            for each in wanted.values()
        ],
    )


def _region(system: System, name: str, region: str) -> str:
    """Role, log groups, functions and API of one region; gives the API's id."""
    role = system.aws("iam").create_role(RoleName=f"{name}-{region}", AssumeRolePolicyDocument=json.dumps(TRUST))[
        "Role"
    ]["Arn"]
    apis, functions, logs = (system.aws(each, region) for each in ("apigatewayv2", "lambda", "logs"))
    api = apis.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
    apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    for part, handler, route in (*FUNCTIONS, HEALTH):
        full = f"{name}-{part}"
        logs.create_log_group(logGroupName=f"/aws/lambda/{full}")
        made = functions.create_function(
            FunctionName=full,
            Runtime="python3.12",
            Role=role,
            Handler=handler,
            Code={"ZipFile": CODE},
            Publish=True,
            Environment={"Variables": {"KEY_TABLE": f"{name}-keyvalues"}},
        )
        alias = functions.create_alias(FunctionName=full, Name="live", FunctionVersion=made["Version"])["AliasArn"]
        functions.add_permission(
            FunctionName=full,
            Qualifier="live",
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )
        integration = apis.create_integration(
            ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=alias, PayloadFormatVersion="2.0"
        )["IntegrationId"]
        apis.create_route(ApiId=api, RouteKey=route, Target=f"integrations/{integration}")
    return str(api)


def _domains(system: System, hostname: str, region: str, certificate: str, api: str) -> dict[str, tuple[str, str]]:
    """Both custom domains of a region: name → (target, its zone)."""
    apis = system.aws("apigatewayv2", region)
    found = {}
    for name in (hostname, f"{region}.{hostname}"):
        made = apis.create_domain_name(
            DomainName=name,
            DomainNameConfigurations=[
                {"CertificateArn": certificate, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}
            ],
        )["DomainNameConfigurations"][0]
        apis.create_api_mapping(ApiId=api, DomainName=name, Stage="$default")
        found[name] = (made["ApiGatewayDomainName"], made["HostedZoneId"])
    return found


def _check(system: System, leaf: str) -> str:
    made = system.aws("route53").create_health_check(
        CallerReference=f"bare-{leaf}-{time.time_ns()}",
        HealthCheckConfig={
            "Type": "HTTPS",
            "FullyQualifiedDomainName": leaf,
            "Port": 443,
            "ResourcePath": "/health",
            "RequestInterval": 10,
            "FailureThreshold": 3,
        },
    )
    return str(made["HealthCheck"]["Id"])


def _alias(name: str, target: str, zone: str) -> dict[str, Any]:
    alias = {"DNSName": target, "HostedZoneId": zone, "EvaluateTargetHealth": False}
    return {"Name": name, "Type": "A", "AliasTarget": alias}


def _change(system: System, zone: str, record_sets: Iterable[dict[str, Any]]) -> None:
    changes = [{"Action": "CREATE", "ResourceRecordSet": each} for each in record_sets]
    system.aws("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
