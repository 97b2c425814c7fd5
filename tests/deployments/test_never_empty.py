"""Whatever is edited, refused, lost or killed: between any two batches every user of a name gets an answer, and never
is anybody led to a domain that is gone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from deployments.actions.settle_foundation import BEAT, settle
from deployments.apply import Cancelled, Failed, Later, Succeeded
from deployments.desired import desired
from deployments.models import Stack
from deployments.models.record import OPEN
from deployments.providers.errors import Refused, Transient
from deployments.providers.memory import Memory
from deployments.released import released
from deployments.routing.edge import TARGET_TTL_S
from tests.deployments.answers import Asker, Records, Unanswered
from tests.deployments.routing.trees import EXAMPLES, routings
from tests.deployments.worlds import Clock, Killed, approve, look, stack_of

HOST = "kv.example.test"
REGIONS = ("us-west-2", "eu-central-1", "ap-southeast-1", "eu-west-1")
ASKERS = (
    Asker(),
    Asker("EU", "UA"),
    Asker("EU", "DE"),
    Asker("NA", "US", "203.0.113.9"),
    Asker("AS", "JP", f"10.{sum(map(ord, 'eu-central-1')) % 256}.0.9"),
    Asker("AF", "NA", f"10.{sum(map(ord, 'us-west-2')) % 256}.0.9"),
)

pytestmark = pytest.mark.django_db


class Fate:
    """What happens around each call, and what users see meanwhile."""

    def __init__(self, world: Memory, clock: Clock, seed: int) -> None:
        self.world, self.clock, self.random = world, clock, random.Random(seed)
        self.badness = 0.0
        self.answered: set[tuple[str, Asker]] = set()
        self.led: set[str] = set()  # the domains that users are led to now
        self.heard: dict[str, float] = {}  # by domain: when a resolver last heard of it
        self.seen: Any = None

    def __call__(self, when: str, call: str) -> None:
        self.watch()
        if self.random.random() >= self.badness:
            return
        fate = self.random.choice(["kill", "lost", "refused"])
        if fate == "kill":
            raise Killed
        if fate == "refused" and (when, call) == ("before", "change records"):
            raise Refused("the name is not permitted", code="InvalidChangeBatch")
        unknown = when == "after" or self.random.random() < 0.3
        raise Transient("no answer", code="ReadTimeout", unknown_outcome=unknown, retry_after_s=0.1)

    def watch(self) -> None:
        """Every name that was answered still is, and what resolvers remember is still served."""
        now = self.clock.now
        self.heard.update(dict.fromkeys(self.led, now))
        if self.world.records is not self.seen:
            self.seen = self.world.records
            records = Records(self.world)
            records.assert_legal()
            self.led = set(self._ask(records))
        there = {f"{thing.physical_id}:target" for thing in self.world.things.values()}
        kept = {domain for domain, at in self.heard.items() if at + TARGET_TTL_S >= now}
        assert kept | self.led <= there, f"users are led to {kept | self.led - there}, which is gone"

    def _ask(self, records: Records) -> Iterator[str]:
        for kind in ("A", "AAAA"):
            for asker in ASKERS:
                try:
                    yield from records.ends(HOST, kind, asker)
                except Unanswered:
                    if (kind, asker) in self.answered:
                        raise
                else:
                    self.answered.add((kind, asker))


Step = tuple[dict[str, Any], dict[str, int]]  # a manifest, and the regions on their way back with their per cent


def manifest(routing: dict[str, Any], regions: list[str], interval: int = 30) -> dict[str, Any]:
    return {
        "schema": 1,
        "name": "kv",
        "account": "demo",
        "hostname": HOST,
        "regions": regions,
        "components": [
            {
                "kind": "function",
                "name": "get",
                "artifact": "sha256:" + "a" * 64,
                "handler": "app.main",
                "runtime": "python3.12",
                "memory_mb": 128,
                "routes": ["GET /get"],
            }
        ],
        "routing": routing,
        "health_check": {"path": "/health", "interval": interval},
        "safety": {"drain_s": 0},
    }


@st.composite
def manifests(draw: st.DrawFn) -> Step:
    """A service under any policy or tree, whose switch and interval vary; sometimes a region is on its way back."""
    regions = list(draw(st.permutations(REGIONS)))[: draw(st.integers(1, 4))]
    switch = draw(st.sampled_from(["region", "service"]))
    plain = draw(st.integers(0, 3)) == 0
    if len(regions) == 1:
        routing: dict[str, Any] = {"policy": "simple"}
    elif plain:
        routing = {"policy": "latency"}
    else:
        routing = draw(routings(regions))
    ramps = {draw(st.sampled_from(regions)): 10} if len(regions) > 1 and draw(st.booleans()) else {}
    return manifest({**routing, "switch": switch}, regions, draw(st.sampled_from([10, 30]))), ramps


def drive(stack: Stack, world: Memory, clock: Clock, fate: Fate) -> None:
    """Workers come, look, die, and others come, until the operation has ended; bad luck ends after a while."""
    for attempt in range(100):
        if attempt > 20:
            fate.badness = 0.0
        try:
            outcome = look(stack, world, clock)
        except Killed:
            clock.sleep(16)
            continue
        if isinstance(outcome, Later):
            clock.now = max(clock.now, outcome.at)
        elif outcome is None or isinstance(outcome, Succeeded | Cancelled | Failed):
            break
    else:
        raise AssertionError("it never ended")
    settle(stack.account, BEAT, again=True)
    for foundation in Stack.objects.filter(foundation=True, operations__status__in=OPEN):
        fate.badness = 0.0
        drive(foundation, world, clock, fate)


def assert_converged(stack: Stack, world: Memory) -> None:
    stack.refresh_from_db()
    wanted = released(stack)
    specs = {spec.ref for spec in desired(wanted)} if wanted else set()
    assert len(world.records) == len([ref for ref in specs if ref.kind == "route53_record"])


def walk(steps: list[Step], seed: int, badness: float) -> None:
    """Each step is deployed under bad luck, then once more without it: it ends as it says, nobody ever unserved."""
    delays = random.Random(seed)
    clock, world = Clock(), Memory(delay=lambda ref: delays.choice([0, 0, 1, 3]))
    stack, fate = stack_of(), Fate(world, clock, seed)
    world.chaos = fate
    for wanted, ramps in steps:
        stack.ramps = ramps
        stack.save(update_fields=["ramps"])
        for luck in (badness, 0.0) if badness else (0.0,):
            fate.badness = luck
            approve(stack, wanted)
            drive(stack, world, clock, fate)
        assert_converged(stack, world)


@settings(
    derandomize=True,
    max_examples=4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(
    steps=st.lists(manifests(), min_size=2, max_size=3),
    seed=st.integers(0, 2**32),
    badness=st.sampled_from([0.0, 0.02, 0.05]),
)
def test_no_edit_of_a_tree_leaves_anybody_without_an_answer(steps: list[Step], seed: int, badness: float) -> None:
    with transaction.atomic():
        walk(steps, seed, badness)
        transaction.set_rollback(True)


def test_every_policy_turns_into_every_other() -> None:
    """One after the other and back, so that each change of shape is done once."""
    three = ["us-west-2", "eu-central-1", "ap-southeast-1"]
    order = [EXAMPLES[name] for name in EXAMPLES]
    steps: list[Step] = [(manifest(routing, three), {}) for routing in [*order, *reversed(order[:-1])]]
    single: Step = (manifest({"policy": "simple"}, ["us-west-2"]), {})
    walk([single, *steps, single], 1, 0.0)
