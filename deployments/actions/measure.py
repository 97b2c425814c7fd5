"""Measure: read now how much each retained resource holds, which is what keeping it is billed by.

Reads AWS; writes what it found, and when, into the inventory. What can't be looked at keeps what was known before.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from deployments.access import OPERATE, scope_of
from deployments.actions.actor import Actor
from deployments.actions.refused import ActionRefused
from deployments.inventory import known_of
from deployments.models import Resource
from deployments.plan.model import State
from deployments.providers.errors import ProviderError
from deployments.providers.protocol import Provider, Target
from deployments.worlds import provider_of

log = structlog.get_logger()

THREADS = 8
AT_ONCE = 200
FACTS = "facts"


@dataclass(frozen=True)
class Measure:
    """Of all retained resources that the actor may operate; what was measured longest ago first."""

    actor: Actor

    def check(self) -> None:
        if self.actor.user is not None and scope_of(self.actor.user, OPERATE).nowhere:
            self.actor.check()

    def execute(self) -> int:
        """How many were measured."""
        self.check()
        rows = list(self._rows())
        providers = {row.stack.account_id: provider_of(row.stack.account) for row in rows}
        with ThreadPoolExecutor(THREADS, thread_name_prefix="measure") as threads:
            asked = [(providers[row.stack.account_id], _target(row)) for row in rows]
            found = list(threads.map(lambda each: _facts(*each), asked))
        now = timezone.now().isoformat()
        measured = [(row, facts) for row, facts in zip(rows, found, strict=True) if facts is not None]
        for row, facts in measured:
            outputs = {**row.outputs, FACTS: {**facts, "measured_at": now}}
            Resource.objects.filter(pk=row.pk, state=State.RETAINED).update(outputs=outputs)
        log.info("retained.measured", resources=len(measured), actor=str(self.actor), via=self.actor.via)
        if rows and not measured:
            raise ActionRefused(502, "aws", "None of them could be looked at.", "Try again in a moment.")
        return len(measured)

    def _rows(self) -> QuerySet[Resource]:
        retained = Resource.objects.filter(state=State.RETAINED).select_related("stack__account", "stack__service")
        if self.actor.user is not None:
            scope = scope_of(self.actor.user, OPERATE)
            retained = retained.filter(scope.rows(account="stack__account", service="stack__service"))
        return retained.order_by("outputs__facts__measured_at", "pk")[:AT_ONCE]


def _target(row: Resource) -> Target:
    known = known_of(row)
    return Target(known.ref, known.params, known.context, known.physical_id, outputs=known.outputs)


def _facts(provider: Provider, target: Target) -> dict[str, object] | None:
    try:
        return dict(provider.facts(target))
    except ProviderError as error:
        log.warning("retained.unmeasured", ref=str(target.ref), error=error.message)
        return None
