"""Errors as RFC 9457 `application/problem+json`, with a stable `code`, the field and the mend.

The last thing an API request meets on its way out: DRF's exceptions, the actions' refusals and what Django itself says
(unknown path, crash) all leave in this one form. Decides nothing about pages, which keep Django's own answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from controlplane.idempotency import Replay
from controlplane.models import Answer
from deployments.actions.refused import ActionRefused

CONTENT_TYPE = "application/problem+json"
API = "/api/"

#        code                     what to do now
MENDS = {
    "not_authenticated": "Send the header Authorization: Bearer <token>; tokens are made in the admin.",
    "bad_token": "Make a new token in the admin, or by manage.py token.",
    "parse_error": "Send well-formed JSON or YAML, in UTF-8, without NUL and within the limits that are named.",
    "permission_denied": "Ask an administrator for it, in a role or by a grant; or use a token of wider scope.",
    "not_found": "Look at the list that this belongs to for what is there.",
    "method_not_allowed": "The header Allow names the methods of this address.",
    "not_acceptable": "Accept application/json.",
    "unsupported_media_type": "Send application/json or application/yaml; an artifact as multipart/form-data.",
    "too_large": "Send less at once.",
    "server_error": "Try again; if it stays, tell an administrator the time of this answer: the log has the cause.",
}


def document(status: int, code: str, detail: str, *, mend: str = "", **more: Any) -> dict[str, Any]:
    """One problem as RFC 9457 writes it. `code` is stable; `detail` and `mend` are for people."""
    return {
        "type": "about:blank",
        "title": code.replace("_", " "),
        "status": status,
        "code": code,
        "detail": detail,
        "mend": mend or MENDS.get(code, ""),
        **more,
    }


def handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler. None: not ours to explain, so Django answers with `server_error`."""
    headers: dict[str, str] = {}
    if isinstance(error, Replay):
        return _replayed(error.answer)
    if isinstance(error, ActionRefused):
        set_rollback()
        body = document(error.status, error.code, error.detail, mend=error.mend, **error.more)
    elif isinstance(error, RequestDataTooBig):
        body = document(413, "too_large", "The request's body is too large.")
    elif isinstance(error, SuspiciousOperation):
        body = document(400, "bad_request", "This request can't be read.")
    else:
        response = exception_handler(error, dict(context))
        if response is None:
            return None
        headers = {name: value for name, value in response.items() if name in {"WWW-Authenticate", "Retry-After"}}
        body = _explained(error, response.status_code)
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def _replayed(answer: Answer) -> Response:
    headers = {**answer.headers, "Idempotency-Replayed": "true"}
    content_type = headers.pop("Content-Type", None)
    body = json.loads(answer.body) if answer.body else None
    return Response(body, status=answer.status, headers=headers, content_type=content_type)


def _explained(error: Exception, status: int) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        errors = list(_leaves(error.get_full_details(), ""))
        first = errors[0] if errors else {"field": "", "message": "invalid input"}
        detail = f"{first['field']}: {first['message']}" if first["field"] else first["message"]
        return document(status, "invalid", detail, mend="Mend the fields named under errors.", errors=errors)
    if isinstance(error, exceptions.APIException):
        codes = error.get_codes()
        code = codes if isinstance(codes, str) else error.default_code
        return document(status, code, str(error.detail), mend=getattr(error, "mend", ""))
    code = {403: "permission_denied", 404: "not_found"}[status]  # Django's own PermissionDenied and Http404
    return document(status, code, "There is no such thing here." if status == 404 else "You may not do this.")


def _leaves(details: Any, path: str) -> Iterator[dict[str, str]]:
    """The leaves of DRF's nested error details, each with its path."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        yield {"field": path, "message": str(details["message"]), "code": str(details["code"])}
    elif isinstance(details, dict):
        for name, value in details.items():
            inner = "" if name == "non_field_errors" else str(name)
            yield from _leaves(value, f"{path}.{inner}" if path and inner else path or inner)
    elif isinstance(details, list):
        for index, value in enumerate(details):
            nested = isinstance(value, dict) and set(value) != {"message", "code"}
            yield from _leaves(value, f"{path}[{index}]" if nested else path)


def answer(status: int, code: str, detail: str, *, mend: str = "") -> JsonResponse:
    """A problem outside of DRF's views."""
    return JsonResponse(document(status, code, detail, mend=mend), status=status, content_type=CONTENT_TYPE)


def _for_api(
    request: HttpRequest, problem: tuple[int, str, str], page: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    return answer(*problem) if request.path_info.startswith(API) else page()


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler400."""
    if isinstance(exception, RequestDataTooBig):
        too_large = (413, "too_large", "The request's body is too large.")
        return _for_api(request, too_large, lambda: HttpResponse(status=413))
    problem = (400, "bad_request", "This request can't be read.")
    return _for_api(request, problem, lambda: defaults.bad_request(request, exception))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler403."""
    problem = (403, "permission_denied", "You may not do this.")
    return _for_api(request, problem, lambda: defaults.permission_denied(request, exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler404."""
    problem = (404, "not_found", "The API has no such address.")
    return _for_api(request, problem, lambda: defaults.page_not_found(request, exception))


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django's handler500."""
    problem = (500, "server_error", "Something went wrong on our side; nothing is known to have been done.")
    return _for_api(request, problem, lambda: defaults.server_error(request))
