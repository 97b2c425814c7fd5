"""Check now: does the world still differ from the approved release? Repairs it where that may be, else only tells.

Beat calls `look` for each stack that is due. It holds no lease and no lock while it reads AWS: a deploy never waits for
it, and what it read counts only if nothing began meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import transaction
from django.utils import timezone

from deployments import drift
from deployments.actions.actor import Actor
from deployments.actions.operations import REPAIR, begin, refuse_open
from deployments.actions.refused import ActionRefused
from deployments.models import Operation, Service, Stack
from deployments.worlds import provider_for

log = structlog.get_logger()

BEAT = Actor(None, "drift")


@dataclass(frozen=True)
class Checked:
    """`counts`: false where something began while it was read. `repair`: the operation that mends what may be."""

    counts: bool
    repair: Operation | None = None


@dataclass(frozen=True)
class CheckDrift:
    service: Service
    actor: Actor

    def check(self) -> Stack:
        self.actor.check(self.service)
        stack = Stack.objects.filter(service=self.service).first()
        if stack is None or stack.release_id is None:
            raise ActionRefused(
                409,
                "not_deployed",
                f"{self.service.name} is not deployed: there is nothing to compare with.",
                "Deploy it first.",
            )
        refuse_open(stack)
        return stack

    def execute(self) -> Checked:
        return look(self.check().pk, self.actor)


def look(stack_id: int, actor: Actor) -> Checked:
    """Read, write down what differs, and open the repair."""
    stack = Stack.objects.select_related("account", "release").get(pk=stack_id)
    if stack.release_id is None:
        return Checked(counts=False)
    reading = drift.read(stack, provider_for(stack))
    with transaction.atomic():
        held = Stack.objects.select_for_update(of=("self",)).select_related("account", "release").get(pk=stack_id)
        now = timezone.now()
        why = drift.why_held(held, reading, now)
        counts = drift.note(held, reading, why, now)
        mendable = reading.judgement.mendable if reading.judgement else ()
        log.info("drift.checked", stack=held.name, counts=counts, mendable=len(mendable), held=why, via=actor.via)
        if not counts or why or not mendable:
            return Checked(counts)
        title = f"Repair {held.name}: {len(mendable)} resource{'s' if len(mendable) > 1 else ''}"
        repair = begin(held, verb=REPAIR, title=title, release=held.release, consent=(), actor=actor)
    return Checked(counts, repair)
