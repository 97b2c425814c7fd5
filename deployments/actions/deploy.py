"""Deploy: freeze the draft as a release, and open the operation that makes it true. A worker does the rest."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from deployments.actions.actor import Actor
from deployments.actions.approval import approve
from deployments.actions.consent import check_consent
from deployments.actions.draft import locked
from deployments.actions.operations import begin, refuse_open
from deployments.actions.stacks import stack_for
from deployments.manifests import region_codes
from deployments.models import Operation, Release, Service


@dataclass(frozen=True)
class Deploy:
    """`destroy_data`: components whose data may be lost where the new release has no place for them."""

    service: Service
    actor: Actor
    destroy_data: Collection[str] = ()

    def check(self) -> None:
        self.actor.check(self.service)
        stack = getattr(self.service, "stack", None)
        if stack is not None:
            refuse_open(stack)
        check_consent(self.service, stack, self.destroy_data)

    def execute(self) -> Operation:
        with transaction.atomic():
            service = locked(self.service)
            stack = stack_for(service)
            Deploy(service, self.actor, self.destroy_data).check()
            before = stack.release
            release = approve(service).release(service)
            if release._state.adding:
                release.created_by = self.actor.user
                release.save()
            stack.release = release
            return begin(
                stack,
                verb="deploy",
                title=title(before, release),
                release=release,
                consent=self.destroy_data,
                actor=self.actor,
            )


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
