"""Evacuate and restore: a preview with its guards, then a reason and a typed name. And the break-glass sheet.

The same pages for one service and for everything in a region; what they ask for is done while the browser waits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from controlplane.dashboard.asking import reason
from controlplane.dashboard.page import page, seen
from controlplane.dashboard.refusal import refused
from deployments import evacuations, queries
from deployments.access import OPERATE, OVERRIDE, scope_of
from deployments.actions import break_glass
from deployments.actions.actor import Actor
from deployments.actions.evacuate import Evacuate
from deployments.actions.overriding import Override
from deployments.actions.reason import LONGEST
from deployments.actions.refused import ActionRefused
from deployments.actions.restore import Restore
from deployments.plan.guard import REFUSING
from deployments.routing.switches import TAKES_EFFECT_S
from regions.models import Account, Region

SPOKEN = {
    Evacuate: ("min_serving_regions", "last_healthy", "never_empty", "capacity", "replication", "fail_open"),
    Restore: ("healthy", "replication"),
}
"""The guards that judge each act: those with nothing to say agree."""


@dataclass(frozen=True)
class Judged:
    """One guard of one service, as the page lists it. `verdict`: agrees, warns or refuses."""

    name: str
    verdict: str
    message: str


@require_http_methods(["GET", "HEAD", "POST"])
def evacuate(request: HttpRequest, code: str, name: str = "") -> HttpResponse:
    return _switch(request, Evacuate, code, name)


@require_http_methods(["GET", "HEAD", "POST"])
def restore(request: HttpRequest, code: str, name: str = "") -> HttpResponse:
    return _switch(request, Restore, code, name)


@require_safe
def sheet(request: HttpRequest, code: str) -> HttpResponse:
    """The break-glass sheet, as a file to keep."""
    region = get_object_or_404(Region, code=code)
    found = break_glass.sheets(_accounts(request), region.code)
    if not found:
        raise Http404(f"There is no switch in {code}.")
    headers = {"Content-Disposition": f'attachment; filename="break-glass-{region.code}.md"'}
    return HttpResponse(
        break_glass.text(region.code, found), content_type="text/markdown; charset=utf-8", headers=headers
    )


def _switch(request: HttpRequest, kind: type[Evacuate] | type[Restore], code: str, name: str) -> HttpResponse:
    region = get_object_or_404(Region, code=code)
    service = get_object_or_404(queries.services(seen(request)), name=name) if name else None
    account = service.account if service else _account(request)
    actor = Actor.of(request.user, "page")
    named = request.POST.getlist("override")
    override = Override(tuple(named), request.POST.get("why", "").strip()) if named else None
    act = kind(account, region.code, service, actor, reason(request), override)
    section = "services" if service else "regions"
    try:
        act.check()
        typed = request.POST.get("typed", "")[:100]
        if request.method == "POST" and typed == region.code and reason(request):
            return redirect("operation", pk=act.execute().pk)
        return _shown(request, act, typed, status=400 if request.method == "POST" else 200)
    except ActionRefused as error:
        if error.code == "guard_refused":
            return _shown(request, act, request.POST.get("typed", "")[:100], status=409, error=error)
        return refused(request, error, section=section, service=service)


def _shown(
    request: HttpRequest, act: Evacuate | Restore, typed: str, *, status: int, error: ActionRefused | None = None
) -> HttpResponse:
    concerned = act.concerned()
    judged = [(one.stack.name, _judged(act, one.guards)) for one in concerned]
    against = sorted({guard.name for one in concerned for guard in one.guards if guard.refuses})
    about: Any = act.service or act.account
    context = {
        "act": act,
        "verb": type(act).__name__,
        "leaving": isinstance(act, Evacuate),
        "of": act.service.name if act.service else "",
        "judged": judged,
        "against": against,
        "may_override": act.actor.may(about, OVERRIDE),
        "takes_effect_s": TAKES_EFFECT_S,
        "objects": _objects(act),
        "error": error,
        "ticked": request.POST.getlist("override"),
        "why": request.POST.get("why", ""),
        "typed": typed,
        "reason": reason(request),
        "longest": LONGEST,
        "asked_again": request.method == "POST" and error is None,
        "mistyped": request.method == "POST" and typed != act.region,
        "back": reverse("service", args=[act.service.name]) if act.service else reverse("region", args=[act.region]),
    }
    return page(
        request, "dashboard/switch.html", context, section="services" if act.service else "regions", status=status
    )


def _judged(act: Evacuate | Restore, guards: Any) -> list[Judged]:
    spoke = {guard.name: guard for guard in guards}
    return [
        Judged(name, "refuses" if spoke[name].refuses else "warns", spoke[name].message)
        if name in spoke
        else Judged(name, "agrees", "refuses nothing" if name in REFUSING else "nothing to say")
        for name in SPOKEN[type(act)]
    ]


def _objects(act: Evacuate | Restore) -> list[dict[str, Any]]:
    if isinstance(act, Evacuate):
        return evacuations.objects(act.account, act.switches())
    standing = act.standing()
    return list(standing.switches) if standing else []


def _accounts(request: HttpRequest) -> list[Account]:
    scope = seen(request)
    return list(Account.objects.all() if scope.everywhere else Account.objects.filter(pk__in=scope.accounts))


def _account(request: HttpRequest) -> Account:
    """The one that is named, or the only one in which the user may act."""
    scope = scope_of(request.user, OPERATE)
    theirs = Account.objects.all() if scope.everywhere else Account.objects.filter(pk__in=scope.accounts)
    shown = theirs if theirs.exists() else Account.objects.filter(pk__in=[one.pk for one in _accounts(request)])
    wanted = request.POST.get("account") or request.GET.get("account")
    found = shown.filter(name=wanted) if wanted else shown
    account = found.first()
    if account is None:
        raise Http404("There is no such account here.")
    return account
