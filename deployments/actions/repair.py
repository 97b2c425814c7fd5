"""Repair: deploy the approved release once more, whatever the draft says meanwhile.

A person's own: it also does what a repair by itself leaves to people (an empty table in place of a lost one). Nothing
is approved anew, so that pending edits stay pending.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from deployments.actions.actor import Actor
from deployments.actions.draft import locked
from deployments.actions.operations import begin, refuse_open
from deployments.actions.refused import ActionRefused
from deployments.actions.stacks import stack_for
from deployments.models import Operation, Service, Stack


@dataclass(frozen=True)
class Repair:
    service: Service
    actor: Actor

    def check(self) -> None:
        self.actor.check(self.service)
        stack = Stack.objects.filter(service=self.service).first()
        if stack is None or stack.release_id is None:
            raise ActionRefused(409, "not_deployed", f"{self.service.name} is not deployed.", "Deploy it first.")
        refuse_open(stack, but_repair=True)

    def execute(self) -> Operation:
        with transaction.atomic():
            service = locked(self.service)
            stack = stack_for(service)
            Repair(service, self.actor).check()
            assert stack.release is not None, "checked under the lock"
            title = f"Deploy {service.name} r{stack.release.number} again"
            return begin(stack, verb="deploy", title=title, release=stack.release, consent=(), actor=self.actor)
