"""Destroy: approve that nothing of a service shall be left in AWS. Data is kept where nobody consents to its loss.

The draft stays until the operation has succeeded; whoever finishes the operation then deletes it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import structlog
from django.db import transaction

from deployments.actions.actor import Actor
from deployments.actions.consent import check_consent
from deployments.actions.draft import check_unchanged, locked
from deployments.actions.operations import begin, refuse_open
from deployments.models import Operation, Service, Stack

log = structlog.get_logger()


@dataclass(frozen=True)
class Destroy:
    """`expected` is the state that the asker saw (If-Match); None: whatever stands."""

    service: Service
    actor: Actor
    destroy_data: Collection[str] = ()
    expected: str | None = None

    def check(self) -> None:
        self.actor.check(self.service)
        check_unchanged(self.service, self.expected)
        stack = getattr(self.service, "stack", None)
        if stack is not None:
            refuse_open(stack)
        check_consent(self.service, stack, self.destroy_data)

    def execute(self) -> Operation | None:
        """The operation; None where nothing was ever deployed, so that the service is gone at once."""
        with transaction.atomic():
            service = locked(self.service)
            stack = Stack.objects.select_for_update().filter(service=service).first()
            Destroy(service, self.actor, self.destroy_data, self.expected).check()
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
                consent=self.destroy_data,
                actor=self.actor,
            )


def _untouched(stack: Stack) -> bool:
    """Nothing of it is in AWS, nor may be: never deployed, or destroyed to the last resource."""
    return stack.release_id is None and not stack.resources.exists()
