"""Restore: bring an evacuated region back into rotation, once it is known to be well and its data has caught up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.utils import timezone

from deployments import replicas
from deployments.actions.actor import Actor
from deployments.actions.overriding import Override, record_override, refuse_guards
from deployments.actions.reason import because, check_reason
from deployments.actions.refused import ActionRefused
from deployments.actions.settle_foundation import switched
from deployments.actions.switching import Switching, journalled, remove
from deployments.evacuations import Concerned
from deployments.models import Evacuation, Operation, Service, Stack
from deployments.plan.guard import Guard, judge_return
from deployments.providers.protocol import Provider
from deployments.released import released
from deployments.rotation import rotation_of
from deployments.worlds import provider_of
from regions.models import Account

log = structlog.get_logger()


@dataclass(frozen=True)
class Restore:
    """`service` None: what was evacuated for everything there."""

    account: Account
    region: str
    service: Service | None
    actor: Actor
    reason: str = ""
    override: Override | None = None
    provider: Callable[[Account], Provider] | None = None

    def check(self) -> None:
        self.actor.check(self.service or self.account)
        if self.override is not None:
            self.override.check(self.service or self.account, self.actor)
        if self.standing() is None:
            of = f" for {self.service.name}" if self.service else ""
            raise ActionRefused(
                409,
                "not_evacuated",
                f"{self.region} is not evacuated{of}.",
                "Nothing to do; if it gets no users, look at its health checks.",
            )

    def standing(self) -> Evacuation | None:
        """The evacuation that this would end."""
        rows = Evacuation.objects.filter(account=self.account, region__code=self.region, restored_at=None)
        of = rows.filter(stack__service=self.service) if self.service else rows.filter(stack=None)
        return of.select_related("account", "region", "stack").first()

    def concerned(self) -> list[Concerned]:
        """The services that users are led back to, each with what guards say of that."""
        rows = Stack.objects.filter(
            account=self.account, foundation=False, replicas__endpoint__region__code=self.region
        )
        if self.service is not None:
            rows = rows.filter(service=self.service)
        found = rows.select_related("account", "release", "service").distinct()
        stacks = [stack for stack in found if switched(stack, self.region)]
        return [Concerned(stack, tuple(self._guards(stack))) for stack in stacks]

    def execute(self) -> Operation:
        self.check()
        check_reason(self.reason)
        concerned = self.concerned()
        for each in concerned:
            refuse_guards(each.stack, each.guards, self.override)
        evacuation = self.standing()
        assert evacuation is not None, "checked above"
        with transaction.atomic(), because(self.reason):
            for each in concerned:
                record_override(each.stack, each.guards, self.override, self.actor)
            evacuation.restoring_at = timezone.now()
            evacuation.restore_reason, evacuation.restored_by = self.reason.strip(), self.actor.user
            evacuation.save(update_fields=["restoring_at", "restore_reason", "restored_by"])
        remove(evacuation, self._provider())
        operation = journalled(evacuation, Switching.RESTORE, self.actor)
        log.warning(
            "region.restored",
            region=self.region,
            of=str(evacuation.stack or "everything there"),
            actor=str(self.actor),
            via=self.actor.via,
            operation=operation.pk,
        )
        return operation

    def _provider(self) -> Provider:
        return (self.provider or provider_of)(self.account)

    def _guards(self, stack: Stack) -> Iterator[Guard]:
        rotation = rotation_of(stack, released(stack), {}, {}, None, timezone.now())
        yield from judge_return(rotation, self.region)
        yield from replicas.behind(stack, self.region, self._provider())
