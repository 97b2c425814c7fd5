"""Abandon: forget a resource. It stays in AWS as it is, unmanaged, and nothing of ours looks at it again.

For a delete that can never succeed, for what is to live on without us, and to undo an adoption. Changes the inventory
alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import transaction

from audit.record import record
from deployments.actions.actor import Actor
from deployments.actions.operations import refuse_open
from deployments.actions.reason import because, check_reason
from deployments.actions.refused import ActionRefused
from deployments.models import Resource, Stack

log = structlog.get_logger()


@dataclass(frozen=True)
class Abandon:
    """Not while an operation is open on its stack: its worker holds the inventory in memory."""

    resource: Resource
    actor: Actor
    reason: str

    def check(self) -> None:
        self.actor.check(self.resource)
        refuse_open(self.resource.stack)

    def execute(self) -> None:
        check_reason(self.reason)
        with transaction.atomic(), because(self.reason):
            stack = Stack.objects.select_for_update(of=("self",)).get(pk=self.resource.stack_id)
            row = (
                Resource.objects.select_related("stack__account", "stack__service").filter(pk=self.resource.pk).first()
            )
            if row is None:
                raise ActionRefused(404, "not_found", f"{self.resource} is gone.", "Look at the inventory again.")
            Abandon(row, self.actor, self.reason).check()
            record(
                "resource.abandoned",
                name=str(row),
                service=stack.name,
                account=row.stack.account.name,
                details={"reason": self.reason, "physical_id": row.physical_id, "state": row.state},
            )
            row.delete()
        log.info(
            "resource.abandoned",
            ref=str(self.resource),
            physical_id=self.resource.physical_id,
            reason=self.reason,
            actor=str(self.actor),
            via=self.actor.via,
        )
