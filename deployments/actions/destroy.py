"""Destroy: approve that nothing of a service shall be left in AWS. Data is kept where nobody consents to its loss.

The draft stays until the operation has succeeded; whoever finishes the operation then deletes it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import structlog
from django.db import transaction

from deployments.actions.actor import Actor
from deployments.actions.consent import check_consent
from deployments.actions.draft import check_unchanged, locked
from deployments.actions.operations import begin, refuse_open
from deployments.actions.signing import sign
from deployments.models import Operation, Service, Stack

log = structlog.get_logger()


@dataclass(frozen=True)
class Destroy:
    """`expected` is the state that the asker saw (If-Match); None: whatever stands. `plan`: the saved plan that is
    signed; None: whatever is left."""

    service: Service
    actor: Actor
    destroy_data: Collection[str] = ()
    expected: str | None = None
    plan: int | None = None

    def check(self) -> None:
        self.actor.check(self.service)
        check_unchanged(self.service, self.expected)
        stack = getattr(self.service, "stack", None)
        if stack is not None:
            refuse_open(stack, but_repair=True)
        check_consent(self.service, stack, self.destroy_data)

    def execute(self) -> Operation | None:
        """The operation; None where nothing was ever deployed, so that the service is gone at once."""
        self.check()
        signed = (
            sign(self.service, self.actor, self.plan, self.destroy_data, destroying=True)
            if self.plan is not None
            else None
        )
        with transaction.atomic():
            service = locked(self.service)
            stack = Stack.objects.select_for_update().filter(service=service).first()
            replace(self, service=service).check()
            if signed is not None:
                signed.check_moved(service)
            if stack is None or _untouched(stack):
                service.delete()
                log.info("service.deleted", service=self.service.name, actor=str(self.actor), via=self.actor.via)
                return None
            stack.release = None
            return begin(
                stack,
                verb="destroy",
                title=f"Destroy {service.name}",
                release=None,
                consent=signed.consent if signed else self.destroy_data,
                actor=self.actor,
                plan=signed.digest if signed else "",
            )


def _untouched(stack: Stack) -> bool:
    """Nothing of it is in AWS, nor may be: never deployed, or destroyed to the last resource."""
    return stack.release_id is None and not stack.resources.exists()
