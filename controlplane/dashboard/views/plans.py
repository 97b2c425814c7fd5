"""A service's plan: looked at, then signed by deploying or destroying. What moved meanwhile is shown, asked again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from controlplane.dashboard import steps
from controlplane.dashboard.page import page, seen
from controlplane.dashboard.refusal import refused
from deployments import plans
from deployments.access import OVERRIDE
from deployments.actions.actor import Actor
from deployments.actions.consent import holding_data
from deployments.actions.deploy import Deploy
from deployments.actions.destroy import Destroy
from deployments.actions.overriding import Override
from deployments.actions.plan_service import PlanService
from deployments.actions.refused import ActionRefused
from deployments.models import SavedPlan, Service
from deployments.overview.planned import planned


@require_safe
def plan(request: HttpRequest, name: str) -> HttpResponse:
    """What deploying the draft would change. Asks AWS, changes nothing there."""
    service = _found(request, name)
    return _planned(request, service, destroying=False)


@require_POST
def deploy(request: HttpRequest, name: str) -> HttpResponse:
    """Deploy what the plan page showed: where anything moved since, the page comes again and says what."""
    service = _found(request, name)
    ticked = request.POST.getlist("override")
    override = Override(tuple(ticked), request.POST.get("reason", "")) if ticked else None
    signed = _number(request.POST.get("plan"))
    actor = Actor.of(request.user, "page")
    try:
        operation = Deploy(service, actor, request.POST.getlist("destroy_data"), signed, override).execute()
    except ActionRefused as error:
        return _again(request, service, error, signed)
    return redirect("operation", pk=operation.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def destroy(request: HttpRequest, name: str) -> HttpResponse:
    """Show what goes, and ask for the typed name; then open the operation that removes everything."""
    service = _found(request, name)
    actor = Actor.of(request.user, "page")
    if request.method != "POST":
        return _planned(request, service, destroying=True)
    signed, typed = _number(request.POST.get("plan")), request.POST.get("name", "")
    try:
        actor.check(service)
        if typed != service.name:
            saved = _saved(request, service, signed)
            if saved is None:
                return _planned(request, service, destroying=True)
            return _shown(request, service, plans.tell(saved), status=400, mistyped=True)
        operation = Destroy(service, actor, request.POST.getlist("destroy_data"), None, signed).execute()
    except ActionRefused as error:
        return _again(request, service, error, signed)
    return redirect("operation", pk=operation.pk) if operation else redirect("overview")


def _planned(request: HttpRequest, service: Service, *, destroying: bool) -> HttpResponse:
    actor, consent = Actor.of(request.user, "page"), request.GET.getlist("destroy_data")
    try:
        view = PlanService(service, actor, None, consent, destroying).execute()
    except ActionRefused as error:
        return refused(request, error, section="services", service=service)
    return _shown(request, service, plans.tell(plans.of(view)))


def _again(request: HttpRequest, service: Service, error: ActionRefused, signed: int | None) -> HttpResponse:
    """The plan's page with what refused it: the plan of now where it is stale, else the one that was signed."""
    told = error.code in {"plan_stale", "guard_refused"} or "override" in request.POST
    shown = _saved(request, service, error.more.get("plan", signed)) if told else None
    if shown is None:
        return refused(request, error, section="services", service=service)
    return _shown(request, service, plans.tell(shown), status=error.status, error=error)


def _shown(
    request: HttpRequest,
    service: Service,
    body: Mapping[str, Any],
    *,
    status: int = 200,
    error: ActionRefused | None = None,
    mistyped: bool = False,
) -> HttpResponse:
    shown = planned(body)
    context = {
        "service": service,
        "plan": shown,
        "tally": steps.tally(shown.actions),
        "holding": sorted(holding_data(service, getattr(service, "stack", None))),
        "consent": body["destroy_data"],
        "may_override": Actor.of(request.user, "page").may(service, OVERRIDE),
        "error": error,
        "moved": error.more.get("errors", ()) if error and error.code == "plan_stale" else (),
        "ticked": request.POST.getlist("override"),
        "reason": request.POST.get("reason", ""),
        "typed": request.POST.get("name", ""),
        "mistyped": mistyped,
    }
    template = "dashboard/destroy.html" if shown.destroying else "dashboard/plan.html"
    return page(request, template, context, section="services", status=status)


def _saved(request: HttpRequest, service: Service, plan_id: int | None) -> SavedPlan | None:
    return plans.readable(seen(request)).filter(service_name=service.name, pk=plan_id or 0).first()


def _number(text: str | None) -> int | None:
    """A plan's id from a form; None where none was sent, 0 (no plan's) where it is no number."""
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _found(request: HttpRequest, name: str) -> Service:
    theirs = Service.objects.filter(seen(request).rows(account="account", service="pk"))
    return get_object_or_404(theirs.select_related("account", "stack__release"), name=name)
