"""Regions: what the catalogue knows of them, what accounts may do there, how the services there are."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from controlplane.dashboard.page import page, seen
from deployments import evacuations, overview
from regions.models import Account


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
    scope = seen(request)
    accounts = Account.objects.all() if scope.everywhere else Account.objects.filter(pk__in=scope.accounts)
    context = {
        "place": place,
        "switched": any(evacuations.switches(account, code) for account in accounts),
        "out": evacuations.standing().filter(region__code=code, account__in=accounts).select_related("stack"),
    }
    return page(request, "dashboard/region.html", context, section="regions")
