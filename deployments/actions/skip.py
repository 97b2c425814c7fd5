"""Skip: leave a failed or stuck step out of an operation, with a reason, so that the rest can come to its end.

What is skipped stays as it is in AWS: the operation can succeed without it, and the service has not converged. A plan
goes on showing it.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import transaction

from audit.record import record
from deployments.actions.actor import Actor
from deployments.actions.operations import begin
from deployments.actions.reason import check_reason
from deployments.actions.refused import ActionRefused
from deployments.actions.retry import Retry
from deployments.actions.wake import wake
from deployments.models import Operation, Stack, Step
from deployments.models.record import StepStatus
from deployments.plan.model import Ref

log = structlog.get_logger()


@dataclass(frozen=True)
class Skip:
    """Of an open operation: it goes on without the step. Of a failed one: a new operation, as `Retry`, with what was
    skipped before carried on."""

    operation: Operation
    step: Step
    actor: Actor
    reason: str

    def check(self) -> None:
        self.actor.check(self.operation)
        if not self.operation.open:
            Retry(self.operation, self.actor).check()
        stuck = self.step.status == StepStatus.FAILED or (
            self.step.status in {StepStatus.WAITING, StepStatus.RUNNING}
            and bool(self.step.error or self.step.waiting_for)
        )
        if self.step.operation_id != self.operation.pk or not stuck:
            raise ActionRefused(
                409,
                "step_not_stuck",
                f"{self.step} has {self.step.status}: only a step that failed or hangs can be skipped.",
                "Wait for it, or cancel the operation.",
            )

    def execute(self) -> Operation:
        """The operation that goes on: this one while it is open, else a new one."""
        check_reason(self.reason)
        with transaction.atomic():
            stack = (
                Stack.objects.select_for_update(of=("self",)).select_related("account").get(pk=self.operation.stack_id)
            )
            operation = (
                Operation.objects.select_for_update(of=("self",))
                .select_related("stack", "release")
                .get(pk=self.operation.pk)
            )
            step = Step.objects.get(pk=self.step.pk)
            Skip(operation, step, self.actor, self.reason).check()
            ref = Ref(stack.name, step.kind, step.scope, step.name)
            skip = {"ref": str(ref), "action": step.action, "reason": self.reason, "by": str(self.actor)}
            skips = [*(one for one in operation.skips if (one["ref"], one["action"]) != (str(ref), step.action)), skip]
            if operation.open:
                operation.skips = skips
                operation.save(update_fields=["skips"])
                wake(stack.pk)
                going_on = operation
            else:
                stack.release = operation.release
                going_on = begin(
                    stack,
                    verb=operation.verb,
                    title=operation.title,
                    release=operation.release,
                    consent=operation.consent,
                    actor=self.actor,
                )
                going_on.skips = skips
                going_on.save(update_fields=["skips"])
            record(
                "step.skipped",
                name=f"{step.action} {ref}",
                service=stack.name,
                account=stack.account.name,
                details={"reason": self.reason, "operation": going_on.pk, "error": step.error[:300]},
            )
        log.info(
            "step.skipped",
            operation=going_on.pk,
            ref=str(ref),
            action=step.action,
            reason=self.reason,
            actor=str(self.actor),
            via=self.actor.via,
        )
        return going_on
