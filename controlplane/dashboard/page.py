"""Answer with a page, or with its live part alone when the page itself asks again: one template renders both.

An unchanged live part is a 304: nothing is sent and nothing is swapped. Nothing that changes by itself may stand in
it (a CSRF token, an age in seconds).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django_htmx.middleware import HtmxDetails

from deployments.access import OPERATE, VIEW, Scope, scope_of
from deployments.models import Service
from deployments.overview import count_open
from deployments.overview.pauses import pauses
from regions.models import Region

MINUTE = timedelta(minutes=1)


def seen(request: HttpRequest) -> Scope:
    """Where the one who asks may look."""
    return scope_of(request.user, VIEW)


def page(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, section: str, status: int = 200
) -> HttpResponse:
    """Render `template`, which extends what is in `layout`. `section`: its entry in the top bar.

    A page about one service or operation says `may_operate` of it; the others mean everywhere.
    """
    again = bool(cast(HtmxDetails, getattr(request, "htmx", False)))
    now = timezone.now()
    scope = seen(request)
    paused = _pauses(request, scope)
    chrome = {
        "layout": "live.html" if again else "base.html",
        "section": section,
        "now": now,
        "strip_end": now.replace(second=0, microsecond=0) + MINUTE,
        "may_operate": scope_of(request.user, OPERATE).everywhere,
        "count_services": Service.objects.filter(scope.rows(account="account", service="pk")).count(),
        "count_regions": Region.objects.filter(enabled=True).count(),
        "count_operations": count_open(scope),
        "pauses": paused,
        "paused_all": any(pause["of_all"] for pause in paused),
    }
    response = render(request, template, {**chrome, **context}, status=status)
    patch_cache_control(response, private=True, no_cache=True)
    if not again or status != 200:
        return response
    etag = f'"{blake2b(response.content, digest_size=12).hexdigest()}"'
    response["ETag"] = etag
    found = get_conditional_response(request, etag=etag, response=response)
    return cast(HttpResponse, found)


def _pauses(request: HttpRequest, scope: Scope) -> list[dict[str, Any]]:
    """What is paused, for the banner above every page."""
    acts = scope_of(request.user, OPERATE)
    return [
        {
            "of_all": pause.of_all,
            "service": pause.service,
            "by": pause.by,
            "since": pause.since,
            "reason": pause.reason,
            "may_resume": pause.within(acts),
        }
        for pause in pauses(scope)
    ]
