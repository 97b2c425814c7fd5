"""Evacuate: take a region out of rotation by its switches, for one service or for everything there. Data plane only.

Runs in the process that was asked: it needs PostgreSQL and S3, and neither Route 53's API, Redis, a worker, the stack's
lease nor a free place for an operation. Nor does the stop button hold it up: users come first.

    permission, guards → the row (who, why, which objects) → both objects, side by side → 202 with the first that stands
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.utils import timezone

from deployments import evacuations, replicas
from deployments.actions.actor import Actor
from deployments.actions.overriding import Override, record_override, refuse_guards
from deployments.actions.reason import because, check_reason
from deployments.actions.refused import ActionRefused
from deployments.actions.settle_foundation import switched
from deployments.actions.switching import Switching, journalled, write
from deployments.evacuations import Concerned
from deployments.inventory import Inventory
from deployments.models import Evacuation, Operation, Service, Stack
from deployments.plan.guard import Guard, judge_evacuation
from deployments.providers.protocol import Provider
from deployments.released import released
from deployments.rotation import rotation_of
from deployments.routing.switches import Switch
from deployments.worlds import provider_of
from regions.models import Account, Region

log = structlog.get_logger()


@dataclass(frozen=True)
class Evacuate:
    """`service` None: everything of the account there, services with switches of their own included."""

    account: Account
    region: str
    service: Service | None
    actor: Actor
    reason: str = ""
    override: Override | None = None
    provider: Callable[[Account], Provider] | None = None

    def check(self) -> None:
        """Whether they may, and whether there is a switch at all."""
        self.actor.check(self.service or self.account)
        if self.override is not None:
            self.override.check(self.service or self.account, self.actor)
        self.switches()

    def concerned(self) -> list[Concerned]:
        """The services that users are led away from, each with its guards; for a preview as for the act."""
        return [Concerned(stack, tuple(self._guards(stack))) for stack in self._stacks()]

    def execute(self) -> Operation:
        self.check()
        check_reason(self.reason)
        concerned = self.concerned()
        for each in concerned:
            refuse_guards(each.stack, each.guards, self.override)
        evacuation = self._row()
        with transaction.atomic():
            for each in concerned:
                record_override(each.stack, each.guards, self.override, self.actor)
        write(evacuation, self._provider())
        operation = journalled(evacuation, Switching.EVACUATE, self.actor)
        log.warning(
            "region.evacuated",
            region=self.region,
            of=str(evacuation.stack or "everything there"),
            actor=str(self.actor),
            via=self.actor.via,
            operation=operation.pk,
        )
        return operation

    def switches(self) -> list[Switch]:
        """Those that must be set. Raises 409 where there is none, or not of this service alone."""
        found = evacuations.switches(self.account, self.region)
        if self.service is None:
            wanted = found
        else:
            wanted = [each for each in found if each.service == self.service.name]
            if not wanted and Switch(self.region) in found and self._stacks():
                raise ActionRefused(
                    409,
                    "no_own_switch",
                    f"{self.service.name} shares the switch of {self.region} with all services there.",
                    f"Evacuate the region ({self.region}), or set routing.switch to service and deploy.",
                )
        if not wanted or not evacuations.objects(self.account, wanted):
            what = f"{self.service.name} has no switch in {self.region}" if self.service else f"{self.region} has none"
            raise ActionRefused(
                409,
                "no_switch",
                f"{what}: nothing that stands there is led to by a policy that could lead elsewhere.",
                "Deploy the service to more than one region, with a routing policy other than simple.",
            )
        return wanted

    def _stacks(self) -> Sequence[Stack]:
        rows = Stack.objects.filter(
            account=self.account, foundation=False, replicas__endpoint__region__code=self.region
        )
        if self.service is not None:
            rows = rows.filter(service=self.service)
        found = rows.select_related("account", "release", "service").distinct()
        return [stack for stack in found if switched(stack, self.region)]

    def _provider(self) -> Provider:
        return (self.provider or provider_of)(self.account)

    def _guards(self, stack: Stack) -> Iterator[Guard]:
        known = Inventory(stack).known
        rotation = rotation_of(stack, released(stack), {}, known, None, timezone.now())
        yield from judge_evacuation(rotation, self.region)
        yield from replicas.behind(stack, self.region, self._provider())

    def _row(self) -> Evacuation:
        """What stands in the way of nobody: the row that says it, before the first object is written."""
        wanted = evacuations.objects(self.account, self.switches())
        stack = Stack.objects.filter(service=self.service).first() if self.service else None
        with transaction.atomic(), because(self.reason):
            row, made = Evacuation.objects.select_for_update().get_or_create(
                account=self.account,
                region=Region.objects.get(code=self.region),
                stack=stack,
                restored_at=None,
                defaults={
                    "reason": self.reason.strip(),
                    "created_by": self.actor.user,
                    "switches": wanted,
                    "override": self.override.as_json(self.actor) if self.override else {},
                },
            )
            if not made and row.restoring_at is not None:  # out again before it was back
                row.restoring_at, row.ramp, row.reason, row.switches = None, {}, self.reason.strip(), wanted
                row.save(update_fields=["restoring_at", "ramp", "reason", "switches"])
            elif not made:  # more may have been placed there since
                known = {(each["bucket"], each["key"]) for each in row.switches}
                row.switches += [each for each in wanted if (each["bucket"], each["key"]) not in known]
                row.save(update_fields=["switches"])
        return row
