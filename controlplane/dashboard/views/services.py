"""One service: how its replicas are, what is owed and measured, what is pending; the acts on it, through `actions`."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from controlplane.dashboard import sentence
from controlplane.dashboard.draft import draft_of
from controlplane.dashboard.page import page, seen
from deployments import overview
from deployments.actions.actor import Actor
from deployments.models import Release, Service, Stack
from deployments.overview import drift
from deployments.overview.inventory import foreign_owner
from deployments.overview.pauses import pauses
from deployments.overview.routing import failover_of


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The matrix of the overview is the list of services."""
    return redirect(f"{reverse('overview')}#services")


@require_safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    row = overview.service(name, timezone.now(), seen(request))
    if row is None:
        raise Http404(f"There is no service {name}.")
    context = {
        "service": row,
        "may_operate": _may_operate(request, name),
        **_routing(name),
        "sentence": sentence.of_service(row),
        "draft": draft_of(name),
        "foreign_owner": foreign_owner(name),
        "operations": overview.operations_of(name),
        "drift": drift.standing(service=name),
        "drift_summary": drift.summary(name),
        "drift_ended": drift.ended(name, limit=5),
        "paused": any(pause.service == name for pause in pauses()),
        "shared_cause": overview.SHARED_CAUSE,
    }
    return page(request, "dashboard/service.html", context, section="services")


def _routing(name: str) -> dict[str, Any]:
    """As released: the policy, how long a failover takes, and whether the service can leave a region by itself,
    without the others there."""
    release = Release.objects.filter(pk__in=Stack.objects.filter(name=name).values("release")).first()
    if release is None:
        return {"own_switch": False}
    routing = release.manifest["routing"]
    return {
        "own_switch": routing.get("switch") == "service",
        "policy": routing["policy"],
        "failover": failover_of(release.manifest),
    }


def _may_operate(request: HttpRequest, name: str) -> bool:
    """Of a service, or of what is left of one."""
    about = Service.objects.filter(name=name).first() or Stack.objects.get(name=name)
    return Actor.of(request.user, "page").may(about)
