"""A function: its code, its name, its variables, its routes, in each region."""

from typing import Any

import pytest

from deployments.components.component import RESERVED_VARIABLES, Context, Overrides
from deployments.components.function import Function
from deployments.components.http_route import pattern_of
from deployments.components.reference import BadReference, Reference, parts
from deployments.plan.model import Out, Ref, Spec, Text
from tests.deployments.written import demo, function, manifest, parsed, problems, table

HASH = "0123456789abcdef" * 4


def ref(kind: str, name: str = "get-key", region: str = "us-west-2") -> Ref:
    return Ref("keyvalue", kind, region, name)


def expanded(overrides: Overrides | None = None, **fields: Any) -> dict[Ref, Spec]:
    components = parsed(manifest(table(), function(**fields), hostname="kv.example.test")).components
    context = Context(
        "keyvalue",
        "123456789012",
        ("us-west-2",),
        {component.name: component for component in components},
        overrides={"us-west-2": overrides} if overrides else {},
    )
    return {spec.ref: spec for spec in components[1].expand(context)}


def variables(overrides: Overrides | None = None, **environment: str) -> Any:
    return expanded(overrides, environment=environment)[ref("lambda_function")].params["environment"]


def test_a_function_with_a_route_becomes_all_that_answers_it() -> None:
    served = expanded(routes=["GET /{key}"], payload_format="1.0", memory_mb=256, timeout_s=5, reserved_concurrency=7)
    assert served == {
        spec.ref: spec
        for spec in (
            Spec(
                ref("log_group"),
                params={"log_group_name": "/aws/lambda/keyvalue-get-key", "retention_d": 30, "tags": {}},
            ),
            Spec(
                ref("lambda_function"),
                params={
                    "function_name": "keyvalue-get-key",
                    "role": Out(ref("iam_role", "service"), "arn"),
                    "runtime": "python3.12",
                    "handler": "get_key.main",
                    "memory_mb": 256,
                    "timeout_s": 5,
                    "architecture": "x86_64",
                    "environment": {},
                    "code_sha256": HASH,
                    "reserved_concurrency": 7,
                    "log_group": Out(ref("log_group"), "name"),
                    "tags": {},
                    "published": True,
                },
                context={"artifact": HASH},
                after=frozenset({ref("iam_role_policy", "service")}),
                serving=True,
            ),
            Spec(
                ref("lambda_alias"),
                params={
                    "function": Out(ref("lambda_function"), "name"),
                    "alias": "live",
                    "version": Out(ref("lambda_function"), "version"),
                },
                serving=True,
            ),
            Spec(
                ref("lambda_permission"),
                params={
                    "function": Out(ref("lambda_function"), "name"),
                    "alias": "live",
                    "statement_id": "http-api",
                    "source_arn": Out(ref("apigatewayv2_api", "service"), "source_arn"),
                },
                after=frozenset({ref("lambda_alias")}),
            ),
            Spec(
                ref("apigatewayv2_integration"),
                params={
                    "api_id": Out(ref("apigatewayv2_api", "service"), "id"),
                    "uri": Out(ref("lambda_alias"), "arn"),
                    "payload_format": "1.0",
                },
                serving=True,
            ),
            Spec(
                ref("apigatewayv2_route", "GET /{key}"),
                params={
                    "api_id": Out(ref("apigatewayv2_api", "service"), "id"),
                    "route_key": "GET /{key}",
                    "integration_id": Out(ref("apigatewayv2_integration"), "id"),
                },
                after=frozenset({ref("lambda_permission")}),
                serving=True,
            ),
        )
    }


def test_a_variable_may_refer_to_other_components() -> None:
    name = Out(ref("dynamodb_table", "keyvalues"), "name")
    assert variables(
        PLAIN="text", EMPTY="", WHOLE="${keyvalues.name}", MIXED="table/${keyvalues.name}/x", LITERAL="$${HOME} $$ $x"
    ) == {
        "PLAIN": "text",
        "EMPTY": "",
        "WHOLE": name,
        "MIXED": Text(("table/", name, "/x")),
        "LITERAL": "${HOME} $$ $x",
    }


def test_a_function_may_name_another_function() -> None:
    components = parsed(manifest(function("a"), function("b", environment={"OTHER": "${a.arn}"}))).components
    context = Context("keyvalue", "1", ("us-west-2",), {component.name: component for component in components})
    found = {spec.ref: spec for spec in components[1].expand(context)}
    assert found[ref("lambda_function", "b")].params["environment"] == {
        "OTHER": Out(ref("lambda_function", "a"), "arn")
    }


def test_a_region_may_override_memory_and_variables() -> None:
    overrides = Overrides(environment={"LEVEL": "debug"}, memory_mb=512)
    assert variables(overrides, LEVEL="info", OTHER="x") == {"LEVEL": "debug", "OTHER": "x"}
    assert expanded(overrides, memory_mb=256)[ref("lambda_function")].params["memory_mb"] == 512
    assert expanded(Overrides(), memory_mb=256)[ref("lambda_function")].params["memory_mb"] == 256


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"artifact": "sha256:abc"}, 'artifact: "sha256:abc" is not an artifact'),
        ({"handler": "a b"}, 'handler: "a b" is not a handler'),
        ({"memory_mb": 127}, "memory_mb: 127 can't be taken: it should be greater than or equal to 128"),
        ({"memory_mb": 10241}, "memory_mb: 10241 can't be taken: it should be less than or equal to 10240"),
        ({"memory_mb": True}, "memory_mb: true is not a whole number"),
        ({"timeout_s": 901}, "timeout_s: 901 can't be taken: it should be less than or equal to 900"),
        ({"architecture": "arm"}, 'architecture: "arm" is not an architecture; did you mean "arm64"?'),
        ({"log_retention_d": 31}, "log_retention_d: 31 is not a retention that CloudWatch Logs knows"),
        (
            {"reserved_concurrency": -1},
            "reserved_concurrency: -1 can't be taken: it should be greater than or equal to 0",
        ),
        ({"payload_format": 1.0}, "payload_format: 1.0 is not a payload format"),
        ({"environment": {"A": "x"}}, 'environment.A: "A" is not an environment variable\'s name'),
        ({"environment": {"AA": 5}}, "environment.AA: 5 is not text"),
        ({"environment": {"AWS_REGION": "x"}}, 'environment.AWS_REGION: "AWS_REGION" is set by Lambda itself'),
        ({"environment": {"AA": "${x"}}, 'environment.AA: "${x" is not a reference'),
        ({"environment": {"AA": "é" * 2048}}, "environment: the variables take 4098 bytes, Lambda gives 4096"),
        ({"routes": "GET /"}, 'routes: "GET /" is not a list'),
        ({"routes": ["GET /{a}", "GET /{b}"]}, 'routes: "GET /{a}" and "GET /{b}" match the same requests'),
        (
            {"routes": ["GET /"], "timeout_s": 31},
            "timeout_s: timeout_s 31 is longer than an HTTP API waits for an answer (30 s)",
        ),
    ],
)
def test_what_lambda_would_refuse_is_refused(fields: dict[str, Any], problem: str) -> None:
    assert problems(manifest(function(**fields), hostname="kv.example.test")) == [f"components[0].{problem}"]


@pytest.mark.parametrize("timeout_s", [31, 900])
def test_a_function_without_routes_may_take_its_time(timeout_s: int) -> None:
    assert problems(manifest(function(timeout_s=timeout_s))) == []


@pytest.mark.parametrize("name", sorted(RESERVED_VARIABLES))
def test_no_variable_of_lambda_itself_can_be_set(name: str) -> None:
    assert problems(manifest(function(environment={name: "x"})))


@pytest.mark.parametrize(
    "route",
    ["$default", "GET /", "GET /a/", "ANY /x/{proxy+}", "POST /{key}", "DELETE /a/{b}/c/{d}", "GET /a.b~c/%20/@x:y"],
)
def test_a_route_of_an_http_api_is_taken(route: str) -> None:
    assert problems(demo(components=[function(routes=[route])])) == []


@pytest.mark.parametrize(
    ("route", "why"),
    [
        ("GET", '"GET" is not a route'),
        ("GET key", '"GET key" is not a route'),
        ("/{key}", '"/{key}" is not a route'),
        ("", '"" is not a route'),
        ("$defualt", '"$defualt" is not a route'),
        ("get /", '"get" is not a method of an HTTP API; did you mean "GET"? (in "get /")'),
        ("FETCH /", '"FETCH" is not a method of an HTTP API; did you mean "PATCH"? (in "FETCH /")'),
        ("GET //a", '"" is not a path segment (in "GET //a")'),
        ("GET /a b", '"a b" is not a path segment (in "GET /a b")'),
        ("GET /x{key}", '"x{key}" is not a path segment (in "GET /x{key}")'),
        ("GET /{}", '"{}" is not a path segment (in "GET /{}")'),
        ("GET /{a+}/b", 'the greedy {a+} is not the last segment (in "GET /{a+}/b")'),
        ("GET /{a+}/", 'the greedy {a+} is not the last segment (in "GET /{a+}/")'),
        ("GET /{a}/{a}", '{a} stands twice (in "GET /{a}/{a}")'),
    ],
)
def test_a_route_that_api_gateway_would_refuse_says_why(route: str, why: str) -> None:
    assert problems(demo(components=[function(routes=[route])])) == [f"components[0].routes[0]: {why}"]


def test_routes_are_the_same_whatever_their_variables_are_called() -> None:
    assert pattern_of("GET /a/{b}/{c+}") == pattern_of("GET /a/{x}/{y+}") == "GET /a/{}/{+}"
    assert pattern_of("GET /{b}") != pattern_of("GET /{b+}")


@pytest.mark.parametrize("text", ["${}", "${a}", "${a.b.c}", "${A.b}", "${a.b", "${ a.b }", "x ${"])
def test_a_reference_has_a_component_and_an_attribute(text: str) -> None:
    with pytest.raises(BadReference):
        tuple(parts(text))


def test_a_text_falls_into_literals_and_references() -> None:
    assert tuple(parts("a$${b}${c-d.e}${f.g}$")) == ("a${b}", Reference("c-d", "e"), Reference("f", "g"), "$")
    assert tuple(parts("")) == ()


def test_a_function_knows_what_it_serves() -> None:
    component = parsed(demo()).components[1]
    assert isinstance(component, Function)
    assert component.serves == ("GET /{key}",)
