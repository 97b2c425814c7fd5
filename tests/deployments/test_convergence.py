"""Whatever dies, gets lost or is edited: the world ends as the release says, nothing twice, no record set empty."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployments.actions.settle_foundation import BEAT, settle
from deployments.apply import Cancelled, Failed, Later, Succeeded
from deployments.desired import desired
from deployments.models import Pause, Resource, Stack
from deployments.models.record import OPEN
from deployments.plan.guard import REFUSING
from deployments.plan.model import State
from deployments.preview import preview
from deployments.providers.errors import Transient
from deployments.providers.memory import Memory
from deployments.released import released
from tests.deployments.worlds import Clock, Killed, approve, look, stack_of

REGIONS = ["us-west-2", "eu-central-1", "ap-southeast-1", "eu-west-1"]
SHA = "sha256:" + "a" * 64

pytestmark = pytest.mark.django_db


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """A service of tables and functions in some regions; hostname, health check and drain vary too."""
    tables = draw(st.lists(st.sampled_from(["orders", "users"]), unique=True, max_size=2))
    functions = draw(st.lists(st.sampled_from(["get", "put", "tick"]), unique=True, min_size=1, max_size=2))
    return {
        "schema": 1,
        "name": "kv",
        "account": "demo",
        "hostname": draw(st.sampled_from(["kv.example.test", "new.example.test"])),
        "regions": draw(st.lists(st.sampled_from(REGIONS), unique=True, min_size=1, max_size=3)),
        "components": [
            *({"kind": "table", "name": name, "key": {"id": "S"}} for name in tables),
            *(
                {
                    "kind": "function",
                    "name": name,
                    "artifact": SHA,
                    "handler": "app.main",
                    "runtime": "python3.12",
                    "memory_mb": draw(st.sampled_from([128, 256])),
                    "environment": {f"T_{t.upper()}": f"${{{t}.name}}" for t in tables},
                    "routes": [] if name == "tick" else [f"GET /{name}"],
                }
                for name in functions
            ),
        ],
        "health_check": {"path": "/health", "interval": draw(st.sampled_from([10, 30]))},
        "safety": {"drain_s": draw(st.sampled_from([0, 30]))},
    }


class Fate:
    """Decides by a seed what happens around each call: nothing, an answer that gets lost, a refusal to answer, death.

    It also watches the promise that users depend on: a name that had answers keeps some, until it is given up.
    """

    def __init__(self, world: Memory, seed: int, badness: float) -> None:
        self.world, self.random, self.badness = world, random.Random(seed), badness
        self.counts: Counter[str] = Counter()
        self.served: set[str] = set()
        self.may_go: set[str] = set()

    def __call__(self, when: str, call: str) -> None:
        self.watch()
        if self.random.random() >= self.badness:
            return
        fate = self.random.choice(["kill", "lost", "lost"])
        self.counts[fate] += 1
        if fate == "kill":
            raise Killed
        unknown = when == "after" or self.random.random() < 0.3
        raise Transient("no answer", code="ReadTimeout", unknown_outcome=unknown, retry_after_s=0.1)

    def watch(self) -> None:
        names = {key[0] for key in self.world.records if key[1] == "A"}
        for name in self.served - self.may_go:
            assert name in names, f"{name} has no answer any more"
        self.served |= {name for name in names if name in {"kv.example.test", "new.example.test"}}


def drive(stack: Stack, world: Memory, clock: Clock, fate: Fate) -> None:
    """Workers come, look, die, and others come, until the operation has ended and the foundation has followed; bad luck
    ends after a while."""
    _drive(stack, world, clock, fate)
    settle(stack.account, BEAT, again=True)
    for foundation in Stack.objects.filter(foundation=True, operations__status__in=OPEN):
        fate.badness = 0.0
        _drive(foundation, world, clock, fate)


def _drive(stack: Stack, world: Memory, clock: Clock, fate: Fate) -> None:
    for attempt in range(400):
        if attempt > 40:
            fate.badness = 0.0
        if fate.random.random() < 0.2:
            assert_paused(stack, world, clock)
        try:
            outcome = look(stack, world, clock)
        except Killed:
            clock.sleep(16)
            continue
        if isinstance(outcome, Later):
            clock.now = max(clock.now, outcome.at)
        elif isinstance(outcome, Failed):
            raise AssertionError(outcome)
        elif isinstance(outcome, Succeeded | Cancelled) or outcome is None:
            return
    raise AssertionError("it never ended")


def assert_paused(stack: Stack, world: Memory, clock: Clock) -> None:
    """Somebody presses the stop button between two looks: nothing happens, however often a worker comes."""
    before = list(world.history)
    pause = Pause.objects.create(stack=stack)
    assert isinstance(look(stack, world, clock), Later | None)
    assert world.history == before
    pause.delete()


def assert_converged(stack: Stack, world: Memory) -> None:
    world.chaos = lambda when, call: None
    stack.refresh_from_db()
    wanted = released(stack)
    specs = {spec.ref for spec in desired(wanted)} if wanted else set()
    kept = {row.ref for row in Resource.objects.filter(stack=stack, state=State.RETAINED).select_related("stack")}
    things = Counter(thing.ref for thing in world.things.values() if thing.ref.stack == stack.name)
    assert all(count == 1 for count in things.values()), "something exists twice"
    assert set(things) == {ref for ref in specs if ref.kind != "route53_record"} | kept
    records = [ref for ref in specs if ref.kind == "route53_record"]
    assert len(world.records) == len(records)
    assert {row.ref for row in Resource.objects.filter(stack=stack).select_related("stack")} == specs | kept
    hostname = wanted.manifest.hostname if wanted and wanted.manifest.routes else None
    assert set(world.owners) == ({hostname} if hostname else set())
    assert preview(stack, wanted, provider=world).plan.empty


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    manifest_list=st.lists(manifests(), min_size=1, max_size=4),
    seed=st.integers(0, 2**32),
    badness=st.sampled_from([0.0, 0.02, 0.05]),
    consent=st.booleans(),
)
def test_world_converges_whatever_happens(
    manifest_list: list[dict[str, Any]], seed: int, badness: float, consent: bool
) -> None:
    with transaction.atomic():
        delays = random.Random(seed)
        world = Memory(delay=lambda ref: delays.choice([0, 0, 1, 3]))
        fate = Fate(world, seed, badness)
        clock, stack = Clock(), stack_of()
        names = ["orders", "users"] if consent else []
        for manifest in [*manifest_list, manifest_list[0], None]:
            routed = manifest is not None and any(c.get("routes") for c in manifest["components"])
            fate.may_go = {"kv.example.test", "new.example.test"} - ({manifest["hostname"]} if routed else set())
            fate.served = {key[0] for key in world.records} & {"kv.example.test", "new.example.test"} - fate.may_go
            fate.badness, world.chaos = badness, fate
            # who gives up a name that the manifest still has must override the guards
            approve(stack, manifest, consent=names, override=() if routed else REFUSING)
            drive(stack, world, clock, fate)
            assert_converged(stack, world)
        if consent:
            assert not world.things, "the last service takes the foundation with it"
        transaction.set_rollback(True)


def test_edit_that_is_not_deployed_changes_nothing() -> None:
    """A look without an open operation calls nothing."""
    stack, world, clock = stack_of(), Memory(), Clock()
    assert look(stack, world, clock) is None
    assert world.history == []


def test_retained_data_is_taken_back_into_use_or_goes_with_consent() -> None:
    """What a removal retained stands as it was; naming it wants it again, and consent lets it go."""
    manifest = {
        "schema": 1,
        "name": "kv",
        "account": "demo",
        "regions": ["us-west-2"],
        "components": [{"kind": "table", "name": "orders", "key": {"id": "S"}}],
    }
    stack, world, clock = stack_of(), Memory(), Clock()
    for wanted, consent, tables in (
        (manifest, [], 1),
        (None, [], 1),
        (manifest, [], 1),
        (None, [], 1),
        (None, ["orders"], 0),
    ):
        approve(stack, wanted, consent=consent)
        assert look(stack, world, clock) == Succeeded()
        assert len(world.things) == tables
    assert [line.split("/")[0] for line in world.history] == ["create kv", "delete kv"]
    assert not Resource.objects.exists()
