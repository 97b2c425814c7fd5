"""Plan: what deploying the draft (or another manifest, not saved) would change in AWS. Changes nothing in AWS."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import structlog

from deployments.actions.actor import Actor
from deployments.actions.approval import approve
from deployments.actions.consent import check_consent
from deployments.actions.stacks import check_account
from deployments.desired import ReleasedService
from deployments.manifest import Manifest
from deployments.models import Service, Stack
from deployments.preview import PlanView, candidate, preview
from deployments.worlds import provider_for

log = structlog.get_logger()


@dataclass(frozen=True)
class PlanService:
    """`manifest`: in place of the draft, not saved. `destroying`: what a destroy would change, in place of a deploy."""

    service: Service
    actor: Actor
    manifest: Manifest | None = None
    destroy_data: Collection[str] = ()
    destroying: bool = False

    def check(self) -> None:
        self.actor.check(self.service)
        check_consent(self.service, getattr(self.service, "stack", None), self.destroy_data)

    def execute(self) -> PlanView:
        self.check()
        stack = Stack.objects.select_related("account", "release").filter(name=self.service.name).first()
        if stack is None:
            stack = Stack(name=self.service.name, account=self.service.account)
        check_account(self.service, stack)
        view = preview(
            stack if stack.pk else None,
            self._wanted(),
            consent=self.destroy_data,
            provider=provider_for(stack),
        )
        log.info(
            "service.planned",
            service=self.service.name,
            changes=len(view.plan.changes),
            digest=view.digest,
            actor=str(self.actor),
            via=self.actor.via,
        )
        return view

    def _wanted(self) -> ReleasedService | None:
        if self.destroying:
            return None
        approved = approve(self.service, self.manifest)
        return candidate(approved.manifest, self.service.account.account_id, approved.zone_id or None)
