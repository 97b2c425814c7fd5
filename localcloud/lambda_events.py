"""What API Gateway's HTTP APIs send to Lambda and make of its answer, in payload formats 1.0 and 2.0. Pure.

Source: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

TEXT_TYPES = ("application/json", "application/xml", "application/javascript")
DEFAULT_CONTENT_TYPE = "text/plain;charset=UTF-8"

HttpAnswer = tuple[int, dict[str, Any], bytes]  # status, headers (a list is one line each), body

INTERNAL_SERVER_ERROR: HttpAnswer = (
    500,
    {"Content-Type": "application/json"},
    b'{"message":"Internal Server Error"}',
)
SERVICE_UNAVAILABLE: HttpAnswer = (
    503,
    {"Content-Type": "application/json"},
    b'{"message":"Service Unavailable"}',
)


@dataclass(frozen=True)
class Request:
    """A request that matched a route. `path` is as the client sent it; `headers` have lower-case names."""

    account: str
    api_id: str
    stage: str
    route_key: str
    domain: str
    method: str
    path: str
    path_parameters: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    raw_query: str
    headers: Mapping[str, str]
    written_names: Mapping[str, str]  # lower-case name → as the client wrote it
    body: bytes
    source_ip: str
    stage_variables: Mapping[str, str]
    authorizer: Mapping[str, Any] | None
    request_id: str
    now: datetime

    @property
    def resource(self) -> str:
        """The route without its method: "/{key}" of "GET /{key}"."""
        return self.route_key.partition(" ")[2] or self.route_key


def event(request: Request, payload_format: str) -> dict[str, Any]:
    return _event_1(request) if payload_format == "1.0" else _event_2(request)


def _event_1(request: Request) -> dict[str, Any]:
    """Keys without a value are there, as null."""
    headers = {request.written_names.get(name, name): value for name, value in request.headers.items()}
    body, is_base64 = _body(request)
    return {
        "version": "1.0",
        "resource": request.resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in request.query.items()} or None,
        "multiValueQueryStringParameters": {name: list(values) for name, values in request.query.items()} or None,
        "requestContext": {
            "accountId": request.account,
            "apiId": request.api_id,
            "authorizer": request.authorizer or {"claims": None, "scopes": None},
            "domainName": request.domain,
            "domainPrefix": request.domain.partition(".")[0],
            "extendedRequestId": request.request_id,
            "httpMethod": request.method,
            "identity": {
                "accessKey": None,
                "accountId": None,
                "caller": None,
                "cognitoAuthenticationProvider": None,
                "cognitoAuthenticationType": None,
                "cognitoIdentityId": None,
                "cognitoIdentityPoolId": None,
                "principalOrgId": None,
                "sourceIp": request.source_ip,
                "user": None,
                "userAgent": request.headers.get("user-agent", ""),
                "userArn": None,
            },
            "path": request.path,
            "protocol": "HTTP/1.1",
            "requestId": request.request_id,
            "requestTime": _common_log_time(request.now),
            "requestTimeEpoch": _epoch_ms(request.now),
            "resourceId": None,
            "resourcePath": request.resource,
            "stage": request.stage,
        },
        "pathParameters": dict(request.path_parameters) or None,
        "stageVariables": dict(request.stage_variables) or None,
        "body": body,
        "isBase64Encoded": is_base64,
    }


def _event_2(request: Request) -> dict[str, Any]:
    """Keys without a value are absent; cookies leave the headers; repeated query values are joined by commas."""
    headers = dict(request.headers)
    cookies = headers.pop("cookie", None)
    body, is_base64 = _body(request)
    context: dict[str, Any] = {
        "accountId": request.account,
        "apiId": request.api_id,
        "domainName": request.domain,
        "domainPrefix": request.domain.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": request.request_id,
        "routeKey": request.route_key,
        "stage": request.stage,
        "time": _common_log_time(request.now),
        "timeEpoch": _epoch_ms(request.now),
    }
    if request.authorizer:
        context["authorizer"] = dict(request.authorizer)
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": request.route_key,
        "rawPath": request.path,
        "rawQueryString": request.raw_query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": is_base64,
    }
    if cookies is not None:
        made["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    if request.query:
        made["queryStringParameters"] = {name: ",".join(values) for name, values in request.query.items()}
    if request.path_parameters:
        made["pathParameters"] = dict(request.path_parameters)
    if request.stage_variables:
        made["stageVariables"] = dict(request.stage_variables)
    if body is not None:
        made["body"] = body
    return made


def answer(result: Any, payload_format: str) -> HttpAnswer:
    """The HTTP answer for what a handler returned; an ill-formed one is API Gateway's 500."""
    if isinstance(result, dict) and "statusCode" in result:
        return _shaped(result, payload_format)
    if payload_format == "1.0":
        return INTERNAL_SERVER_ERROR
    body = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    return 200, {"Content-Type": "application/json"}, body.encode()


def _shaped(result: Mapping[str, Any], payload_format: str) -> HttpAnswer:
    body = result.get("body")
    try:
        status = int(result["statusCode"])
    except (TypeError, ValueError):
        return INTERNAL_SERVER_ERROR
    if not (body is None or isinstance(body, str)) or not 100 <= status <= 599:
        return INTERNAL_SERVER_ERROR
    headers: dict[str, Any] = {str(name): _text(value) for name, value in (result.get("headers") or {}).items()}
    if payload_format == "1.0":
        for name, values in (result.get("multiValueHeaders") or {}).items():
            _drop(headers, name)
            headers[str(name)] = [_text(value) for value in values]
    elif cookies := result.get("cookies"):
        headers["Set-Cookie"] = [str(cookie) for cookie in cookies] + _drop(headers, "set-cookie")
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = DEFAULT_CONTENT_TYPE
    _drop(headers, "content-length")  # counted anew: a wrong one would break the connection
    encoded = (body or "").encode()
    if result.get("isBase64Encoded"):
        try:
            encoded = base64.b64decode(encoded, validate=True)
        except ValueError:
            return INTERNAL_SERVER_ERROR
    return status, headers, encoded


def _drop(headers: dict[str, Any], name: str) -> list[str]:
    """Remove a header whatever its case; its values."""
    found = [key for key in headers if key.lower() == name.lower()]
    return [headers.pop(key) for key in found]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _body(request: Request) -> tuple[str | None, bool]:
    """Text for the content types that AWS takes as text, else base64."""
    if not request.body:
        return None, False
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type.startswith("text/") or content_type in TEXT_TYPES:
        return request.body.decode("utf-8", "replace"), False
    return base64.b64encode(request.body).decode("ascii"), True


def _common_log_time(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def _epoch_ms(now: datetime) -> int:
    return int(now.timestamp() * 1000)
