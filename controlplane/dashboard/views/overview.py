"""The overview: are users served, service by service and region by region; what runs; what happened last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from controlplane.dashboard import sentence
from controlplane.dashboard.matrix import Wanted, matrix
from controlplane.dashboard.page import page, seen
from deployments import overview
from deployments.overview import ServiceRow, drift
from regions.verdict import Status

LOOK_BACK = timedelta(days=7)
"""How far "what happened" goes."""


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    services = overview.services(now, seen(request))
    operations = overview.needing_eyes(seen(request))
    wanted = _wanted(request)
    replicas = [replica for row in services for replica in row.replicas]
    context = {
        "sentence": sentence.of_all(services),
        "matrix": matrix(services, wanted),
        "wanted": wanted,
        "operations": operations,
        "drift": drift.standing(seen(request)),
        "open_operations": sum(operation.open for operation in operations),
        "happenings": overview.happenings(now - LOOK_BACK, scope=seen(request)),
        "replicas": len(replicas),
        "replicas_up": sum(replica.status is Status.UP for replica in replicas),
        "lowest": _lowest(services),
        "shared_cause": overview.SHARED_CAUSE,
    }
    return page(request, "dashboard/overview.html", context, section="overview")


def _wanted(request: HttpRequest) -> Wanted:
    asked = request.GET
    page_number = asked.get("page", "1")
    return Wanted(
        query=asked.get("q", "").strip()[:100],
        only_ill=asked.get("show") == "ill",
        page=int(page_number) if page_number.isascii() and page_number.isdigit() and len(page_number) < 6 else 1,
        unfolded=asked.get("unfold", "")[:40],
    )


def _lowest(services: Sequence[ServiceRow]) -> ServiceRow | None:
    """The service whose measured availability is worst against what it owes: most of its allowed downtime is spent."""
    measured = [row for row in services if row.measured and row.measured.availability is not None]
    return max(measured, key=_spent, default=None)


def _spent(row: ServiceRow) -> Fraction:
    assert row.measured is not None, "only measured ones are compared"
    lost = 1 - (row.measured.availability or Fraction(0))
    allowed = 1 - row.slo if row.slo is not None else Fraction(1)
    return lost / allowed if allowed else lost * 10**9
