"""The inventory: retained data and what it costs, what was adopted, what a namesake holds up; the acts on its rows."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from controlplane.dashboard.asking import Question, answered, ask, reason
from controlplane.dashboard.page import page, seen
from controlplane.dashboard.refusal import refused
from deployments.access import OPERATE, scope_of
from deployments.actions.abandon import Abandon
from deployments.actions.actor import Actor
from deployments.actions.destroy_retained import DestroyRetained
from deployments.actions.measure import Measure
from deployments.actions.refused import ActionRefused
from deployments.models import Resource
from deployments.overview import inventory
from deployments.plan.model import State

FILTERS = ("state", "service", "kind", "region")
SECTION = "inventory"


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    scope = seen(request)
    filters = {name: request.GET.get(name, "") for name in FILTERS}
    after = request.GET.get("after", "")
    kept = inventory.retained(scope)
    rows, following = inventory.inventory_page(
        scope, filters, int(after) if after.isascii() and after.isdigit() and len(after) < 19 else None
    )
    acting = scope_of(request.user, OPERATE)
    context = {
        "totals": inventory.totals(scope, kept),
        "retained": kept,
        "unmade": inventory.unmade(scope),
        "rows": rows,
        "following": following,
        "filters": filters,
        "filtered": any(filters.values()),
        "states": [state.value for state in State],
        "may_operate": acting.everywhere,
        "may_act": not acting.nowhere,
    }
    return page(request, "dashboard/inventory.html", context, section=SECTION)


@require_POST
def measure(request: HttpRequest) -> HttpResponse:
    """Ask AWS how much the retained resources hold."""
    try:
        Measure(Actor.of(request.user, "page")).execute()
    except ActionRefused as error:
        return refused(request, error, section=SECTION)
    return redirect("inventory")


@require_http_methods(["GET", "HEAD", "POST"])
def abandon(request: HttpRequest, pk: int) -> HttpResponse:
    row = _found(request, pk)
    question = Question(
        title=f"Abandon {row.name} in {row.scope}?",
        says=(
            f"{row.physical_id or row.name} stays in AWS as it is, and costs what it costs. Antipode forgets it: no "
            "plan, no drift check and no destroy looks at it again.",
            "A manifest that wants it again meets it as a namesake that is not known here, and would adopt it.",
        ),
        button="Abandon it",
        back=reverse("inventory"),
        typed=row.name,
        facts=_facts(row),
    )
    try:
        Abandon(row, Actor.of(request.user, "page"), "").check()
        if answered(request, question):
            Abandon(row, Actor.of(request.user, "page"), reason(request)).execute()
            messages.info(request, f"{row} is abandoned: it stays in AWS, and nothing here knows it any more.")
            return redirect("inventory")
    except ActionRefused as error:
        return refused(request, error, section=SECTION)
    return ask(request, question, section=SECTION)


@require_http_methods(["GET", "HEAD", "POST"])
def destroy(request: HttpRequest, pk: int) -> HttpResponse:
    row = _found(request, pk)
    question = Question(
        title=f"Destroy retained {row.name} in {row.scope}?",
        says=("Its data is lost for ever. Nothing else of the service is changed, but what differs from its release.",),
        button="Destroy the data",
        back=reverse("inventory"),
        typed=row.name,
        why=False,
        facts=_facts(row),
    )
    try:
        act = DestroyRetained(row, Actor.of(request.user, "page"), row.name)
        act.check()
        if answered(request, question):
            return redirect("operation", pk=act.execute().pk)
    except ActionRefused as error:
        return refused(request, error, section=SECTION)
    return ask(request, question, section=SECTION)


def _facts(row: Resource) -> list[tuple[str, str]]:
    told = [("Service", row.stack.name), ("Kind", row.kind), ("Region", row.scope), ("State", row.state)]
    return [*told, ("In AWS", row.physical_id)] if row.physical_id else told


def _found(request: HttpRequest, pk: int) -> Resource:
    return get_object_or_404(inventory.resources(seen(request)), pk=pk)
