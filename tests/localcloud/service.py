"""A small regional service, built with bare boto3 as a person would: role, function, HTTP API, domain, table."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import socket
import ssl
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from localcloud.process import Running

Connect = Callable[..., Any]
T = TypeVar("T")

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}

ECHO = """
import json, os
def main(event, context):
    return {"statusCode": 200, "headers": {"content-type": "application/json"},
            "body": json.dumps({"event": event, "region": os.environ["AWS_REGION"]})}
"""


@contextlib.contextmanager
def clients(url: str, account: str) -> Iterator[Connect]:
    """make("dynamodb", "eu-central-1") → a boto3 client that tries once; all are closed at the end."""
    made: list[Any] = []

    def make(
        service: str, region: str = "us-east-1", *, url: str = url, read_timeout: float = 15, **credentials: str
    ) -> Any:
        keys: dict[str, Any] = {"aws_access_key_id": account, "aws_secret_access_key": "test"} | credentials
        config = Config(connect_timeout=2, read_timeout=read_timeout, retries={"total_max_attempts": 1})
        client = boto3.client(service, region_name=region, endpoint_url=url, config=config, **keys)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


def zipped(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", source)
    return buffer.getvalue()


def make_role(connect: Connect, name: str, *statements: dict[str, Any]) -> str:
    iam = connect("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    if statements:
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    return str(role["Arn"])


def make_function(connect: Connect, region: str, name: str, source: str, role: str, **environment: str) -> str:
    """The ARN of its alias `live`."""
    functions = connect("lambda", region)
    functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="handler.main",
        Role=role,
        Code={"ZipFile": zipped(source)},
        Environment={"Variables": environment},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
    version = functions.publish_version(FunctionName=name)["Version"]
    alias = functions.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    return str(alias["AliasArn"])


def allow_gateway(connect: Connect, region: str, function: str, account: str, api_id: str) -> None:
    connect("lambda", region).add_permission(
        FunctionName=function,
        Qualifier="live",
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{region}:{account}:{api_id}/*/*",
    )


def make_api(connect: Connect, region: str, name: str, alias_arn: str, payload_format: str, *routes: str) -> str:
    """An HTTP API on the stage $default; its id."""
    gateway = connect("apigatewayv2", region)
    api_id = gateway.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=alias_arn,
        PayloadFormatVersion=payload_format,
    )["IntegrationId"]
    for route in routes:
        gateway.create_route(ApiId=api_id, RouteKey=route, Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    return str(api_id)


def make_domain(connect: Connect, region: str, api_id: str, domain: str, mapping_key: str = "") -> None:
    """A custom domain with a certificate that DNS has validated."""
    route53, acm = connect("route53"), connect("acm", region)
    zone = domain.split(".", 1)[1]
    zone_id = route53.create_hosted_zone(Name=zone, CallerReference=f"{domain}-{time.time_ns()}")["HostedZone"]["Id"]
    certificate = acm.request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"]
    described = eventually(
        lambda: acm.describe_certificate(CertificateArn=certificate)["Certificate"],
        lambda found: "ResourceRecord" in found["DomainValidationOptions"][0],
    )
    record = described["DomainValidationOptions"][0]["ResourceRecord"]
    change = {
        "Action": "UPSERT",
        "ResourceRecordSet": {
            "Name": record["Name"],
            "Type": record["Type"],
            "TTL": 60,
            "ResourceRecords": [{"Value": record["Value"]}],
        },
    }
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": [change]})
    eventually(
        lambda: acm.describe_certificate(CertificateArn=certificate)["Certificate"]["Status"],
        lambda status: status == "ISSUED",
    )
    gateway = connect("apigatewayv2", region)
    configuration = {"CertificateArn": certificate, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}
    gateway.create_domain_name(DomainName=domain, DomainNameConfigurations=[configuration])
    gateway.create_api_mapping(DomainName=domain, ApiId=api_id, Stage="$default", ApiMappingKey=mapping_key)


def make_echo(connect: Connect, account: str, region: str, domain: str, payload_format: str, *routes: str) -> str:
    """A service that answers with the event that it got, at `domain`; its API's id."""
    role = make_role(connect, f"echo-{region}")
    alias = make_function(connect, region, "echo", ECHO, role)
    api_id = make_api(connect, region, "echo", alias, payload_format, *routes)
    allow_gateway(connect, region, "echo", account, api_id)
    make_domain(connect, region, api_id, domain)
    return api_id


def make_global_table(connect: Connect, name: str, first: str, *others: str) -> None:
    home = connect("dynamodb", first)
    home.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    for region in others:
        eventually(
            lambda: home.describe_table(TableName=name)["Table"]["TableStatus"], lambda status: status == "ACTIVE"
        )
        home.update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": region}}])
    eventually(lambda: home.describe_table(TableName=name)["Table"]["TableStatus"], lambda status: status == "ACTIVE")


def addresses_of(localcloud: Running, region: str) -> dict[str, str]:
    return dict(control(localcloud, "regions")[region])


def get(
    address: str,
    domain: str,
    path: str,
    *,
    ca_file: str | None = None,
    timeout_s: float = 20,
    method: str = "GET",
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, Any]:
    """Ask `address` for `domain`, as a client does that DNS has led there; over TLS where a CA is given."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=timeout_s)
    if ca_file is not None:
        raw = socket.create_connection((host, int(port)), timeout=timeout_s)
        connection.sock = ssl.create_default_context(cafile=ca_file).wrap_socket(raw, server_hostname=domain)
    try:
        connection.request(method, path, body, {"Host": domain, **(headers or {})})
        response = connection.getresponse()
        content = response.read()
        return response.status, json.loads(content) if content else None
    finally:
        connection.close()


def eventually(ask: Callable[[], T], good: Callable[[T], bool], limit_s: float = 20) -> T:
    """The first good answer; the test fails with the last one when none comes in time."""
    deadline = time.monotonic() + limit_s
    while not good(found := ask()):
        assert time.monotonic() < deadline, f"still {found!r}"
        time.sleep(0.02)
    return found


def ask_control(
    localcloud: Running, path: str, change: dict[str, Any] | None = None, method: str | None = None
) -> tuple[int, Any]:
    """Ask the local cloud's own interface, as its clients do: POST where there is a change."""
    body = None if change is None else json.dumps(change).encode()
    own = f"127.0.0.1:{localcloud['port']}"
    return get(own, own, f"/_localcloud/{path}", method=method or ("GET" if body is None else "POST"), body=body)


def control(localcloud: Running, path: str, change: dict[str, Any] | None = None, method: str | None = None) -> Any:
    """As `ask_control`, and it must succeed."""
    status, answer = ask_control(localcloud, path, change, method)
    assert status == 200, answer
    return answer


def at_shared(localcloud: Running, path: str, timeout_s: float = 20) -> tuple[int, Any]:
    """GET from the shared address, as a client that knows nothing of regions' addresses."""
    own = f"127.0.0.1:{localcloud['port']}"
    return get(own, own, path, timeout_s=timeout_s)


def value_of(table: Any, name: str, key: str) -> str | None:
    item = table.get_item(TableName=name, Key={"key": {"S": key}}).get("Item")
    return None if item is None else str(item["value"]["S"])
