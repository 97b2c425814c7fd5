"""What the OpenAPI document says beyond the views themselves: the token, and the problems that an address may answer.

Hooks of drf-spectacular, named in the settings; they run only when the document is made.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "code", "detail", "mend"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable: programs may rely on it."},
        "detail": {"type": "string", "description": "What was refused, for people."},
        "mend": {"type": "string", "description": "What to do now."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message", "code"],
                "properties": {
                    "field": {"type": "string"},
                    "value": {},
                    "message": {"type": "string"},
                    "mend": {"type": "string"},
                    "code": {"type": "string"},
                },
            },
        },
        "operation": {"type": "integer", "description": "With operation_open: the operation in the way."},
    },
    "examples": [
        {
            "type": "about:blank",
            "title": "operation open",
            "status": 409,
            "code": "operation_open",
            "detail": "Operation 7 (Deploy keyvalue r2) is not finished.",
            "mend": "Wait for it, or cancel it.",
            "operation": 7,
        }
    ],
}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "maxLength": 255},
    "description": "The same request with the same key is done once and answered alike, for a day.",
}
SESSION_COOKIE = "__Host-sessionid"  # over plain HTTP, as in a demo, without its prefix
FIELDS = {
    "in": "query",
    "name": "fields",
    "schema": {"type": "string"},
    "description": "Only these fields, with commas between them: of the object, or of each result of a list.",
}
ALWAYS = {"401": "No token, or a bad one.", "406": "Only application/json is spoken here."}
UNSAFE = {"403": "The permission deployments.operate is missing.", "413": "The body is too large."}
WITH_KEY = {
    "409": "`idempotency_under_way`: the first request with this key is still under way.",
    "422": "`idempotency_key_reused`: this key was sent with another request.",
}
WITH_BODY = {"400": "The body can't be read or is invalid.", "415": "This content type is not taken."}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "controlplane.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A token made in the admin or by `manage.py token`."}


def only_the_api(endpoints: list[tuple[Any, ...]], **_: Any) -> list[tuple[Any, ...]]:
    """The document describes /api/v1/ and nothing else."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


def add_problems(result: dict[str, Any], generator: Any, **_: Any) -> dict[str, Any]:
    """Every operation tells the problems that it may answer with."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    result["components"]["securitySchemes"]["cookieAuth"]["name"] = SESSION_COOKIE
    for path, item in result["paths"].items():
        for method, operation in item.items():
            told = dict(ALWAYS)
            if method == "get" and path != "/api/v1/schema/":
                operation.setdefault("parameters", []).append(FIELDS)
            if "{" in path:
                told["404"] = "There is no such thing."
            if any(parameter["name"] == "cursor" for parameter in operation.get("parameters", ())):
                told["404"] = "This cursor is none of ours."
            if any(parameter["in"] == "query" for parameter in operation.get("parameters", ())):
                told["400"] = "A parameter is invalid."
            if method == "post":
                operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
                told |= WITH_KEY
            if method != "get":
                told |= UNSAFE | {"400": "The request can't be read."}
            if "requestBody" in operation:
                told |= WITH_BODY
            for status, description in sorted(told.items()):
                operation["responses"].setdefault(status, {"description": description})
            for status, response in operation["responses"].items():
                if status >= "400":
                    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
                    response["content"] = {"application/problem+json": schema}
            operation["responses"] = dict(sorted(operation["responses"].items()))
    return result
