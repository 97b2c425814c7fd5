"""A plan as it would be now: desired and observed through `plan/diff.py`, nothing done. Plan and drift both ask it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from deployments.apply import watches
from deployments.desired import ReleasedService, desired
from deployments.inventory import Inventory
from deployments.manifest import Manifest
from deployments.models import Release, Stack
from deployments.plan.diff import diff
from deployments.plan.model import Known, Plan, Ref, Spec
from deployments.plan.render import as_json
from deployments.providers.protocol import Provider, Target
from deployments.released import manifest_of


@dataclass(frozen=True)
class PlanView:
    """A plan as it would be now. `digest` changes with anything in it; `wait_s`: what API rates alone will cost."""

    plan: Plan
    digest: str
    wait_s: float


def preview(
    stack: Stack | None,
    wanted: ReleasedService | None,
    *,
    consent: Collection[str] = (),
    provider: Provider,
) -> PlanView:
    """What deploying `wanted` (None: destroying) would do. Reads AWS, changes nothing."""
    specs = {spec.ref: spec for spec in desired(wanted)} if wanted else {}
    inventory = Inventory(stack) if stack else None
    known = inventory.known if inventory else {}
    looked_at = [row for row in known.values() if watches(row, specs, consent)]
    targets = [_known_target(row, specs, inventory) for row in looked_at if inventory]
    # Of what was never made, what has a name of its own may have a namesake; the rest can't be there.
    targets += [
        Target(ref, spec.params, spec.context) for ref, spec in specs.items() if ref not in known and _named(spec)
    ]
    looks = {**dict.fromkeys(specs), **provider.observe(targets)}
    plan = diff(specs.values(), known, looks, traits=provider.traits, now=time.time(), consent=consent)
    body = json.dumps([as_json(plan), sorted(consent)], sort_keys=True, default=str)
    return PlanView(plan, hashlib.sha256(body.encode()).hexdigest(), provider.wait_s(plan))


def _known_target(row: Known, specs: Mapping[Ref, Spec], inventory: Inventory) -> Target:
    spec = specs.get(row.ref)
    return inventory.target(row.ref, row.params, spec.context if spec else row.context)


def _named(spec: Spec) -> bool:
    return not spec.outs


def released(stack: Stack) -> ReleasedService | None:
    """What the stack's approved release wants; None where nothing should exist."""
    release = stack.release
    return released_service(release, stack.account.account_id) if release else None


def released_service(release: Release, account_id: str) -> ReleasedService:
    return ReleasedService(manifest_of(release), account_id, release.zone_id or None)


def candidate(manifest: Manifest, account_id: str, zone_id: str | None) -> ReleasedService:
    """A manifest that nobody approved yet, for a preview."""
    return ReleasedService(manifest, account_id, zone_id)
