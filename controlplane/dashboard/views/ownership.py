"""What stands in a service's way and is not ours: adopt one resource, take a host name over. Each asks first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from controlplane.dashboard.asking import Question, answered, ask, reason
from controlplane.dashboard.page import seen
from controlplane.dashboard.refusal import refused
from deployments import queries
from deployments.actions.actor import Actor
from deployments.actions.adopt import Adopt
from deployments.actions.refused import ActionRefused
from deployments.actions.standing import Standing
from deployments.actions.take_over import Ownership, TakeOver
from deployments.models import Service
from deployments.plan.model import Observed
from deployments.providers.protocol import Claim

SECTION = "services"


@require_http_methods(["GET", "HEAD", "POST"])
def adopt(request: HttpRequest, name: str) -> HttpResponse:
    service = _found(request, name)
    fields = {
        field: (request.POST.get(field) or request.GET.get(field, ""))[:600]
        for field in ("kind", "region", "name", "physical_id", "from_installation")
    }
    act = Adopt(service, actor=Actor.of(request.user, "page"), reason=reason(request), **fields)
    try:
        standing = act.check()
        question = _adopting(service, standing, fields)
        if answered(request, question):
            act.execute()
            return redirect("plan", name=name)
    except ActionRefused as error:
        if error.code == "foreign_installation" and not fields["from_installation"]:
            return _whose(request, service, error, fields)
        return refused(request, error, section=SECTION, service=service)
    return ask(request, question, section=SECTION)


@require_http_methods(["GET", "HEAD", "POST"])
def take_over(request: HttpRequest, name: str) -> HttpResponse:
    service = _found(request, name)
    act = TakeOver(service, Actor.of(request.user, "page"), reason(request))
    try:
        found = act.check()
        question = _taking_over(service, found)
        if answered(request, question):
            TakeOver(service, act.actor, act.reason, seen=_seen(request, found)).execute()
            return redirect("plan", name=name)
    except ActionRefused as error:
        return refused(request, error, section=SECTION, service=service)
    return ask(request, question, section=SECTION)


def _adopting(service: Service, standing: Standing, fields: dict[str, str]) -> Question:
    look, ref = standing.look, standing.spec.ref
    assert isinstance(look, Observed)
    mark = look.mark
    facts = [("In AWS", look.physical_id), ("Kind", ref.kind), ("Region", ref.scope), ("As", ref.name)]
    return Question(
        title=f"Adopt {look.physical_id}?",
        says=(
            f"It becomes {ref.name} of {service.name}. Now only the inventory changes; the next deploy brings what is "
            "shown here about, and destroying the service deletes it like all else.",
        ),
        button="Adopt it",
        back=reverse("service", kwargs={"name": service.name}),
        typed=ref.name,
        danger=mark is not None,
        facts=[*facts, ("Marked by", f"{mark.owner} {mark.ref}".strip() if mark else "nobody")],
        diff=[{"path": one.path, "before": one.before, "after": one.after} for one in standing.differences],
        keep=fields,
    )


def _whose(request: HttpRequest, service: Service, error: ActionRefused, fields: dict[str, str]) -> HttpResponse:
    """It carries another installation's mark: only who names that installation goes on."""
    question = Question(
        title="It is another installation's",
        says=(error.detail, "Go on only if nothing there manages it any more: two would change it in turns."),
        button="Look at it",
        back=reverse("service", kwargs={"name": service.name}),
        why=False,
        facts=[("Installation", str(error.more["owner"]))],
        keep={**fields, "from_installation": str(error.more["owner"])},
    )
    return ask(request, question, section=SECTION)


def _taking_over(service: Service, found: Ownership) -> Question:
    assert found.claim is not None
    claim = found.claim
    return Question(
        title=f"Take {found.hostname} over?",
        says=(
            "Its owner record names another installation. Exactly that record is replaced by ours; no other record is "
            "touched, so users are answered as before.",
            "From then on Route 53 refuses every batch of the other installation, and plans of "
            f"{service.name} show how the records differ. Stop it there first: what it does elsewhere goes on.",
        ),
        button=f"Take {found.hostname} over",
        back=reverse("service", kwargs={"name": service.name}),
        typed=found.hostname,
        facts=[
            ("Owner record", f"_owner.{found.hostname}"),
            ("Installation", claim.owner),
            ("Generation", str(claim.generation)),
            ("Hosted zone", found.zone_id),
        ],
        keep={"owner": claim.owner, "generation": str(claim.generation)},
    )


def _seen(request: HttpRequest, found: Ownership) -> Claim | None:
    owner, generation = request.POST.get("owner"), request.POST.get("generation", "")
    if not owner or not generation.isascii() or not generation.isdigit() or len(generation) > 18:
        return found.claim
    return Claim(owner, int(generation))


def _found(request: HttpRequest, name: str) -> Service:
    return get_object_or_404(queries.services(seen(request)), name=name)
