"""One service: how its replicas are, what is owed and measured, what is pending; the acts on it, through `actions`."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from controlplane.dashboard import sentence, steps
from controlplane.dashboard.draft import draft_of
from controlplane.dashboard.page import page
from controlplane.dashboard.refusal import refused
from deployments import overview
from deployments.actions.actor import Actor
from deployments.actions.consent import holding_data
from deployments.actions.deploy import Deploy
from deployments.actions.destroy import Destroy
from deployments.actions.draft import check_unchanged, etag
from deployments.actions.plan_service import PlanService
from deployments.actions.refused import ActionRefused
from deployments.models import Service
from deployments.providers.errors import ProviderError

TRY_AGAIN = "Try again in a moment: nothing was changed."


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The matrix of the overview is the list of services."""
    return redirect(f"{reverse('overview')}#services")


@require_safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    row = overview.service(name, timezone.now())
    if row is None:
        raise Http404(f"There is no service {name}.")
    context = {
        "service": row,
        "sentence": sentence.of_service(row),
        "draft": draft_of(name),
        "operations": overview.operations_of(name),
        "shared_cause": overview.SHARED_CAUSE,
    }
    return page(request, "dashboard/service.html", context, section="services")


@require_safe
def plan(request: HttpRequest, name: str) -> HttpResponse:
    """What deploying the draft would change. Asks AWS, changes nothing there."""
    service = _found(name)
    consent = request.GET.getlist("destroy_data")
    try:
        view = PlanService(service, Actor.of(request.user, "page"), destroy_data=consent).execute()
    except ActionRefused as error:
        return refused(request, error, section="services", service=service)
    except ProviderError as error:
        told = ActionRefused(
            502, error.code or "aws", f"AWS could not be read: {error.message}", error.mend or TRY_AGAIN
        )
        return refused(request, told, section="services", service=service)
    context = {
        "service": service,
        "plan": view.plan,
        "digest": view.digest,
        "wait_s": view.wait_s,
        "scopes": steps.changes_by_region(view.plan.changes),
        "tally": steps.tally([change.action for change in view.plan.changes]),
        "holding": sorted(holding_data(service, getattr(service, "stack", None))),
        "consent": consent,
        "seen": etag(service),
    }
    return page(request, "dashboard/plan.html", context, section="services")


@require_POST
def deploy(request: HttpRequest, name: str) -> HttpResponse:
    """Deploy what the plan page showed: an edit since then is refused."""
    service = _found(name)
    try:
        check_unchanged(service, request.POST.get("seen"))
        operation = Deploy(
            service, Actor.of(request.user, "page"), destroy_data=request.POST.getlist("destroy_data")
        ).execute()
    except ActionRefused as error:
        return refused(request, error, section="services", service=service)
    return redirect("operation", pk=operation.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def destroy(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for the typed name and for consent to lose data; then open the operation that removes everything."""
    service = _found(name)
    actor = Actor.of(request.user, "page")
    try:
        actor.check(service)
        if request.method == "POST" and request.POST.get("name") == service.name:
            consent = request.POST.getlist("destroy_data")
            operation = Destroy(service, actor, destroy_data=consent, expected=request.POST.get("seen")).execute()
            return redirect("operation", pk=operation.pk) if operation else redirect("overview")
    except ActionRefused as error:
        return refused(request, error, section="services", service=service)
    typed = request.POST.get("name", "")
    context = {
        "service": service,
        "holding": sorted(holding_data(service, getattr(service, "stack", None))),
        "consent": request.POST.getlist("destroy_data"),
        "seen": etag(service),
        "typed": typed,
        "mistyped": request.method == "POST",
    }
    return page(request, "dashboard/destroy.html", context, section="services", status=400 if typed else 200)


def _found(name: str) -> Service:
    return get_object_or_404(Service.objects.select_related("account", "stack__release"), name=name)
