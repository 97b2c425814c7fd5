"""Deploy: freeze the draft as a release, and open the operation that makes it true. A worker does the rest."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from django.db import transaction

from deployments.actions.actor import Actor
from deployments.actions.approval import Approved, approve
from deployments.actions.consent import check_consent
from deployments.actions.draft import locked
from deployments.actions.operations import begin, refuse_open
from deployments.actions.overriding import Override, record_override, refuse_guards
from deployments.actions.settle_foundation import settle
from deployments.actions.signing import sign
from deployments.actions.stacks import stack_for
from deployments.manifests import region_codes
from deployments.models import Operation, Release, Service, Stack
from deployments.plan.guard import Guard
from deployments.preview import candidate, guards_by_inventory


@dataclass(frozen=True)
class Deploy:
    """`destroy_data`: components whose data may be lost where the new release has no place for them.

    `plan`: the saved plan that is signed, refused where it is not what would be done now; None: whatever the draft
    needs. Guards judge both: a plan by what AWS shows, a deploy without one by the inventory.
    """

    service: Service
    actor: Actor
    destroy_data: Collection[str] = ()
    plan: int | None = None
    override: Override | None = None

    def check(self) -> None:
        self.actor.check(self.service)
        if self.override is not None:
            self.override.check(self.service, self.actor)
        stack = getattr(self.service, "stack", None)
        if stack is not None:
            refuse_open(stack, but_repair=True)
        check_consent(self.service, stack, self.destroy_data)

    def execute(self) -> Operation:
        self.check()
        signed = (
            sign(self.service, self.actor, self.plan, self.destroy_data, destroying=False)
            if self.plan is not None
            else None
        )
        with transaction.atomic():
            service = locked(self.service)
            stack = stack_for(service)
            replace(self, service=service).check()
            before = stack.release
            approved = approve(service)
            if signed is not None:
                signed.check_moved(service)
            guards = signed.guards if signed else _by_inventory(stack, approved)
            refuse_guards(service, guards, self.override)
            record_override(service, guards, self.override, self.actor)
            release = approved.release(service)
            if release._state.adding:
                release.created_by = self.actor.user
                release.save()
            stack.release = release
            operation = begin(
                stack,
                verb="deploy",
                title=title(before, release),
                release=release,
                consent=signed.consent if signed else self.destroy_data,
                actor=self.actor,
                plan=signed.digest if signed else "",
                override=self.override.as_json(self.actor) if self.override else None,
            )
            settle(stack.account, self.actor, again=True)
            return operation


def _by_inventory(stack: Stack, approved: Approved) -> tuple[Guard, ...]:
    wanted = candidate(approved.manifest, stack.account.account_id, approved.zone_id or None)
    return guards_by_inventory(stack, wanted)


def title(before: Release | None, release: Release) -> str:
    """Its name for people: "Add us-east-1 to keyvalue" where only regions change, else "Deploy keyvalue r2"."""
    if before is not None and before.pk != release.pk:
        old, new = dict(before.manifest), dict(release.manifest)
        was, now = region_codes(old), region_codes(new)
        same_otherwise = {**old, "regions": None} == {**new, "regions": None}
        added, removed = [code for code in now if code not in was], [code for code in was if code not in now]
        if same_otherwise and added and not removed and len(added) <= 3:
            return f"Add {', '.join(added)} to {release.service_name}"
        if same_otherwise and removed and not added and len(removed) <= 3:
            return f"Remove {', '.join(removed)} from {release.service_name}"
    return f"Deploy {release.service_name} r{release.number}"
