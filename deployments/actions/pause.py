"""The stop button: while a pause stands, no change is begun in AWS, of one service or of all; what runs ends.

Deploys are accepted and wait, drift is looked for and not mended. Pressing it twice, or letting go of what nobody
pressed, changes nothing. Evacuating does not ask: users come first.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import transaction
from django.utils import timezone

from deployments import models
from deployments.actions.actor import Actor
from deployments.actions.draft import locked
from deployments.actions.reason import LONGEST
from deployments.actions.refused import ActionRefused
from deployments.actions.stacks import stack_for
from deployments.actions.wake import wake
from deployments.models import Service, Stack
from deployments.models.record import OPEN

log = structlog.get_logger()


@dataclass(frozen=True)
class Pause:
    """`service` None: all of them, which needs the permission everywhere."""

    service: Service | None
    actor: Actor
    reason: str = ""

    def check(self) -> None:
        self.actor.check(self.service)
        if len(self.reason) > LONGEST:
            mend = "Give a reason in a sentence."
            told = {"field": "reason", "value": self.reason[:80], "message": "too long", "mend": mend}
            error = {**told, "code": "reason_too_long"}
            raise ActionRefused(400, "reason_too_long", f"reason: {LONGEST} characters at most.", mend, errors=[error])

    def execute(self) -> models.Pause:
        """The pause that stands now; the first one's reason stays."""
        with transaction.atomic():
            service = locked(self.service) if self.service else None
            Pause(service, self.actor, self.reason).check()
            stack = stack_for(service) if service else None
            pause, pressed = models.Pause.objects.get_or_create(
                stack=stack, defaults={"reason": self.reason, "created_by": self.actor.user}
            )
        if pressed:
            log.warning("paused", stack=_of(stack), reason=self.reason, actor=str(self.actor), via=self.actor.via)
        return pause


@dataclass(frozen=True)
class Resume:
    """`service` None: the pause of all; a service's own goes on standing."""

    service: Service | None
    actor: Actor

    def check(self) -> None:
        self.actor.check(self.service)

    def execute(self) -> bool:
        """Whether one stood. What waits for it is looked at at once."""
        with transaction.atomic():
            self.check()
            stack = Stack.objects.filter(service=self.service).first() if self.service else None
            if self.service is not None and stack is None:
                return False
            gone, _ = models.Pause.objects.filter(stack=stack).delete()
            if not gone:
                return False
            waiting = Stack.objects.filter(operations__status__in=OPEN, **({"pk": stack.pk} if stack else {}))
            for pk in waiting.values_list("pk", flat=True):
                Stack.objects.filter(pk=pk).update(next_look_at=timezone.now())
                wake(pk)
        log.warning("resumed", stack=_of(stack), actor=str(self.actor), via=self.actor.via)
        return True


def _of(stack: Stack | None) -> str:
    return stack.name if stack else "everything"
