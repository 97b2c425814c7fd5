"""The stop button: pause and resume, of one service or of all. Pausing asks for a reason; resuming does not wait."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from controlplane.dashboard.asking import Question, answered, ask, reason
from controlplane.dashboard.page import seen
from controlplane.dashboard.refusal import refused
from deployments import queries
from deployments.actions.actor import Actor
from deployments.actions.pause import Pause, Resume
from deployments.actions.refused import ActionRefused
from deployments.models import Service

SAYS = (
    "No change is begun in AWS until somebody resumes; what runs comes to its end. Deploys are accepted and wait. "
    "Users are routed as before.",
)


@require_http_methods(["GET", "HEAD", "POST"])
def pause(request: HttpRequest, name: str = "") -> HttpResponse:
    service = _found(request, name) if name else None
    act = Pause(service, Actor.of(request.user, "page"), reason(request))
    back = reverse("service", kwargs={"name": name}) if name else reverse("overview")
    question = Question(f"Pause {name or 'everything'}?", SAYS, f"Pause {name or 'everything'}", back)
    try:
        act.check()
        if answered(request, question):
            act.execute()
            return redirect(back)
    except ActionRefused as error:
        return refused(request, error, section="services", service=service)
    return ask(request, question, section="services")


@require_POST
def resume(request: HttpRequest, name: str = "") -> HttpResponse:
    service = _found(request, name) if name else None
    try:
        Resume(service, Actor.of(request.user, "page")).execute()
    except ActionRefused as error:
        return refused(request, error, section="services", service=service)
    return redirect(reverse("service", kwargs={"name": name}) if name else reverse("overview"))


def _found(request: HttpRequest, name: str) -> Service:
    return get_object_or_404(queries.services(seen(request)), name=name)
