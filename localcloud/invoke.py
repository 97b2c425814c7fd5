"""From a matched route of an HTTP API to its Lambda function: stands where ministack's own proxy integration stood.

ministack sends format 2.0 whatever was asked for, asks for no permission and tells the caller of a handler's
exception; API Gateway does none of the three.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ministack.core.concurrency import run_reentrant
from ministack.services import apigateway, lambda_svc

from localcloud import lambda_events, permissions, workers
from localcloud.lambda_events import INTERNAL_SERVER_ERROR, SERVICE_UNAVAILABLE, HttpAnswer

# Invocations under way, of all functions and of one; the others wait. A burst would else start a process for each
# request, and their start-up, not the handlers, would take all of a small machine.
MOST_AT_ONCE = 24
MOST_OF_ONE = 8


@dataclass(frozen=True)
class Arrival:
    """What the gate knows of a request and ministack forgets on its way to the function."""

    domain: str
    path: str
    source_ip: str
    written_names: Mapping[str, str]


arrival: ContextVar[Arrival] = ContextVar("arrival")

_turn: asyncio.Semaphore
_turns: defaultdict[str, asyncio.Semaphore]


def install() -> None:
    """Within the running loop, before serving."""
    global _turn, _turns
    _turn = asyncio.Semaphore(MOST_AT_ONCE)
    _turns = defaultdict(lambda: asyncio.Semaphore(MOST_OF_ONE))
    workers.install()
    apigateway._invoke_lambda_proxy = invoke


async def invoke(
    integration: Mapping[str, Any],
    api_id: str,
    stage: str,
    path: str,
    method: str,
    headers: Mapping[str, str],
    body: bytes,
    query: Mapping[str, Sequence[str]],
    route_key: str = "$default",
    path_parameters: Mapping[str, str] | None = None,
    *,
    authorizer_claims: Mapping[str, Any] | None = None,
    authorizer_scopes: Sequence[str] | None = None,
    authorizer_lambda_context: Mapping[str, Any] | None = None,
    authorizer_iam: Mapping[str, Any] | None = None,
    owner_account_id: str,
    owner_region: str,
    raw_query_string: str | None = None,
) -> HttpAnswer:
    """The signature is ministack's."""
    function_arn = apigateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
    function, config, _ = lambda_svc._get_func_record_for_ref_in_scope(
        function_arn, account_id=owner_account_id, region=owner_region
    )
    if function is None or config is None:
        return INTERNAL_SERVER_ERROR
    base, _, _ = lambda_svc._get_base_func_record_for_ref(function_arn)  # a version's record has no policy
    allowed = permissions.gateway_may_invoke(
        (base or {}).get("policy") or {},
        resource=function_arn,
        source_arn=_source_arn(owner_region, owner_account_id, api_id, stage, route_key),
        account=owner_account_id,
    )
    if not allowed:
        return INTERNAL_SERVER_ERROR

    came = arrival.get()
    variables = (apigateway._stages.get(api_id, {}).get(stage) or {}).get("stageVariables") or {}
    request = lambda_events.Request(
        account=owner_account_id,
        api_id=api_id,
        stage=stage,
        route_key=route_key,
        domain=came.domain,
        method=method,
        path=came.path if stage == "$default" else f"/{stage}{path}",
        path_parameters=path_parameters or {},
        query=query,
        raw_query=raw_query_string or "",
        headers=headers,
        written_names=came.written_names,
        body=body,
        source_ip=came.source_ip,
        stage_variables=variables,
        authorizer=_authorizer(authorizer_claims, authorizer_scopes, authorizer_lambda_context, authorizer_iam),
        request_id=base64.b64encode(os.urandom(11)).decode(),
        now=datetime.now(UTC),
    )
    payload_format = integration.get("payloadFormatVersion") or "1.0"
    event = lambda_events.event(request, payload_format)
    record = lambda_svc._execution_record_for_config(function, config)
    async with _turns[function_arn], _turn:
        result = await run_reentrant(lambda_svc._execute_function_with_config_scope, record, event)
    if result.get("throttle"):
        return SERVICE_UNAVAILABLE
    if result.get("error"):
        return INTERNAL_SERVER_ERROR
    return lambda_events.answer(result.get("body"), payload_format)


def _source_arn(region: str, account: str, api_id: str, stage: str, route_key: str) -> str:
    """The execute-api ARN that a permission's SourceArn must cover: ANY is `*`, the default route `$default`."""
    method, _, route = route_key.partition(" ")
    target = f"{'*' if method == 'ANY' else method}{route}" if route else route_key
    return f"arn:aws:execute-api:{region}:{account}:{api_id}/{stage}/{target}"


def _authorizer(
    claims: Mapping[str, Any] | None,
    scopes: Sequence[str] | None,
    custom: Mapping[str, Any] | None,
    iam: Mapping[str, Any] | None,
) -> dict[str, Any] | None:
    if claims is not None:
        texts = {name: apigateway._jwt_claim_to_string(value) for name, value in claims.items()}
        return {"jwt": {"claims": texts, "scopes": list(scopes or [])}}
    if custom is not None:
        return {"lambda": dict(custom)}
    return {"iam": dict(iam)} if iam is not None else None
