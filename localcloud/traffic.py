"""Users' requests: which API of this region a Host names, and handing the request to it.

AWS answers 403 to a Host that is no custom domain and no API of that very region; so does this. The path is the
API's from its first character: `GET /health` reaches the service's own route.
"""

from __future__ import annotations

import base64
import os
import re
import uuid
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qs, quote

from ministack import app as ministack_app
from ministack.core.responses import request_scope
from ministack.services import apigateway, apigateway_v1

from localcloud import invoke, lambda_events
from localcloud.call import Answer
from localcloud.wire import Scope, connection_of, json_answer

LARGEST_BODY = 10 * 1024 * 1024  # HTTP API quota: payload size 10 MB

FORBIDDEN = (403, {"message": "Forbidden"})

_EXECUTE_API = re.compile(r"(?P<api>[a-z0-9]+)\.execute-api\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")


@dataclass(frozen=True)
class Target:
    """The API that a Host and path lead to. `rest` is the path as the API sees it."""

    account: str
    api_id: str
    stage: str
    rest: str


async def serve(scope: Scope, body: bytes, *, region: str, domain: str) -> Answer:
    """The answer to one request that came to `domain` in `region`; `scope["path"]` is what the client asked for."""
    target = find(region, domain, scope["path"])
    if target is None:
        return json_answer(*FORBIDDEN)
    connection = connection_of(scope)
    written = {name.decode("latin-1"): sent.decode("latin-1") for name, sent in connection.names.items()}
    headers = _headers(scope, domain)
    source_ip = scope["client"][0]
    token = invoke.arrival.set(invoke.Arrival(domain, scope["path"], source_ip, _forwarded_names() | written))
    try:
        with request_scope(target.account, region):
            status, made, content = await _execute(scope, target, headers, body)
    finally:
        invoke.arrival.reset(token)
    return _answer(scope["method"], status, made, content)


async def _execute(scope: Scope, target: Target, headers: dict[str, str], body: bytes) -> lambda_events.HttpAnswer:
    """Within the scope of the account and region that own the API."""
    method, raw_query = scope["method"], scope["query_string"].decode("latin-1")
    query = parse_qs(raw_query, keep_blank_values=True)
    if target.api_id in apigateway_v1._rest_apis:
        path = f"/_aws/execute-api/{target.api_id}/{target.stage}{target.rest}"
        response = await ministack_app._handle_execute_api_request("localhost", path, method, headers, body, query)
        return cast("lambda_events.HttpAnswer", response)
    rest = apigateway.decode_http_api_path(_raw_rest(scope, target.rest))
    if apigateway.route_authorization_type(target.api_id, target.stage, method, rest) == "AWS_IAM":
        denied = ministack_app._enforce_execute_api(target.api_id, target.stage, method, rest, headers, query)
        if denied:
            return cast("lambda_events.HttpAnswer", denied)
    status, made, content = await apigateway.handle_execute(
        target.api_id, target.stage, rest, method, headers, body, query, raw_query_string=raw_query
    )
    made.setdefault("apigw-requestid", base64.b64encode(os.urandom(11)).decode())
    return status, made, content


def _raw_rest(scope: Scope, rest: str) -> str:
    """The part of the raw path that belongs to `rest`: a mapping's base path is cut off in front."""
    path = scope["path"]
    raw = scope["raw_path"].decode("latin-1")
    mapped = path[: -len(rest)] if path.endswith(rest) else path
    return raw[len(quote(mapped)) :] or "/"


def find(region: str, domain: str, path: str) -> Target | None:
    """The API behind a custom domain (its longest matching mapping) or an execute-api host of this region.

    Accounts of tests may use one name each; the youngest is meant.
    """
    wanted = domain.lower()
    if match := _EXECUTE_API.fullmatch(wanted):
        return _by_api_id(region, match["api"], path) if match["region"] == region else None
    for account, there, name in reversed([key for key, _ in apigateway_v1._domain_names.all_items()]):
        if there == region and name.lower() == wanted:
            with request_scope(account, region):
                mapped = apigateway_v1.resolve_base_path_mapping(name, path)
            if mapped is None:
                return None
            api_id, stage, rest = mapped
            return Target(account, api_id, stage, rest) if stage else None
    return None


def _by_api_id(region: str, api_id: str, path: str) -> Target | None:
    for store in (apigateway._apis, apigateway_v1._rest_apis):
        for (account, there, stored), api in store.all_items():
            if there == region and stored == api_id and not api.get("disableExecuteApiEndpoint"):
                return _staged(account, region, api_id, path)
    return None


def _staged(account: str, region: str, api_id: str, path: str) -> Target:
    """`$default` serves from the root; another stage is the first segment of the path."""
    first, _, remainder = path.lstrip("/").partition("/")
    with request_scope(account, region):
        stages = apigateway.stages_for_api(api_id) or apigateway_v1.stages_for_api(api_id)
    if "$default" in stages and first not in stages:
        return Target(account, api_id, "$default", path)
    return Target(account, api_id, first, f"/{remainder}")


def _headers(scope: Scope, domain: str) -> dict[str, str]:
    """Lower-case names; repeated fields joined, as API Gateway does; and what it adds."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        separator = "; " if name == "cookie" else ","
        headers[name] = f"{headers[name]}{separator}{value}" if name in headers else value
    source_ip = scope["client"][0]
    before = headers.get("x-forwarded-for")
    headers |= {
        "host": domain,
        "x-forwarded-for": f"{before}, {source_ip}" if before else source_ip,
        "x-forwarded-port": str(scope["server"][1]),
        "x-forwarded-proto": scope["scheme"],
        "x-amzn-trace-id": f"Root=1-{uuid.uuid4().hex[:8]}-{uuid.uuid4().hex[:24]}",
    }
    return headers


def _forwarded_names() -> dict[str, str]:
    names = ("Host", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Amzn-Trace-Id")
    return {name.lower(): name for name in names}


def _answer(method: str, status: int, headers: dict[str, Any], content: bytes | str) -> Answer:
    body = content if isinstance(content, bytes) else content.encode()
    lines: list[tuple[bytes, bytes]] = []
    for name, value in headers.items():
        for line in value if isinstance(value, list) else [value]:
            lines.append((name.encode("latin-1"), str(line).encode("utf-8")))
    if not any(name.lower() == b"content-length" for name, _ in lines):
        lines.append((b"content-length", str(len(body)).encode()))
    return Answer(status, lines, b"" if method == "HEAD" else body)
