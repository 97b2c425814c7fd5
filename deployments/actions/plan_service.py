"""Plan: what deploying the draft (or another manifest, not saved) would change in AWS, kept under an id to be signed.

Changes nothing in AWS, and nothing of the service.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import structlog

from deployments import plans
from deployments.actions.actor import Actor
from deployments.actions.approval import approve
from deployments.actions.consent import check_consent
from deployments.actions.refused import ActionRefused
from deployments.actions.stacks import check_account
from deployments.manifest import Manifest, render
from deployments.models import Service, Stack
from deployments.preflight import preflight, reading_ahead
from deployments.preview import PlanView, candidate, preview
from deployments.providers.errors import ProviderError
from deployments.worlds import provider_for

log = structlog.get_logger()

TRY_AGAIN = "Try again in a moment: nothing was changed."


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
        """Raises ActionRefused, also (502) where AWS does not let us in."""
        self.check()
        try:
            return self._planned()
        except ProviderError as error:
            raise ActionRefused(
                502, error.code or "aws", f"AWS could not be read: {error.message}", error.mend or TRY_AGAIN
            ) from None

    def _planned(self) -> PlanView:
        stack = Stack.objects.select_related("account", "release").filter(name=self.service.name).first()
        if stack is None:
            stack = Stack(name=self.service.name, account=self.service.account)
        check_account(self.service, stack)
        approved = None if self.destroying else approve(self.service, self.manifest)
        wanted = (
            candidate(approved.manifest, self.service.account.account_id, approved.zone_id or None)
            if approved
            else None
        )
        provider = provider_for(stack)
        with reading_ahead(stack.account, wanted, provider):
            view = preview(stack if stack.pk else None, wanted, consent=self.destroy_data, provider=provider)
        view = replace(view, preflight=preflight(stack.account, wanted, view.plan, provider))
        saved = plans.keep(
            view,
            self.service,
            document=render(approved.manifest) if approved else None,
            zone_id=approved.zone_id if approved else "",
            consent=self.destroy_data,
            candidate=self.manifest is not None,
            by=self.actor.user,
        )
        log.info(
            "service.planned",
            service=self.service.name,
            plan=saved.pk,
            changes=len(view.plan.changes),
            digest=view.digest,
            refused_by=[guard.name for guard in view.guards if guard.refuses],
            actor=str(self.actor),
            via=self.actor.via,
        )
        return replace(view, id=saved.pk)
