"""Retry a failed or cancelled operation: a new one with the same verb, release and consent.

Guards that somebody overrode stay overridden only where the one who retries may override them too.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from deployments.access import OVERRIDE
from deployments.actions.actor import Actor
from deployments.actions.operations import begin, refuse_open
from deployments.actions.refused import ActionRefused
from deployments.actions.settle_foundation import settle
from deployments.models import Operation, Stack
from deployments.models.record import ASIDE, OperationStatus


@dataclass(frozen=True)
class Retry:
    """Only the newest of its stack: to retry an older one would silently undo what was asked since."""

    operation: Operation
    actor: Actor

    def check(self) -> None:
        self.actor.check(self.operation)
        refuse_open(self.operation.stack, but_repair=True)
        if self.operation.status not in {OperationStatus.FAILED, OperationStatus.CANCELLED}:
            raise ActionRefused(
                409,
                "operation_finished",
                f"Operation {self.operation.pk} has {self.operation.status}: there is nothing to retry.",
                "Deploy anew if you want another state.",
            )
        newest = self.operation.stack.operations.exclude(verb__in=ASIDE).order_by("-id").first()
        if newest is not None and newest.pk != self.operation.pk:
            raise ActionRefused(
                409,
                "operation_superseded",
                f"Operation {newest.pk} ({newest.title}) came after operation {self.operation.pk}.",
                "Retry the newest one, or deploy the state that you want.",
                operation=newest.pk,
            )

    def execute(self) -> Operation:
        with transaction.atomic():
            stack = (
                Stack.objects.select_for_update(of=("self",)).select_related("account").get(pk=self.operation.stack_id)
            )
            operation = Operation.objects.select_related("stack", "release").get(pk=self.operation.pk)
            Retry(operation, self.actor).check()
            stack.release = operation.release
            begun = begin(
                stack,
                verb=operation.verb,
                title=operation.title,
                release=operation.release,
                consent=operation.consent,
                actor=self.actor,
                override=operation.override if self.actor.may(operation, OVERRIDE) else None,
            )
            if not stack.foundation:
                settle(stack.account, self.actor, again=True)
            return begun
