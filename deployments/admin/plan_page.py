"""A service's plan in the admin: looked at, then signed by deploying or destroying; as on the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from deployments import plans
from deployments.access import OVERRIDE, VIEW, scope_of
from deployments.actions.actor import Actor
from deployments.actions.consent import holding_data
from deployments.actions.deploy import Deploy
from deployments.actions.destroy import Destroy
from deployments.actions.overriding import Override
from deployments.actions.plan_service import PlanService
from deployments.actions.refused import ActionRefused
from deployments.admin.service_page import ServicePage
from deployments.models import SavedPlan, Service
from deployments.overview.planned import Planned, planned
from regions.unfolded import action


class PlanPages(ServicePage):
    """Plan and deploy, plan and destroy."""

    @action(description="Plan and deploy", url_path="plan", permissions=["operate"], icon="rocket_launch")
    def plan(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The plan of the draft; its button deploys exactly this plan."""
        service = self.found(request, object_id, to_change=True)
        if request.method != "POST" or "deploy" not in request.POST:
            return self._planned(request, service, destroying=False)
        ticked, signed = request.POST.getlist("override"), _number(request.POST.get("plan"))
        override = Override(tuple(ticked), request.POST.get("reason", "")) if ticked else None
        actor = Actor.of(request.user, "admin")
        try:
            operation = Deploy(service, actor, request.POST.getlist("destroy_data"), signed, override).execute()
        except ActionRefused as error:
            return self._again(request, service, error, signed, destroying=False)
        return HttpResponseRedirect(f"/operations/{operation.pk}/")

    @action(description="Destroy…", url_path="destroy", permissions=["operate"], icon="delete_forever")
    def destroy(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What destroying would remove; its typed name is the consent."""
        service = self.found(request, object_id, to_change=True)
        if request.method != "POST" or "destroy" not in request.POST:
            return self._planned(request, service, destroying=True)
        signed = _number(request.POST.get("plan"))
        if request.POST.get("name") != service.name:
            mend = f"Type {service.name} to destroy it; nothing was done."
            mistyped = ActionRefused(400, "mistyped", "That is not its name.", mend)
            return self._again(request, service, mistyped, signed, destroying=True)
        actor = Actor.of(request.user, "admin")
        try:
            operation = Destroy(service, actor, request.POST.getlist("destroy_data"), None, signed).execute()
        except ActionRefused as error:
            return self._again(request, service, error, signed, destroying=True)
        if operation is None:
            self.message_user(request, f"{service.name} was never deployed, and is gone.")
            return redirect(self.list_url())
        return HttpResponseRedirect(f"/operations/{operation.pk}/")

    def _planned(self, request: HttpRequest, service: Service, *, destroying: bool) -> HttpResponse:
        consent = request.POST.getlist("destroy_data")
        try:
            view = PlanService(service, Actor.of(request.user, "admin"), None, consent, destroying).execute()
        except ActionRefused as error:
            return self._shown(request, service, None, destroying=destroying, error=error)
        return self._shown(request, service, plans.tell(plans.of(view)), destroying=destroying)

    def _again(
        self, request: HttpRequest, service: Service, error: ActionRefused, signed: int | None, *, destroying: bool
    ) -> HttpResponse:
        """With what refused it: the plan of now where it is stale, else the one that was signed."""
        theirs = plans.readable(scope_of(request.user, VIEW)).filter(service_name=service.name)
        saved: SavedPlan | None = theirs.filter(pk=error.more.get("plan", signed) or 0).first()
        body = plans.tell(saved) if saved else None
        return self._shown(request, service, body, destroying=destroying, error=error)

    def _shown(
        self,
        request: HttpRequest,
        service: Service,
        body: Mapping[str, Any] | None,
        *,
        destroying: bool,
        error: ActionRefused | None = None,
    ) -> HttpResponse:
        shown = planned(body) if body else None
        context = {
            **self.context(request, service, f"{'Destroy' if destroying else 'Plan'}: {service.name}"),
            "plan": shown,
            "tally": _tally(shown) if shown else "",
            "holding": sorted(holding_data(service, getattr(service, "stack", None))),
            "consent": body["destroy_data"] if body else request.POST.getlist("destroy_data"),
            "may_override": Actor.of(request.user, "admin").may(service, OVERRIDE),
            "error": error,
            "moved": error.more.get("errors", ()) if error and error.code == "plan_stale" else (),
            "ticked": request.POST.getlist("override"),
            "reason": request.POST.get("reason", ""),
        }
        template = f"admin/deployments/service/{'destroy' if destroying else 'plan'}.html"
        return TemplateResponse(request, template, context, status=error.status if error else 200)


def _tally(shown: Planned) -> str:
    """ "12 create, 2 update"."""
    counts = {name: shown.actions.count(name) for name in dict.fromkeys(shown.actions)}
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "nothing to change"


def _number(text: str | None) -> int | None:
    """A plan's id from a form; None where none was sent, 0 (no plan's) where it is no number."""
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
