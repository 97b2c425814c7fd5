"""Quotas: what exceeds one is refused, and what AWS tells of them is told."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from localcloud.process import Running
from localcloud.strict import limits
from tests.localcloud.strict.world import (
    ADMITTED,
    Connect,
    change,
    domain,
    function,
    make_certificate,
    make_check,
    make_domain,
    make_role,
    make_zone,
    refusal,
    table,
    values,
)

REGION = "eu-central-1"
Allow = Callable[..., dict[str, Any]]


@pytest.fixture
def allow(localcloud: Running, account: str) -> Allow:
    """allow(domains=1): so much and no more, in the test's account."""

    def patch(**quotas: Any) -> dict[str, Any]:
        body = json.dumps({"account": account, **quotas}).encode()
        request = Request(f"{localcloud['url']}/_localcloud/quotas", method="PATCH", data=body)
        with urlopen(request) as answer:
            told: dict[str, Any] = json.load(answer)
        return told

    return patch


def test_quotas_are_aws_own_until_somebody_says_otherwise(localcloud: Running, allow: Allow, account: str) -> None:
    assert allow(domains=1, tables=2)["accounts"][account] == {"domains": 1, "tables": 2}
    assert allow(domains=None)["accounts"][account] == {"tables": 2}
    with urlopen(f"{localcloud['url']}/_localcloud/quotas") as answer:
        told = json.load(answer)
    assert {name: told[name] for name in ("health_checks", "domains")} == {"health_checks": 200, "domains": 120}


@pytest.mark.parametrize(
    "wrong", [{"domain": 1}, {"domains": -1}, {"domains": True}, {"domains": "2"}, {"account": "x"}]
)
def test_what_is_no_quota_is_refused_with_the_field(allow: Allow, wrong: dict[str, Any]) -> None:
    with pytest.raises(HTTPError) as refused:
        allow(**wrong)
    assert refused.value.code == 400
    assert next(iter(wrong)) in json.load(refused.value)["error"]


def test_limits_of_all_hold_where_an_account_has_none() -> None:
    """In the process that serves: the HTTP interface is only a door to it."""
    limits.update({"roles": 7})
    limits.update({"account": "111122223333", "tables": 3})
    try:
        assert limits.of("111122223333") == limits.Limits(roles=7, tables=3)
        assert limits.of("444455556666") == limits.Limits(roles=7)
    finally:
        limits.update({"roles": None})
        limits.update({"account": "111122223333", "tables": None})


def test_health_checks(connect: Connect, allow: Allow) -> None:
    allow(health_checks=1)
    assert refusal(make_check, connect=connect) == ADMITTED
    assert refusal(make_check, connect=connect) == "TooManyHealthChecks"
    limit = connect("route53").get_account_limit(Type="MAX_HEALTH_CHECKS_BY_OWNER")
    assert (limit["Limit"]["Value"], limit["Count"]) == (1, 1)


def test_records_of_a_zone(connect: Connect, allow: Allow) -> None:
    """NS and SOA count; a batch that takes as many as it brings fits."""
    name = domain()
    zone, route53 = make_zone(connect, name), connect("route53")
    allow(records_per_zone=3)
    one, two = values(f"a.{name}", "192.0.2.1"), values(f"b.{name}", "192.0.2.1")
    change(connect, zone, ("CREATE", one))

    limit = route53.get_hosted_zone_limit(HostedZoneId=zone, Type="MAX_RRSETS_BY_ZONE")
    assert (limit["Limit"]["Value"], limit["Count"]) == (3, 3)
    with pytest.raises(route53.exceptions.InvalidChangeBatch, match="Number of records limit of 3 exceeded"):
        change(connect, zone, ("CREATE", two))
    change(connect, zone, ("DELETE", one), ("CREATE", two))


def test_zone_limits_are_told_of_zones_that_exist(connect: Connect) -> None:
    route53 = connect("route53")
    zone = make_zone(connect, domain())
    kind = "MAX_VPCS_ASSOCIATED_BY_ZONE"
    assert refusal(route53.get_hosted_zone_limit, HostedZoneId="Z0", Type="MAX_RRSETS_BY_ZONE") == "NoSuchHostedZone"
    assert refusal(route53.get_hosted_zone_limit, HostedZoneId=zone, Type=kind) == "InvalidInput"


def test_domains_of_a_region(connect: Connect, allow: Allow) -> None:
    name = domain()
    zone = make_zone(connect, name)
    make_domain(connect, REGION, name, zone)
    allow(domains=1)
    assert (
        refusal(make_domain, connect=connect, region=REGION, name=f"b.{name}", zone=zone) == "TooManyRequestsException"
    )
    assert refusal(make_domain, connect=connect, region="us-west-2", name=f"b.{name}", zone=zone) == ADMITTED


def test_apis_routes_and_integrations(connect: Connect, allow: Allow) -> None:
    apis = connect("apigatewayv2", REGION)
    allow(apis=1, routes_per_api=0, integrations_per_api=0)
    api = apis.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    beyond = "TooManyRequestsException"
    assert refusal(apis.create_api, Name="b", ProtocolType="HTTP") == beyond
    assert refusal(apis.create_route, ApiId=api, RouteKey="$default") == beyond
    assert (
        refusal(
            apis.create_integration,
            ApiId=api,
            IntegrationType="HTTP_PROXY",
            IntegrationMethod="GET",
            IntegrationUri="https://a.example",
            PayloadFormatVersion="1.0",
        )
        == beyond
    )


def test_certificates_of_a_region(connect: Connect, allow: Allow) -> None:
    name = domain()
    make_certificate(connect, REGION, make_zone(connect, name), name)
    allow(certificates=1)
    request = connect("acm", REGION).request_certificate
    assert refusal(request, DomainName=f"b.{name}", ValidationMethod="DNS") == "LimitExceededException"


def test_roles_of_an_account_and_what_the_summary_tells(connect: Connect, allow: Allow) -> None:
    make_role(connect)
    allow(roles=1)
    assert refusal(make_role, connect=connect, name="another") == "LimitExceeded"
    assert refusal(make_role, connect=connect) == "EntityAlreadyExists"
    summary = connect("iam").get_account_summary()["SummaryMap"]
    assert (summary["Roles"], summary["RolesQuota"]) == (1, 1)


def test_tables_of_a_region(connect: Connect, allow: Allow) -> None:
    create = connect("dynamodb", REGION).create_table
    create(**table())
    allow(tables=1)
    assert refusal(create, **table("another")) == "LimitExceededException"
    assert refusal(create, **table()) == "ResourceInUseException"


def test_lambda_tells_aws_limits_and_the_code_of_all_versions(connect: Connect, allow: Allow) -> None:
    """Not those of the machine that runs it."""
    client = connect("lambda", REGION)
    made = client.create_function(**function(make_role(connect)), Publish=True)
    client.put_function_concurrency(FunctionName="a-function", ReservedConcurrentExecutions=300)

    settings = client.get_account_settings()
    assert settings["AccountLimit"]["ConcurrentExecutions"] == 1000
    assert settings["AccountLimit"]["UnreservedConcurrentExecutions"] == 700
    assert settings["AccountLimit"]["TotalCodeSize"] == 75 * 2**30
    assert settings["AccountUsage"]["TotalCodeSize"] == 2 * made["CodeSize"]

    allow(concurrency=400, code_bytes=made["CodeSize"])
    reserve = client.put_function_concurrency
    code = "InvalidParameterValueException"
    assert refusal(reserve, FunctionName="a-function", ReservedConcurrentExecutions=301) == code
    assert refusal(client.publish_version, FunctionName="a-function") == "CodeStorageExceededException"


@pytest.mark.parametrize(
    ("service", "code", "value"),
    [
        ("route53", "L-ACB674F3", 200.0),
        ("apigateway", "L-A93447B8", 120.0),
        ("lambda", "L-2ACBD22F", 75.0),
        ("acm", "L-F141DD1D", 2500.0),
        ("dynamodb", "L-F98FE922", 2500.0),
    ],
)
def test_service_quotas_tells_what_may_be_used(connect: Connect, service: str, code: str, value: float) -> None:
    quota = connect("service-quotas", REGION).get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
    assert (quota["QuotaCode"], quota["Value"]) == (code, value)


def test_service_quotas_tells_what_was_raised_and_knows_no_other(connect: Connect, allow: Allow) -> None:
    quotas = connect("service-quotas", REGION)
    allow(domains=500)
    told = quotas.get_service_quota(ServiceCode="apigateway", QuotaCode="L-A93447B8")["Quota"]
    assert told["Value"] == 500.0
    unknown = {"ServiceCode": "apigateway", "QuotaCode": f"L-{uuid.uuid4().hex[:8]}"}
    assert refusal(quotas.get_service_quota, **unknown) == "NoSuchResourceException"
