"""Middleware: each request has an id, and what it writes is put down to who sent it.

    id → log lines, audit entries, and the answer's X-Request-Id

An id that comes along is kept where it is one: a program or a proxy may follow its request through our logs.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponseBase

from audit.context import Acting, acting
from controlplane.login_throttle import address

HEADER = "X-Request-Id"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{7,63}")


class WhoAsksMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = id_of(request)
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            acting(
                door(request.path_info),
                address=address(request) or "",
                request_id=request_id,
                who=lambda now: _fill_in(now, request),
            ),
        ):
            response = self.get_response(request)
        response[HEADER] = request_id
        return response


def id_of(request: HttpRequest) -> str:
    sent = request.headers.get(HEADER, "")
    return sent if _SANE.fullmatch(sent) else uuid.uuid4().hex


def door(path: str) -> str:
    """`via` of what is written here."""
    if path.startswith("/api/"):
        return "api"
    return "admin" if path.startswith("/admin/") else "page"


def _fill_in(now: Acting, request: HttpRequest) -> None:
    """Session users, and those of a token: DRF sets both on Django's request."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        now.actor, now.actor_id = user.get_username(), user.pk
    token = getattr(request, "auth", None)
    if token is not None:
        now.details["token"] = token.name
