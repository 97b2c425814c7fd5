"""Updates of serving replicas go one region at a time: which may go now. Pure.

A region is *proving* from its first update until it answered well again; it goes on with its own updates meanwhile,
and no other serving region begins. Creates, deletes and regions that were not up before are not held.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from deployments.plan.model import Action, Change, Plan, Ref, Waiting


def hold(
    plan: Plan,
    *,
    order: Sequence[str],
    serving: Collection[str],
    proving: Collection[str],
    without: Collection[Ref] = (),
) -> Plan:
    """The plan with the updates of later serving regions waiting.

    order    the service's regions, as in its manifest
    serving  those that were up when the operation began
    proving  those already updated, not yet proven healthy
    without  what is left out, and so is not waited for
    """
    coming = [change for change in plan.changes if change.ref not in without]
    pending = [region for region in order if any(_held(change, serving, region) for change in coming)]
    current = set(proving) or set(pending[:1])
    if not current:
        return plan
    why = Waiting(f"until {', '.join(sorted(current))} is updated and healthy")
    return replace(
        plan,
        changes=tuple(
            replace(change, waiting=(*change.waiting, why))
            if change.ref.scope not in current and _held(change, serving, change.ref.scope)
            else change
            for change in plan.changes
        ),
    )


def _held(change: Change, serving: Collection[str], region: str) -> bool:
    return change.serving and change.action is Action.UPDATE and change.ref.scope == region and region in serving
