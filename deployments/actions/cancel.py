"""Cancel an operation: a queued one at once, a running one when its worker next looks. What is done stays done."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import transaction
from django.utils import timezone

from deployments.actions.actor import Actor
from deployments.actions.refused import ActionRefused
from deployments.actions.wake import wake
from deployments.models import Operation, Stack
from deployments.models.record import OperationStatus

log = structlog.get_logger()


@dataclass(frozen=True)
class Cancel:
    operation: Operation
    actor: Actor

    def check(self) -> None:
        self.actor.check(self.operation)
        if not self.operation.open:
            raise ActionRefused(
                409,
                "operation_finished",
                f"Operation {self.operation.pk} has {self.operation.status} already.",
                "Deploy the state that you want instead.",
            )

    def execute(self) -> Operation:
        with transaction.atomic():
            operation = Operation.objects.select_for_update().get(pk=self.operation.pk)
            Cancel(operation, self.actor).check()
            operation.cancel_requested = True
            if operation.status == OperationStatus.QUEUED:
                operation.status = OperationStatus.CANCELLED
                operation.finished_at = timezone.now()
                # As a worker would say at its end: a repair that a person cancelled is not begun again by itself.
                Stack.objects.filter(pk=operation.stack_id).update(converged=False)
            operation.save(update_fields=["cancel_requested", "status", "finished_at"])
            if operation.open:
                wake(operation.stack_id)
        log.info(
            "operation.cancel",
            operation=operation.pk,
            status=operation.status,
            actor=str(self.actor),
            via=self.actor.via,
        )
        return operation
