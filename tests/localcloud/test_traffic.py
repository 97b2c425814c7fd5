"""A user's request reaches the handler that its Host names in that region, in the format that was asked for."""

from __future__ import annotations

import pytest

from localcloud.process import Running
from tests.localcloud.service import (
    ECHO,
    Connect,
    addresses_of,
    allow_gateway,
    at_shared,
    get,
    make_api,
    make_domain,
    make_echo,
    make_function,
    make_role,
)

REGION = "eu-central-1"


@pytest.fixture
def address(localcloud: Running) -> dict[str, str]:
    return addresses_of(localcloud, REGION)


def test_payload_format_1_is_a_v1_event(
    connect: Connect, account: str, address: dict[str, str], localcloud: Running
) -> None:
    domain = f"{REGION}.v1-{account}.test"
    api_id = make_echo(connect, account, REGION, domain, "1.0", "POST /{key}")

    status, answer = get(
        address["http"],
        domain,
        "/apple?tag=red&tag=green",
        method="POST",
        body=b'{"value": 1}',
        headers={"Content-Type": "application/json", "X-Custom": "yes"},
    )

    event = answer["event"]
    assert (status, answer["region"]) == (200, REGION)
    assert {name: event[name] for name in event if name not in ("headers", "multiValueHeaders", "requestContext")} == {
        "version": "1.0",
        "resource": "/{key}",
        "path": "/apple",
        "httpMethod": "POST",
        "queryStringParameters": {"tag": "green"},
        "multiValueQueryStringParameters": {"tag": ["red", "green"]},
        "pathParameters": {"key": "apple"},
        "stageVariables": None,
        "body": '{"value": 1}',
        "isBase64Encoded": False,
    }
    assert event["headers"]["Host"] == domain
    assert event["headers"]["X-Custom"] == "yes"
    assert event["multiValueHeaders"]["Content-Type"] == ["application/json"]
    context = event["requestContext"]
    assert (context["accountId"], context["apiId"], context["stage"]) == (account, api_id, "$default")
    assert (context["domainName"], context["resourcePath"]) == (domain, "/{key}")
    assert context["identity"]["sourceIp"].startswith("127.")


def test_payload_format_2_is_a_v2_event(connect: Connect, account: str, address: dict[str, str]) -> None:
    domain = f"{REGION}.v2-{account}.test"
    make_echo(connect, account, REGION, domain, "2.0", "GET /{key}")

    _, answer = get(address["http"], domain, "/apple?tag=red&tag=green", headers={"Cookie": "a=1; b=2"})

    event = answer["event"]
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "GET /{key}", "/apple")
    assert (event["rawQueryString"], event["queryStringParameters"]) == ("tag=red&tag=green", {"tag": "red,green"})
    assert (event["pathParameters"], event["cookies"]) == ({"key": "apple"}, ["a=1", "b=2"])
    assert event["requestContext"]["http"]["method"] == "GET"
    assert event["requestContext"]["domainName"] == domain
    assert "body" not in event


def test_a_domain_answers_over_http_https_and_the_shared_address(
    connect: Connect, account: str, address: dict[str, str], localcloud: Running
) -> None:
    domain = f"{REGION}.doors-{account}.test"
    make_echo(connect, account, REGION, domain, "1.0", "GET /{key}")

    _, over_http = get(address["http"], domain, "/a%20b")
    _, over_https = get(address["https"], domain, "/a%20b", ca_file=localcloud["ca_file"])
    _, over_shared = at_shared(localcloud, f"/_at/{domain}/a%20b")

    for answer, scheme in ((over_http, "http"), (over_https, "https"), (over_shared, "http")):
        event = answer["event"]
        assert (event["path"], event["pathParameters"]) == ("/a b", {"key": "a b"})
        assert (event["headers"]["Host"], event["headers"]["X-Forwarded-Proto"]) == (domain, scheme)


def test_health_is_the_services_own_route(connect: Connect, account: str, address: dict[str, str]) -> None:
    domain = f"{REGION}.health-{account}.test"
    make_echo(connect, account, REGION, domain, "1.0", "GET /health")

    status, answer = get(address["http"], domain, "/health")

    assert (status, answer["event"]["resource"]) == (200, "/health")


def test_a_host_of_another_region_is_forbidden(connect: Connect, account: str, localcloud: Running) -> None:
    domain = f"{REGION}.abroad-{account}.test"
    make_echo(connect, account, REGION, domain, "1.0", "GET /{key}")
    elsewhere = addresses_of(localcloud, "us-west-2")

    assert get(elsewhere["http"], domain, "/apple") == (403, {"message": "Forbidden"})
    assert get(elsewhere["http"], "nobody.test", "/health") == (403, {"message": "Forbidden"})


def test_an_execute_api_host_answers_in_its_region_alone(
    connect: Connect, account: str, address: dict[str, str], localcloud: Running
) -> None:
    api_id = make_echo(connect, account, REGION, f"{REGION}.host-{account}.test", "2.0", "GET /{key}")
    host = f"{api_id}.execute-api.{REGION}.amazonaws.com"

    status, answer = get(address["http"], host, "/apple")

    assert (status, answer["event"]["requestContext"]["domainName"]) == (200, host)
    assert get(addresses_of(localcloud, "us-west-2")["http"], host, "/apple")[0] == 403


def test_a_mapping_with_a_key_serves_below_it(connect: Connect, account: str, address: dict[str, str]) -> None:
    domain = f"{REGION}.mapped-{account}.test"
    role = make_role(connect, "mapped")
    alias = make_function(connect, REGION, "mapped", ECHO, role)
    api_id = make_api(connect, REGION, "mapped", alias, "1.0", "GET /{key}")
    allow_gateway(connect, REGION, "mapped", account, api_id)
    make_domain(connect, REGION, api_id, domain, mapping_key="kv")

    _, answer = get(address["http"], domain, "/kv/apple")

    assert (answer["event"]["path"], answer["event"]["pathParameters"]) == ("/kv/apple", {"key": "apple"})
    assert get(address["http"], domain, "/apple")[0] == 403


def test_an_unknown_route_is_not_found(connect: Connect, account: str, address: dict[str, str]) -> None:
    domain = f"{REGION}.routes-{account}.test"
    make_echo(connect, account, REGION, domain, "1.0", "GET /{key}")

    assert get(address["http"], domain, "/a/b/c") == (404, {"message": "Not Found"})


def test_a_handlers_exception_is_an_internal_server_error(
    connect: Connect, account: str, address: dict[str, str]
) -> None:
    domain = f"{REGION}.raises-{account}.test"
    role = make_role(connect, "raises")
    alias = make_function(connect, REGION, "raises", "def main(event, context):\n    raise KeyError('secret')\n", role)
    api_id = make_api(connect, REGION, "raises", alias, "1.0", "GET /{key}")
    allow_gateway(connect, REGION, "raises", account, api_id)
    make_domain(connect, REGION, api_id, domain)

    assert get(address["http"], domain, "/apple") == (500, {"message": "Internal Server Error"})


def test_a_function_without_permission_for_the_gateway_is_an_internal_server_error(
    connect: Connect, account: str, address: dict[str, str]
) -> None:
    domain = f"{REGION}.permission-{account}.test"
    role = make_role(connect, "silent")
    alias = make_function(connect, REGION, "silent", ECHO, role)
    api_id = make_api(connect, REGION, "silent", alias, "1.0", "GET /{key}")
    make_domain(connect, REGION, api_id, domain)

    refused = get(address["http"], domain, "/apple")
    allow_gateway(connect, REGION, "silent", account, api_id)
    allowed = get(address["http"], domain, "/apple")

    assert (refused, allowed[0]) == ((500, {"message": "Internal Server Error"}), 200)


def test_an_address_that_names_no_region_says_so(localcloud: Running) -> None:
    assert at_shared(localcloud, "/_at/kv.example.test/apple") == (
        404,
        {"message": "kv.example.test does not begin with a region."},
    )
