"""API Gateway v2: what it refuses, and what it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.localcloud.strict.world import (
    ADMITTED,
    Connect,
    domain,
    make_certificate,
    make_domain,
    make_zone,
    refusal,
)

REGION = "eu-central-1"
BAD = "BadRequestException"
CONFLICT = "ConflictException"
FUNCTION = f"arn:aws:lambda:{REGION}:000000000000:function:one:live"


@dataclass
class Api:
    """An HTTP API with an integration, a route and a stage."""

    client: Any
    id: str
    integration: str

    def integrate(self, **more: Any) -> str:
        asked = {"IntegrationType": "AWS_PROXY", "IntegrationUri": FUNCTION, "PayloadFormatVersion": "2.0"} | more
        given = {name: value for name, value in asked.items() if value is not None}
        return refusal(self.client.create_integration, ApiId=self.id, **given)

    def route(self, key: str, target: str | None = None) -> str:
        wanted = target or f"integrations/{self.integration}"
        return refusal(self.client.create_route, ApiId=self.id, RouteKey=key, Target=wanted)


@pytest.fixture
def api(connect: Connect) -> Api:
    client = connect("apigatewayv2", REGION)
    api_id = client.create_api(Name="one", ProtocolType="HTTP")["ApiId"]
    integration = client.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=FUNCTION, PayloadFormatVersion="1.0"
    )["IntegrationId"]
    client.create_route(ApiId=api_id, RouteKey="GET /{key}", Target=f"integrations/{integration}")
    client.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    return Api(client, api_id, integration)


def created(connect: Connect, name: str, region: str = REGION, **configuration: Any) -> str:
    return refusal(
        connect("apigatewayv2", region).create_domain_name,
        DomainName=name,
        DomainNameConfigurations=[{"EndpointType": "REGIONAL", **configuration}],
    )


def test_a_domain_needs_an_issued_certificate_of_its_region_that_covers_it(connect: Connect) -> None:
    name = domain()
    zone = make_zone(connect, name)
    pending = connect("acm", REGION).request_certificate(DomainName=f"new.{name}", ValidationMethod="DNS")
    there = make_certificate(connect, "us-west-2", zone, name)
    issued = make_certificate(connect, REGION, zone, f"one.{name}", f"*.two.{name}")

    assert created(connect, name) == BAD
    assert created(connect, name, CertificateArn=f"{issued[:-1]}x") == BAD
    assert created(connect, f"new.{name}", CertificateArn=pending["CertificateArn"]) == BAD
    assert created(connect, name, CertificateArn=there) == BAD
    assert created(connect, name, CertificateArn=issued) == BAD
    assert created(connect, f"a.b.two.{name}", CertificateArn=issued) == BAD
    assert created(connect, f"one.{name}", CertificateArn=issued) == ADMITTED
    assert created(connect, f"a.two.{name}", CertificateArn=issued) == ADMITTED


@pytest.mark.parametrize("wrong", [{"EndpointType": "EDGE"}, {"SecurityPolicy": "TLS_1_0"}, {"IpAddressType": "ipv6"}])
def test_a_domain_is_regional_with_tls_1_2(connect: Connect, wrong: dict[str, Any]) -> None:
    name = domain()
    arn = make_certificate(connect, REGION, make_zone(connect, name), name)

    assert created(connect, name, CertificateArn=arn, **wrong) == BAD


def test_a_domain_is_unique_in_its_region_across_accounts(connect: Connect, stranger: Connect) -> None:
    name = domain()
    zone = make_zone(connect, name)
    make_domain(connect, REGION, name, zone)
    make_domain(connect, "us-west-2", name, zone)

    assert created(connect, name.upper()) == CONFLICT
    assert created(stranger, name) == CONFLICT
    assert created(stranger, name, "sa-east-1") == BAD  # free there, but for the certificate


def test_a_domain_keeps_its_settings_and_tags(connect: Connect) -> None:
    name = domain()
    client = connect("apigatewayv2", REGION)
    arn = make_certificate(connect, REGION, make_zone(connect, name), name)
    client.create_domain_name(
        DomainName=name,
        DomainNameConfigurations=[{"CertificateArn": arn, "IpAddressType": "dualstack"}],
        Tags={"owner": "one"},
    )
    held = client.get_domain_name(DomainName=name)

    assert held["Tags"] == {"owner": "one"}
    (configuration,) = held["DomainNameConfigurations"]
    assert configuration["ApiGatewayDomainName"].endswith(f".execute-api.{REGION}.amazonaws.com")
    del configuration["ApiGatewayDomainName"]
    assert configuration == {
        "CertificateArn": arn,
        "DomainNameStatus": "AVAILABLE",
        "EndpointType": "REGIONAL",
        "HostedZoneId": "Z1U9ULNL0V5AJ3",
        "IpAddressType": "dualstack",
        "SecurityPolicy": "TLS_1_2",
    }


def test_a_mapping_needs_its_api_and_stage_and_protects_them(connect: Connect, api: Api) -> None:
    name, client = domain(), api.client
    make_domain(connect, REGION, name, make_zone(connect, name))

    assert refusal(client.create_api_mapping, DomainName=name, ApiId="absent", Stage="$default") == "NotFoundException"
    assert refusal(client.create_api_mapping, DomainName=name, ApiId=api.id, Stage="absent") == BAD
    assert refusal(client.create_api_mapping, DomainName=name, ApiId=api.id, Stage="$default") == ADMITTED
    assert refusal(client.create_api_mapping, DomainName=name, ApiId=api.id, Stage="$default") == CONFLICT
    assert refusal(client.delete_stage, ApiId=api.id, StageName="$default") == BAD
    assert refusal(client.delete_api, ApiId=api.id) == BAD
    assert refusal(client.delete_domain_name, DomainName=name) == ADMITTED
    assert refusal(client.delete_api, ApiId=api.id) == ADMITTED


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("GET /{key}", CONFLICT),
        ("GET", BAD),
        ("FETCH /a", BAD),
        ("GET a", BAD),
        ("ANY /{key}", ADMITTED),
        ("$default", ADMITTED),
    ],
)
def test_a_route_key_is_unique_and_well_formed(api: Api, key: str, code: str) -> None:
    assert api.route(key) == code


def test_a_routes_target_exists(api: Api) -> None:
    assert api.route("GET /a", target="integrations/absent") == BAD
    assert api.route("GET /a", target=api.integration) == BAD


def test_a_routed_integration_is_not_deleted(api: Api) -> None:
    asked = {"ApiId": api.id, "IntegrationId": api.integration}
    (route,) = api.client.get_routes(ApiId=api.id)["Items"]

    assert refusal(api.client.delete_integration, **asked) == CONFLICT
    api.client.delete_route(ApiId=api.id, RouteId=route["RouteId"])
    assert refusal(api.client.delete_integration, **asked) == ADMITTED


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"PayloadFormatVersion": None}, BAD),
        ({"PayloadFormatVersion": "3.0"}, BAD),
        ({"IntegrationUri": "a-function"}, BAD),
        ({"IntegrationType": "AWS"}, BAD),
        ({"TimeoutInMillis": 30_001}, BAD),
        ({"PayloadFormatVersion": "1.0", "TimeoutInMillis": 50}, ADMITTED),
    ],
    ids=["no format", "format 3.0", "no ARN", "no proxy", "31 s", "format 1.0"],
)
def test_a_lambda_integration_says_where_and_how(api: Api, given: dict[str, Any], code: str) -> None:
    assert api.integrate(**given) == code


def test_an_integration_keeps_its_payload_format(api: Api) -> None:
    held = api.client.get_integration(ApiId=api.id, IntegrationId=api.integration)

    assert held["PayloadFormatVersion"] == "1.0"


def test_a_stage_is_made_once_and_keeps_its_throttle(api: Api) -> None:
    throttle = {"ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 2.5}

    assert refusal(api.client.create_stage, ApiId=api.id, StageName="$default") == CONFLICT
    api.client.update_stage(ApiId=api.id, StageName="$default", DefaultRouteSettings=throttle)
    assert api.client.get_stage(ApiId=api.id, StageName="$default")["DefaultRouteSettings"] == throttle
    wrong = {"ThrottlingBurstLimit": -1}
    assert refusal(api.client.update_stage, ApiId=api.id, StageName="$default", DefaultRouteSettings=wrong) == BAD


def test_an_api_keeps_its_address_type_and_tags(connect: Connect, account: str) -> None:
    client = connect("apigatewayv2", REGION)
    made = client.create_api(Name="one", ProtocolType="HTTP", IpAddressType="dualstack", Tags={"owner": "one"})
    client.tag_resource(ResourceArn=f"arn:aws:apigateway:{REGION}::/apis/{made['ApiId']}", Tags={"release": "2"})
    held = client.get_api(ApiId=made["ApiId"])

    assert (made["IpAddressType"], held["IpAddressType"]) == ("dualstack", "dualstack")
    assert held["Tags"] == {"owner": "one", "release": "2"}
    assert client.get_apis()["Items"][0]["Tags"] == held["Tags"]


def test_an_apis_name_and_protocol_are_checked(connect: Connect) -> None:
    client = connect("apigatewayv2", REGION)

    assert refusal(client.create_api, Name="", ProtocolType="HTTP") == BAD
    assert refusal(client.create_api, Name="one", ProtocolType="GOPHER") == BAD
    assert refusal(client.create_api, Name="one", ProtocolType="HTTP", IpAddressType="ipv6") == BAD


def test_lists_have_pages(connect: Connect) -> None:
    client = connect("apigatewayv2", REGION)
    made = {client.create_api(Name=f"n{number}", ProtocolType="HTTP")["ApiId"] for number in range(5)}
    pages = list(client.get_paginator("get_apis").paginate(PaginationConfig={"PageSize": 2}))

    assert [len(page["Items"]) for page in pages] == [2, 2, 1]
    assert {api["ApiId"] for page in pages for api in page["Items"]} == made
