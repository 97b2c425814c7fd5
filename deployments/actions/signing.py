"""Sign a plan: what somebody saw is planned again, and refused where desire or world have moved since. Reads AWS."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from deployments import manifests, plans
from deployments.actions.actor import Actor
from deployments.actions.plan_service import PlanService
from deployments.actions.refused import ActionRefused
from deployments.models import Operation, SavedPlan, Service
from deployments.plan import moved
from deployments.plan.guard import Guard

PLAN_AGAIN = "Plan again, and deploy what you then see."
VERBS = {True: "destroying", False: "deploying"}


@dataclass(frozen=True)
class Signed:
    """A plan that still stands. `newest`: the stack's newest operation when it was planned again."""

    digest: str
    consent: tuple[str, ...]
    document: manifests.Document | None
    guards: tuple[Guard, ...]
    newest: int | None

    def check_moved(self, service: Service) -> None:
        """Raise where something happened since it was planned again: called under the lock of the service's row."""
        edited = self.document is not None and manifests.document_of(service) != self.document
        if edited or newest_operation(service) != self.newest:
            raise _refusal("plan_stale", f"{service.name} was edited or deployed in this very moment.", PLAN_AGAIN)


def sign(service: Service, actor: Actor, plan_id: int, destroy_data: Collection[str], *, destroying: bool) -> Signed:
    """Plan again what plan `plan_id` planned. Raises 409 where it can't be signed: see the codes."""
    saved = _found(service, plan_id, destroying)
    if destroy_data and sorted(set(destroy_data)) != saved.consent:
        raise _refusal(
            "plan_stale",
            f"destroy_data: plan {saved.pk} was made with {saved.consent}, not with {sorted(set(destroy_data))}.",
            "Leave destroy_data out: the plan has it; or plan again with the other.",
        )
    newest = newest_operation(service)
    view = PlanService(service, actor, None, saved.consent, destroying).execute()
    if view.digest != saved.digest:
        raise _stale(saved, plans.of(view))
    return Signed(saved.digest, tuple(saved.consent), saved.document, view.guards, newest)


def newest_operation(service: Service) -> int | None:
    return Operation.objects.filter(stack__name=service.name).values_list("pk", flat=True).order_by("-pk").first()


def _found(service: Service, plan_id: int, destroying: bool) -> SavedPlan:
    saved = SavedPlan.objects.filter(pk=plan_id, service_name=service.name).first()
    if saved is None:
        raise _refusal("plan_unknown", f"{service.name} has no plan {plan_id}.", PLAN_AGAIN)
    if (saved.document is None) is not destroying:
        raise _refusal(
            "plan_other_verb",
            f"Plan {saved.pk} is one of {VERBS[saved.document is None]} {service.name}, not of {VERBS[destroying]} it.",
            "Sign it where it belongs (deploy or destroy), or plan what you mean.",
        )
    if saved.created_at < timezone.now() - plans.EXPIRES:
        raise _refusal("plan_expired", f"Plan {saved.pk} is of {saved.created_at:%Y-%m-%d %H:%M} UTC.", PLAN_AGAIN)
    return saved


def _stale(saved: SavedPlan, new: SavedPlan) -> ActionRefused:
    """What moved: paths of the manifest, changes of the world; and the id of the plan as it is now."""
    told = list(_errors(saved, new))
    edited = [one["field"] for one in told if one["code"] == "desire"]
    world = len(told) - len(edited)
    parts = []
    if edited:
        parts.append(f"the draft differs in {', '.join(edited[:5])}{' and more' if len(edited) > 5 else ''}")
    if world:
        parts.append(f"{world} change{'s' if world > 1 else ''} of the plan came, went or differ")
    what = " and ".join(parts) or "the hosted zone or the consent is another"
    if edited and saved.body.get("candidate"):
        detail = f"Plan {saved.pk} is of a manifest that is not the draft: {what}."
        mend = (
            f"Save that manifest first, then deploy plan {saved.pk}; or look at plan {new.pk}, of the draft as it is."
        )
    else:
        detail = f"Plan {saved.pk} is not what would be done now: {what}."
        mend = f"Look at plan {new.pk}, and deploy that."
    return _refusal("plan_stale", detail, mend, plan=new.pk, errors=told)


def _errors(saved: SavedPlan, new: SavedPlan) -> Iterator[dict[str, Any]]:
    for path in moved.paths(saved.document, new.document):
        yield {"field": path, "message": "the draft says something else by now", "mend": "", "code": "desire"}
    for change in moved.changes(saved.body, new.body):
        yield {
            "field": f"{change['region']}/{change['kind']}/{change['name']}",
            "message": {"came": "is new", "went": "is not needed any more", "differs": "differs"}[change["what"]],
            "mend": "",
            "code": f"world_{change['what']}",
        }


def _refusal(code: str, detail: str, mend: str, **more: Any) -> ActionRefused:
    return ActionRefused(409, code, detail, mend, **more)
