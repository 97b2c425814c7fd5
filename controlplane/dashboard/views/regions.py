"""Regions: what the catalogue knows of them, what accounts may do there, how the services there are."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from controlplane.dashboard.page import page, seen
from deployments import overview


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return page(
        request, "dashboard/regions.html", {"places": overview.places(timezone.now(), seen(request))}, section="regions"
    )


@require_safe
def show(request: HttpRequest, code: str) -> HttpResponse:
    place = overview.place(code, timezone.now(), seen(request))
    if place is None:
        raise Http404(f"There is no region {code} here.")
    return page(request, "dashboard/region.html", {"place": place}, section="regions")
