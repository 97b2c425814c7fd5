"""A plan as it would be now: desired and observed through `plan/diff.py`, nothing done. Plan and drift both ask it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from deployments.desired import ReleasedService, desired
from deployments.ground import watches
from deployments.inventory import Inventory
from deployments.manifest import Manifest, render
from deployments.models import Stack
from deployments.neighbours import Neighbours
from deployments.plan.diff import diff
from deployments.plan.guard import Guard, judge
from deployments.plan.model import Action, Known, Observed, Plan, Ref, Spec, State
from deployments.plan.preflight import Preflight
from deployments.plan.render import as_json, change_json, lines, ref_json
from deployments.providers.aws.provider import discover
from deployments.providers.protocol import Provider, Target
from deployments.rotation import rotation_of


@dataclass(frozen=True)
class PlanView:
    """A plan as it would be now.

    digest     changes with anything that it would change; not with what it waits for, nor with time
    wait_s     what API rates alone will cost
    guards     what they say of it, the refusing ones first
    preflight  quotas, cost and waits; None: not asked for
    id         under which it is kept; None: it is not
    """

    plan: Plan
    digest: str
    wait_s: float
    guards: tuple[Guard, ...] = ()
    preflight: Preflight | None = None
    id: int | None = None

    def lines(self) -> list[str]:
        """The plan for people, then what guards say, then the preflight."""
        told = self.preflight.lines() if self.preflight else []
        return [*lines(self.plan), *(guard.line() for guard in self.guards), *told]

    def as_json(self) -> dict[str, Any]:
        """The shape of the REST API, as JSON values."""
        body = {
            **as_json(self.plan),
            "guards": [guard.as_json() for guard in self.guards],
            "preflight": self.preflight.as_json() if self.preflight else None,
            "lines": self.lines(),
            "wait_s": self.wait_s,
        }
        told: dict[str, Any] = json.loads(json.dumps(body, default=str))
        return {"id": self.id, "digest": self.digest, **told}


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
    targets = known_targets(inventory, specs, consent) if inventory else []
    # Of what was never made, what has a name of its own may have a namesake; the rest can't be there.
    targets += [
        Target(ref, spec.params, spec.context)
        for ref, spec in specs.items()
        if ref not in known and _named(spec, provider)
    ]
    now = time.time()
    looks = {**dict.fromkeys(specs), **provider.observe(targets), **Neighbours.of(specs.values()).looks(now)}
    plan = diff(specs.values(), known, looks, traits=provider.traits, now=now, consent=consent)
    guards = judge(plan, rotation_of(stack, wanted, specs, known, looks, timezone.now()))
    return PlanView(plan, digest_of(plan, wanted, known, consent), provider.wait_s(plan), guards)


def guards_by_inventory(stack: Stack | None, wanted: ReleasedService) -> tuple[Guard, ...]:
    """What guards say of deploying `wanted` if the world is as the inventory has it: for a deploy without a plan,
    which asks AWS nothing. The worker judges again by what it sees."""
    specs = {spec.ref: spec for spec in desired(wanted)}
    known = Inventory(stack).known if stack else {}
    looks = {ref: _believed(row) for ref, row in known.items()}
    kinds = discover()
    now = time.time()
    plan = diff(
        specs.values(),
        known,
        {**dict.fromkeys(specs), **looks, **Neighbours.of(specs.values()).looks(now)},
        traits=lambda kind: kinds[kind].traits,
        now=now,
    )
    return judge(plan, rotation_of(stack, wanted, specs, known, None, timezone.now()))


def digest_of(plan: Plan, wanted: ReleasedService | None, known: Mapping[Ref, Known], consent: Collection[str]) -> str:
    """The hash of what would be changed, of what for, and with which consent.

    Left out: reasons, what is waited for, and the rows of drained records, which are forgotten as time passes.
    """
    changes = [
        {"action": change.action.value, "stack": change.ref.stack, **change_json(change), "reason": ""}
        for change in plan.changes
        if not (change.action is Action.FORGET and change.ref in known and known[change.ref].state is State.DRAINING)
    ]
    problems = [{**ref_json(problem.ref), "code": problem.code} for problem in plan.problems]
    body = {
        "changes": sorted(changes, key=_place),
        "problems": sorted(problems, key=_place),
        "consent": sorted(consent),
        "document": render(wanted.manifest) if wanted else None,
        "zone": wanted.zone_id if wanted else None,
        "destroying": wanted is None,
    }
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()


def _place(one: Mapping[str, Any]) -> tuple[str, str, str]:
    return one["region"], one["kind"], one["name"]


def _believed(row: Known) -> Observed | None:
    if row.state is State.PENDING:
        return None
    return Observed(row.physical_id, row.params, row.outputs)


def known_targets(inventory: Inventory, specs: Mapping[Ref, Spec], consent: Collection[str] = ()) -> list[Target]:
    """What of the inventory is looked at, as a provider finds it."""
    rows = [row for row in inventory.known.values() if watches(row, specs, consent)]
    return [
        inventory.target(row.ref, row.params, specs[row.ref].context if row.ref in specs else row.context)
        for row in rows
    ]


def _named(spec: Spec, provider: Provider) -> bool:
    """By params that are known already: all of them; of a record its name, as where it was taken over."""
    return not spec.outs or (provider.traits(spec.ref.kind).batched and isinstance(spec.params["name"], str))


def candidate(manifest: Manifest, account_id: str, zone_id: str | None) -> ReleasedService:
    """A manifest that nobody approved yet, for a preview."""
    return ReleasedService(manifest, account_id, zone_id)
