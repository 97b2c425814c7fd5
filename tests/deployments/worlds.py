"""Builders for tests of the engine: a stack, a release, an operation, and a process that can die."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

from deployments import reconcile
from deployments.actions.settle_foundation import BEAT, settle
from deployments.apply import Later, Outcome
from deployments.manifest import parse, render
from deployments.models import Lease, Operation, Release, Stack
from deployments.providers.memory import Memory
from regions import catalogue
from regions.models import Account

ZONE = "Z0ZONE"


class Killed(BaseException):
    """`kill -9`: nothing after this line runs."""


class Inline(Executor):
    """Runs each call at once, in this thread: the same order each time."""

    def submit(self, call: Any, /, *args: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(call(*args, **named))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass
class Clock:
    """Time that passes only when somebody sleeps."""

    now: float = field(default_factory=time.time)

    def __call__(self) -> float:
        self.now += 0.001
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def account(name: str = "demo") -> Account:
    return Account.objects.get_or_create(name=name, defaults={"account_id": "000000000000"})[0]


def stack_of(name: str = "kv") -> Stack:
    return Stack.objects.get_or_create(name=name, defaults={"account": account()})[0]


def approve(
    stack: Stack, manifest: dict[str, Any] | None, *, consent: list[str] | None = None, override: Sequence[str] = ()
) -> Operation:
    """What the deploy action writes down; None: destroy."""
    number = Release.objects.filter(service_name=stack.name).count() + 1
    release = None
    if manifest is not None:
        parsed = parse(manifest, known_regions=catalogue.regions(), accounts=["demo"])
        release = Release.objects.create(service_name=stack.name, number=number, manifest=render(parsed), zone_id=ZONE)
    stack.release = release
    stack.save(update_fields=["release"])
    operation = Operation.objects.create(
        stack=stack,
        verb="deploy" if manifest else "destroy",
        title="test",
        release=release,
        consent=consent or [],
        override={"guards": list(override)},
    )
    settle(stack.account, BEAT, again=True)
    return operation


def look(stack: Stack, world: Memory, clock: Clock, **named: Any) -> Outcome | None:
    """One worker's look, in this process, and what follows for the foundation; the lease of a dead one has run out."""
    named = {
        "provider": lambda _: world,
        "probe": lambda stack, region: True,
        "executor": Inline(),
        "clock": clock,
        "sleep": clock.sleep,
        **named,
    }
    Lease.objects.all().delete()
    outcome = reconcile.look(stack.pk, **named)
    ended = outcome is not None and not isinstance(outcome, Later)
    if ended and (follows := settle(stack.account, BEAT)):
        reconcile.look(follows.stack_id, **named)
    return outcome
