"""A signed request becomes a call, and a refusal speaks the protocol of its service."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.session import Session
from ministack.services import sts

from localcloud.call import Answer, Call, account_of, error, parse, signed_region


def encoded(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def request(service: str, operation: str, region: str = "eu-central-1", **parameters: Any) -> dict[str, Any]:
    """What botocore would send, as an ASGI scope, with the body under `body`."""
    client = Session().create_client(
        service,
        region_name=region,
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="111111111111",
        aws_secret_access_key="test",
    )
    caught: dict[str, Any] = {}

    def catch(request: Any, **_: Any) -> Any:
        path, _, query = request.url.removeprefix("http://127.0.0.1:1").partition("?")
        body = request.body or b""
        caught.update(
            method=request.method,
            path=path,
            raw_path=path.encode(),
            query_string=query.encode(),
            headers=[
                (k.lower().encode(), v if isinstance(v, bytes) else v.encode()) for k, v in request.headers.items()
            ],
            body=body if isinstance(body, bytes) else body.encode(),
        )
        raise StopIteration

    client.meta.events.register("before-send", catch)
    with pytest.raises((StopIteration, RuntimeError)):
        getattr(client, operation)(**parameters)
    return caught


CHANGES = {
    "Changes": [
        {
            "Action": "UPSERT",
            "ResourceRecordSet": {
                "Name": "a.example",
                "Type": "A",
                "TTL": 60,
                "ResourceRecords": [{"Value": "192.0.2.1"}],
                "MultiValueAnswer": True,
                "SetIdentifier": "one",
            },
        }
    ]
}
DOMAIN = {
    "DomainName": "a.example",
    "DomainNameConfigurations": [{"CertificateArn": "arn", "IpAddressType": "dualstack"}],
    "Tags": {"owner": "one"},
}
ROLE = {"RoleName": "one", "AssumeRolePolicyDocument": "{}", "Tags": [{"Key": "a", "Value": "b"}]}


@pytest.mark.parametrize(
    ("service", "operation", "sent", "expected"),
    [
        ("dynamodb", "list_tables", {"Limit": 3}, ("dynamodb", "ListTables", "eu-central-1", {"Limit": 3})),
        (
            "acm",
            "delete_certificate",
            {"CertificateArn": "arn:aws:acm:eu-central-1:111111111111:certificate/one"},
            (
                "acm",
                "DeleteCertificate",
                "eu-central-1",
                {"CertificateArn": "arn:aws:acm:eu-central-1:111111111111:certificate/one"},
            ),
        ),
        (
            "logs",
            "delete_log_group",
            {"logGroupName": "a"},
            ("logs", "DeleteLogGroup", "eu-central-1", {"logGroupName": "a"}),
        ),
        ("iam", "create_role", ROLE, ("iam", "CreateRole", "us-east-1", ROLE)),
        ("sts", "get_caller_identity", {}, ("sts", "GetCallerIdentity", "eu-central-1", {})),
        (
            "ec2",
            "describe_regions",
            {"RegionNames": ["us-east-1", "us-west-2"], "AllRegions": True},
            (
                "ec2",
                "DescribeRegions",
                "eu-central-1",
                {"RegionName": ["us-east-1", "us-west-2"], "AllRegions": "true"},
            ),
        ),
        (
            "route53",
            "change_resource_record_sets",
            {"HostedZoneId": "/hostedzone/Z1", "ChangeBatch": CHANGES},
            ("route53", "ChangeResourceRecordSets", "us-east-1", {"HostedZoneId": "Z1", "ChangeBatch": CHANGES}),
        ),
        (
            "route53",
            "list_resource_record_sets",
            {"HostedZoneId": "Z1", "StartRecordName": "a.example", "MaxItems": "2"},
            (
                "route53",
                "ListResourceRecordSets",
                "us-east-1",
                {"HostedZoneId": "Z1", "StartRecordName": "a.example", "MaxItems": "2"},
            ),
        ),
        ("apigatewayv2", "create_domain_name", DOMAIN, ("apigatewayv2", "CreateDomainName", "eu-central-1", DOMAIN)),
        (
            "apigatewayv2",
            "update_route",
            {"ApiId": "one", "RouteId": "two", "RouteKey": "GET /"},
            ("apigatewayv2", "UpdateRoute", "eu-central-1", {"ApiId": "one", "RouteId": "two", "RouteKey": "GET /"}),
        ),
        (
            "lambda",
            "add_permission",
            {"FunctionName": "one", "Qualifier": "live", "StatementId": "a", "Action": "b", "Principal": "c"},
            (
                "lambda",
                "AddPermission",
                "eu-central-1",
                {"FunctionName": "one", "Qualifier": "live", "StatementId": "a", "Action": "b", "Principal": "c"},
            ),
        ),
        (
            "lambda",
            "get_function",
            {"FunctionName": "arn:aws:lambda:eu-central-1:111111111111:function:one"},
            (
                "lambda",
                "GetFunction",
                "eu-central-1",
                {"FunctionName": "arn:aws:lambda:eu-central-1:111111111111:function:one"},
            ),
        ),
        (
            "s3",
            "delete_object",
            {"Bucket": "one", "Key": "a/b"},
            ("s3", "DeleteObject", "eu-central-1", {"Bucket": "one", "Key": "a/b"}),
        ),
        ("s3", "get_bucket_policy", {"Bucket": "one"}, ("s3", "GetBucketPolicy", "eu-central-1", {"Bucket": "one"})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_signed_request_is_a_call(service: str, operation: str, sent: dict[str, Any], expected: Any) -> None:
    scope = request(service, operation, **sent)
    call = parse(scope, scope["body"])

    assert call is not None
    assert (call.service, call.action, call.region, call.params) == expected
    assert (call.account, signed_region(call)) == ("111111111111", "eu-central-1")


def test_a_request_without_a_credential_is_no_call() -> None:
    scope = {"method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "headers": [(b"host", b"a")]}

    assert parse(scope, b"") is None


@pytest.mark.parametrize(
    ("key", "account"),
    [("111111111111", "111111111111"), ("test", "000000000000"), ("AKIAUNKNOWN", "000000000000")],
)
def test_a_key_acts_in_an_account(key: str, account: str) -> None:
    assert account_of(key) == account


def test_a_session_acts_in_the_account_of_its_role() -> None:
    sts.register_session("ASIAONE", {"Arn": "arn:aws:sts::222222222222:assumed-role/one/session"})

    assert account_of("ASIAONE") == "222222222222"


def call(service: str, **more: Any) -> Call:
    held = {"action": "Any", "account": "1", "region": "r", "params": {}, "method": "POST", "path": "/"}
    return Call(service=service, query={}, headers={}, body=b"", **{**held, **more})


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("route53", "ListHostedZones"),
        ("iam", "ListRoles"),
        ("sts", "GetCallerIdentity"),
        ("ec2", "DescribeRegions"),
        ("s3", "ListBuckets"),
        ("lambda", "ListFunctions"),
        ("apigatewayv2", "GetApis"),
        ("dynamodb", "ListTables"),
        ("acm", "ListCertificates"),
        ("logs", "DescribeLogGroups"),
    ],
)
def test_botocore_reads_a_refusal(service: str, operation: str) -> None:
    """As its own parser of the service's protocol reads it."""
    from botocore.parsers import create_parser

    model = Session().get_service_model(service)
    refused: Answer = error(call(service), "SomeCode", 'some <"message">', 409)
    answer = {
        "status_code": refused.status,
        "headers": {name.decode(): value.decode() for name, value in refused.headers},
        "body": refused.body,
    }
    read = create_parser(model.metadata["protocol"]).parse(answer, model.operation_model(operation).output_shape)

    assert read["Error"]["Code"] == "SomeCode"
    assert read["Error"]["Message"] == 'some <"message">'
    assert read["ResponseMetadata"]["HTTPStatusCode"] == 409


def test_several_messages_are_a_list() -> None:
    refused = error(call("route53"), "InvalidChangeBatch", ("one", "two"))

    assert b"<Message>[one, two]</Message>" in refused.body


def test_dynamodb_names_the_error_with_its_namespace() -> None:
    refused = error(call("dynamodb"), "ResourceInUseException", "busy")

    assert json.loads(refused.body)["__type"] == "com.amazonaws.dynamodb.v20120810#ResourceInUseException"
