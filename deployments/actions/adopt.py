"""Adopt: take over what stands in the place of a wanted resource and is not ours, by an explicit act.

Only the inventory changes: the next plan shows how it differs, our mark included, and a deploy brings that about.
`Abandon` is the way back.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import transaction

from deployments.actions.actor import Actor
from deployments.actions.draft import locked
from deployments.actions.operations import refuse_open
from deployments.actions.reason import because, check_reason
from deployments.actions.refused import ActionRefused
from deployments.actions.stacks import check_account, stack_for
from deployments.actions.standing import Standing, survey, wanted_spec
from deployments.models import Resource, Service, Stack
from deployments.plan.model import Observed, Spec, State, Unobserved
from deployments.providers.protocol import Provider
from deployments.worlds import installation, provider_of

log = structlog.get_logger()


@dataclass(frozen=True)
class Adopt:
    """`kind`, `region` ("global" too) and `name` as a plan tells them. `physical_id` is needed where AWS finds it by
    its id alone (an API, a certificate, a health check). `from_installation` names another installation whose mark it
    carries: without that, nothing of another installation is taken."""

    service: Service
    kind: str
    region: str
    name: str
    actor: Actor
    reason: str
    physical_id: str = ""
    from_installation: str = ""

    def check(self) -> Standing:
        """What stands there and what adopting it would change. Raises where it may not be adopted."""
        self.actor.check(self.service)
        stack = Stack.objects.select_related("account", "release").filter(name=self.service.name).first()
        if stack is not None:
            check_account(self.service, stack)
            refuse_open(stack)
            self._refuse_known(stack)
        standing = survey(self._spec(stack), stack, self._provider(), self.physical_id)
        self._refuse(standing)
        return standing

    def execute(self) -> Resource:
        check_reason(self.reason)
        standing = self.check()
        look = standing.look
        assert isinstance(look, Observed)
        mark = look.mark._asdict() if look.mark else None
        with transaction.atomic(), because(self.reason, mark=mark):
            service = locked(self.service)
            self.actor.check(service)
            stack = stack_for(service)
            refuse_open(stack)
            self._refuse_known(stack)
            spec = standing.spec
            row, _ = Resource.objects.update_or_create(
                stack=stack,
                kind=spec.ref.kind,
                scope=spec.ref.scope,
                name=spec.ref.name,
                defaults={
                    "state": State.ADOPTED,
                    "physical_id": look.physical_id,
                    "token": "",
                    "params": dict(standing.params),
                    "context": dict(spec.context),
                    "outputs": dict(look.outputs),
                    "edges": sorted(str(ref) for ref in spec.edges()),
                    "lane": spec.lane,
                    "group": spec.group,
                    "shape": spec.shape,
                    "drain_s": spec.drain_s,
                    "hold_until": None,
                    "not_ready_since": None,
                },
            )
        log.info(
            "resource.adopted",
            ref=str(row),
            physical_id=look.physical_id,
            reason=self.reason,
            actor=str(self.actor),
            via=self.actor.via,
        )
        return row

    def _provider(self) -> Provider:
        return provider_of(self.service.account)

    def _spec(self, stack: Stack | None) -> Spec:
        spec = wanted_spec(self.service, stack, self.kind, self.region, self.name)
        if spec is None:
            raise ActionRefused(
                404,
                "not_desired",
                f"{self.service.name} wants no {self.kind} {self.name} in {self.region}.",
                "Take kind, region and name from a conflict of its plan, or put it into the manifest first.",
            )
        return spec

    def _refuse_known(self, stack: Stack) -> None:
        row = stack.resources.filter(kind=self.kind, scope=self.region, name=self.name).first()
        if row is not None and row.state != State.PENDING:
            raise ActionRefused(
                409,
                "already_ours",
                f"{row} is in the inventory already, as {row.state}.",
                "Plan the service: what differs is shown as updates.",
            )

    def _refuse(self, standing: Standing) -> None:
        look = standing.look
        if isinstance(look, Unobserved):
            raise ActionRefused(502, "unobserved", f"It could not be looked at: {look.why}.", "Try again in a moment.")
        if look is None:
            raise self._nothing_there(standing)
        if self.physical_id and look.physical_id != self.physical_id:
            raise ActionRefused(
                409,
                "other_id",
                f"What stands in that place is {look.physical_id}, not {self.physical_id}.",
                "Leave the id out, or change the manifest so that its name is the one that you mean.",
            )
        if look.mark is not None:
            self._refuse_marked(look)
        if not look.ready:
            raise ActionRefused(
                409, "at_work", f"AWS is at work on {look.physical_id}: {look.status}.", "Try again when it is done."
            )
        if standing.fixed is not None:
            raise ActionRefused(409, "fixed", f"{standing.fixed.message}.", standing.fixed.mend)
        holder = (
            Resource.objects.select_related("stack")
            .filter(
                stack__account=self.service.account, kind=self.kind, scope=self.region, physical_id=look.physical_id
            )
            .exclude(stack__name=self.service.name, name=self.name)
            .first()
        )
        if holder is not None and self.kind != "route53_record":
            raise self._held(look, str(holder))

    def _refuse_marked(self, look: Observed) -> None:
        assert look.mark is not None
        owner, ref = look.mark
        if owner == str(installation().pk):
            raise self._held(look, ref)
        if self.kind == "route53_record":
            raise ActionRefused(
                409,
                "foreign_owner",
                f"{look.physical_id} is a record of the installation {owner}.",
                "Take the host name over from it: all its records count as ours then.",
                owner=owner,
            )
        if owner != self.from_installation:
            raise ActionRefused(
                409,
                "foreign_installation",
                f"{look.physical_id} carries the mark of the installation {owner}{f', as {ref}' if ref else ''}.",
                "If nothing there manages it any more, name that installation to take it from.",
                owner=owner,
            )

    def _held(self, look: Observed, ref: str) -> ActionRefused:
        return ActionRefused(
            409,
            "held_by_another",
            f"{look.physical_id} is {ref} of this installation.",
            "Abandon it there first; nothing is ever taken from one service for another.",
        )

    def _nothing_there(self, standing: Standing) -> ActionRefused:
        needs = ", ".join(sorted({str(waiting.ref) for waiting in standing.waiting if waiting.ref}))
        return ActionRefused(
            409,
            "nothing_there",
            f"No {self.kind} stands there that {self.service.name} could adopt as {self.name}.",
            "Give its id where AWS finds it by that alone"
            + (f", and deploy first what it hangs on: {needs}." if needs else ", or deploy: it is created."),
        )
