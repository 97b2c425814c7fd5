"""A function: Lambda in each region, published behind the alias `live`, reached through the service's HTTP API. Pure.

It makes what is the function's own (log group, function, alias, permission, integration, routes); the API itself, the
role and the domains are made once for all functions, by `routing/edge.py` and `desired.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from deployments.components.component import Component, Context, Environment, Grant, MemoryMb, Overrides
from deployments.components.http_route import HTTP_TIMEOUT_S, MOST_ROUTES, check_route, pattern_of
from deployments.components.reference import Reference, parts
from deployments.names import FUNCTION_LIMIT, physical_name
from deployments.plan.model import Out, Ref, Spec, Text
from deployments.schema import at_most, choice, pattern, quoted, refused

# The enumeration of Lambda's API (botocore 1.43.106) without what was retired before 2026.
RUNTIMES = (
    *("python3.10", "python3.11", "python3.12", "python3.13", "python3.14"),
    *("nodejs20.x", "nodejs22.x", "nodejs24.x"),
    *("java8.al2", "java11", "java17", "java21", "java25"),
    *("dotnet8", "dotnet10"),
    *("ruby3.2", "ruby3.3", "ruby3.4"),
    *("provided.al2", "provided.al2023"),
)

# PutRetentionPolicy, CloudWatch Logs API reference.
RETENTIONS_D = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)

LOG_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")


def _retention(days: int) -> int:
    if days not in RETENTIONS_D:
        raise refused(
            "choice",
            f"{days} is not a retention that CloudWatch Logs knows",
            f"use one of: {', '.join(map(str, RETENTIONS_D))}",
        )
    return days


class Function(Component):
    """`{kind: function, name: get-key, artifact: "sha256:…", handler: get_key.main, runtime: python3.12}`"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "function",
                    "name": "get-order",
                    "artifact": f"sha256:{'0123456789abcdef' * 4}",
                    "handler": "get_order.main",
                    "runtime": "python3.12",
                    "routes": ["GET /orders/{id}"],
                }
            ]
        }
    )
    attributes: ClassVar[frozenset[str]] = frozenset({"name", "arn"})
    needs_role: ClassVar[bool] = True
    elsewhere: ClassVar[Mapping[str, str]] = {
        "directory": "zip that folder, upload the zip to the service's artifacts and write artifact: sha256:… "
        "(manage.py deploy does so by itself)"
    }

    kind: Literal["function"] = "function"
    artifact: Annotated[
        str,
        pattern("an artifact", "sha256:[0-9a-f]{64}", "write sha256: and the 64 hex digits that the upload answered"),
        Field(description="sha256: and the hash of an uploaded zip.", json_schema_extra={"form": "artifact"}),
    ]
    handler: Annotated[
        str,
        Field(max_length=128, description="What Lambda calls: module.function.", json_schema_extra={"form": "handler"}),
        pattern("a handler", r"[^\s]+", "write module.function, without blanks"),
    ]
    runtime: Annotated[str, *choice("a Lambda runtime", RUNTIMES)]
    memory_mb: MemoryMb = 128
    timeout_s: Annotated[int, Field(ge=1, le=900, description=f"At most {HTTP_TIMEOUT_S} where it has routes.")] = 10
    architecture: Annotated[str, *choice("an architecture", ("x86_64", "arm64"))] = "x86_64"
    log_retention_d: Annotated[
        int, AfterValidator(_retention), Field(json_schema_extra={"enum": list(RETENTIONS_D)})
    ] = 30
    reserved_concurrency: Annotated[
        int | None, Field(ge=0, description="Kept for it out of the account's concurrency in each region; empty: none.")
    ] = None
    environment: Annotated[
        Environment,
        Field(description="Variables; a value may hold ${component.attribute}."),
    ] = Field(default_factory=dict)
    routes: Annotated[
        tuple[Annotated[str, AfterValidator(check_route)], ...],
        Field(strict=False, description="Route keys: GET /{key}, ANY /x/{proxy+}, $default."),
        at_most(MOST_ROUTES, "routes"),
    ] = ()
    payload_format: Annotated[str, *choice("a payload format", ("1.0", "2.0"))] = "2.0"

    @model_validator(mode="after")
    def _answers_in_time(self) -> Function:
        if self.routes and self.timeout_s > HTTP_TIMEOUT_S:
            raise refused(
                "timeout",
                f"timeout_s {self.timeout_s} is longer than an HTTP API waits for an answer ({HTTP_TIMEOUT_S} s)",
                f"set timeout_s to at most {HTTP_TIMEOUT_S}, or take the routes away",
                field="timeout_s",
            )
        return self

    @model_validator(mode="after")
    def _routes_once(self) -> Function:
        seen: dict[str, str] = {}
        for route in self.routes:
            if (first := seen.setdefault(pattern_of(route), route)) is not route:
                raise refused(
                    "twice",
                    f"{quoted(first)} and {quoted(route)} match the same requests",
                    "keep one of them",
                    field="routes",
                )
        return self

    def placed(self, overrides: Overrides) -> Self:
        return self.model_validate(
            {
                **dict(self),
                "environment": {**self.environment, **overrides.environment},
                "memory_mb": overrides.memory_mb or self.memory_mb,
            }
        )

    @property
    def serves(self) -> tuple[str, ...]:
        return self.routes

    def templates(self) -> Iterator[tuple[tuple[str, ...], str]]:
        for name, value in self.environment.items():
            yield ("environment", name), value

    def function_name(self, context: Context) -> str:
        return physical_name(context.stack, self.name, limit=FUNCTION_LIMIT, stage=context.stage)

    def log_group_name(self, context: Context) -> str:
        return f"/aws/lambda/{self.function_name(context)}"

    def expand(self, context: Context) -> tuple[Spec, ...]:
        return tuple(
            spec
            for region in context.regions
            for spec in self.placed(context.overrides.get(region, Overrides()))._in_region(region, context)
        )

    def output(self, attribute: str, region: str, context: Context) -> Out:
        return Out(context.ref("lambda_function", region, self.name), attribute)

    def grant(self, region: str, context: Context) -> Grant:
        arn = f"arn:aws:logs:{region}:{context.account_id}:log-group:{self.log_group_name(context)}:*"
        statement = {"Effect": "Allow", "Action": list(LOG_ACTIONS), "Resource": [arn]}
        return Grant((statement,), frozenset({context.ref("log_group", region, self.name)}))

    def sla(self, regions: int) -> tuple[str, ...]:
        return ("lambda", "api_gateway") if self.routes else ("lambda",)

    def render(self) -> dict[str, Any]:
        return {key: value for key, value in super().render().items() if value != {} and value != []}

    def _in_region(self, region: str, context: Context) -> Iterator[Spec]:
        function = context.ref("lambda_function", region, self.name)
        log_group = context.ref("log_group", region, self.name)
        alias = context.ref("lambda_alias", region, self.name)
        yield Spec(
            log_group,
            params={
                "log_group_name": self.log_group_name(context),
                "retention_d": self.log_retention_d,
                "tags": dict(context.tags),
            },
        )
        yield Spec(
            function,
            params={
                "function_name": self.function_name(context),
                "role": Out(context.ref("iam_role", region, "service"), "arn"),
                "runtime": self.runtime,
                "handler": self.handler,
                "memory_mb": self.memory_mb,
                "timeout_s": self.timeout_s,
                "architecture": self.architecture,
                "environment": {
                    name: _resolved(text, region, context) for name, text in sorted(self.environment.items())
                },
                "code_sha256": self.artifact.removeprefix("sha256:"),
                "reserved_concurrency": self.reserved_concurrency,
                "log_group": Out(log_group, "name"),
                "tags": dict(context.tags),
                "published": True,  # a version equals what runs: what `live` points to
            },
            context={"artifact": self.artifact.removeprefix("sha256:")},
            after=frozenset({context.ref("iam_role_policy", region, "service")}),
            serving=True,
        )
        yield Spec(
            alias,
            params={"function": Out(function, "name"), "alias": "live", "version": Out(function, "version")},
            serving=True,
        )
        if self.routes:
            yield from self._served(region, function, alias, context)

    def _served(self, region: str, function: Ref, alias: Ref, context: Context) -> Iterator[Spec]:
        api = context.ref("apigatewayv2_api", region, "service")
        permission = context.ref("lambda_permission", region, self.name)
        integration = context.ref("apigatewayv2_integration", region, self.name)
        yield Spec(
            permission,
            params={
                "function": Out(function, "name"),
                "alias": "live",
                "statement_id": "http-api",
                "source_arn": Out(api, "source_arn"),
            },
            after=frozenset({alias}),
        )
        yield Spec(
            integration,
            params={"api_id": Out(api, "id"), "uri": Out(alias, "arn"), "payload_format": self.payload_format},
            serving=True,
        )
        for route in self.routes:
            yield Spec(
                context.ref("apigatewayv2_route", region, route),
                params={"api_id": Out(api, "id"), "route_key": route, "integration_id": Out(integration, "id")},
                after=frozenset({permission}),
                serving=True,
            )


def _resolved(text: str, region: str, context: Context) -> str | Out | Text:
    pieces = tuple(
        context.siblings[part.component].output(part.attribute, region, context)
        if isinstance(part, Reference)
        else part
        for part in parts(text)
    )
    if len(pieces) == 1:
        return pieces[0]
    return Text(pieces) if pieces else ""


COMPONENT = Function
