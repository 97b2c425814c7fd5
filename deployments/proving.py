"""Proves updated replicas, one region at a time: asks each whether it answers well (see plan/rollout.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from deployments.ground import Ground
from deployments.plan.model import Action, Change, Plan

log = structlog.get_logger(__name__)

PROBE_EVERY_S = 1.0
PROVE_WITHIN_S = 60.0
GOOD_PROBES = 2


@dataclass
class Proving:
    """`probe(region)` asks the replica there once. `rollout` is the operation's, `save` writes it."""

    ground: Ground
    rollout: dict[str, Any]
    probe: Callable[[str], bool]
    save: Callable[[], None]

    due: dict[str, float] = field(default_factory=dict)
    asking: set[str] = field(default_factory=set)

    @property
    def regions(self) -> dict[str, Any]:
        """Those that were updated and are not proven: region → {"since", "good"}."""
        found: dict[str, Any] = self.rollout.get("proving", {})
        return found

    def updated(self, change: Change, now: float) -> None:
        region = change.ref.scope
        if change.serving and change.action is Action.UPDATE and region in self.rollout.get("serving", ()):
            self.rollout.setdefault("proving", {})[region] = {"since": now, "good": 0}
            self.save()

    def start(self, plan: Plan, now: float) -> None:
        ground = self.ground
        for region, state in list(self.regions.items()):
            updating = any(
                c.ref.scope == region and c.serving and c.action is Action.UPDATE and c.ref not in ground.journal.closed
                for c in plan.changes
            ) or any(ref.scope == region for ref in ground.busy)
            if updating or region in self.asking or self.due.get(region, 0.0) > now:
                continue
            if now - state["since"] > PROVE_WITHIN_S:
                continue
            self.asking.add(region)
            ground.submit(("probe", region), self.probe, region)

    def probed(self, region: str, good: bool) -> None:
        now = self.ground.clock()
        self.asking.discard(region)
        self.due[region] = now + PROBE_EVERY_S
        state = self.regions[region]
        state["good"] = state["good"] + 1 if good else 0
        if state["good"] >= GOOD_PROBES:
            del self.rollout["proving"][region]
            log.info("replica.proven", region=region)
        self.save()

    def times(self, now: float) -> list[float]:
        """When each region that may still prove itself is asked again."""
        return [
            self.due.get(region, now)
            for region, state in self.regions.items()
            if now - state["since"] <= PROVE_WITHIN_S
        ]
