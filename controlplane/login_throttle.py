"""Logins are throttled: after some failures the same name is locked from the same address for a while (django-axes).

Counted in PostgreSQL, so it holds when Redis is down. The page says so in words, with 429 and Retry-After.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone


def address(request: HttpRequest) -> str | None:
    """Whom the failures are counted for. Behind the proxy it is the last address that the proxy itself wrote: whatever
    stands before it in X-Forwarded-For was sent by the client. Without a proxy that header is the client's own."""
    here = _parsed(request.META.get("REMOTE_ADDR", ""))
    if not settings.BEHIND_TLS_PROXY:
        return here
    return _parsed(request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2]) or here


def _parsed(text: str) -> str | None:
    """None where it is no address: a server at a Unix socket has none to tell."""
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return None


def locked(request: HttpRequest, _answer: Any = None, credentials: dict[str, Any] | None = None) -> HttpResponse:
    """The login page again, with how long to wait."""
    name = (credentials or {}).get("username", "")
    last = AccessAttempt.objects.filter(username=name, ip_address=address(request)).order_by("-attempt_time").first()
    until = (last.attempt_time if last else timezone.now()) + settings.AXES_COOLOFF_TIME
    wait_s = max(1, round((until - timezone.now()).total_seconds()))
    context = {"wait_min": -(-wait_s // 60), "next": request.POST.get("next", "")}
    response = render(request, "login.html", context, status=429)
    response["Retry-After"] = str(wait_s)
    return response
