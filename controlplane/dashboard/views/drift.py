"""Drift: look now, and repair. What differs is shown on the overview and on the service's page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from controlplane.dashboard.page import seen
from controlplane.dashboard.refusal import refused
from deployments import queries
from deployments.actions.actor import Actor
from deployments.actions.check_drift import CheckDrift
from deployments.actions.refused import ActionRefused
from deployments.actions.repair import Repair
from deployments.models import Service


@require_POST
def check(request: HttpRequest, name: str) -> HttpResponse:
    service = _found(request, name)
    try:
        CheckDrift(service, Actor.of(request.user, "page")).execute()
    except ActionRefused as error:
        return refused(request, error, section="services", service=service)
    return redirect("service", name=name)


@require_POST
def repair(request: HttpRequest, name: str) -> HttpResponse:
    """Deploy the approved release again: also what a repair by itself leaves to people."""
    service = _found(request, name)
    try:
        operation = Repair(service, Actor.of(request.user, "page")).execute()
    except ActionRefused as error:
        return refused(request, error, section="services", service=service)
    return redirect("operation", pk=operation.pk)


def _found(request: HttpRequest, name: str) -> Service:
    return get_object_or_404(queries.services(seen(request)), name=name)
