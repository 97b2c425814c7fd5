"""Destroy a retained resource: data that no release wants any more goes for good, because a person typed its name.

Opens an operation on its stack, also where the service itself is gone. The release that is approved stays approved:
nothing else changes but what differs from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from deployments.actions.actor import Actor
from deployments.actions.operations import begin, refuse_open
from deployments.actions.refused import ActionRefused
from deployments.models import Operation, Resource, Stack
from deployments.plan.model import State


@dataclass(frozen=True)
class DestroyRetained:
    """`typed` is the name of the component whose data goes, as the asker wrote it."""

    resource: Resource
    actor: Actor
    typed: str

    def check(self) -> None:
        self.actor.check(self.resource)
        refuse_open(self.resource.stack)
        if self.resource.state != State.RETAINED:
            raise ActionRefused(
                409,
                "not_retained",
                f"{self.resource} is {self.resource.state}, not retained.",
                "Take it out of the manifest and deploy that, or destroy the service.",
            )

    def execute(self) -> Operation:
        with transaction.atomic():
            stack = (
                Stack.objects.select_for_update(of=("self",)).select_related("release").get(pk=self.resource.stack_id)
            )
            row = Resource.objects.select_related("stack").filter(pk=self.resource.pk).first()
            if row is None:
                raise ActionRefused(404, "not_found", f"{self.resource} is gone.", "Look at the inventory again.")
            DestroyRetained(row, self.actor, self.typed).check()
            check_typed(row, self.typed)
            return begin(
                stack,
                verb="destroy_data",
                title=f"Destroy retained {row.name} of {stack.name} in {row.scope}",
                release=stack.release,
                consent=[f"{row.scope}/{row.name}"],
                actor=self.actor,
            )


def check_typed(row: Resource, typed: str) -> None:
    """Raise 400 where the typed name is another one."""
    if typed != row.name:
        mend = f"Type {row.name}."
        error = {"field": "name", "value": typed[:80], "message": "is not its name", "mend": mend, "code": "mistyped"}
        raise ActionRefused(400, "mistyped", f"name: {typed[:80]!r} is not its name.", mend, errors=[error])
