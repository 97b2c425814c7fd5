"""What the parts of a walk stand on: the stack as wanted, recorded and last seen, and the calls that are under way.

`apply.Walk` decides the order, `batches` sends records, `proving` asks updated replicas; all of them read and write
this one state, in the main thread. Never plans.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

import structlog

from deployments.inventory import Inventory
from deployments.journal import Journal
from deployments.leases import Lease
from deployments.plan.diff import consented
from deployments.plan.model import Action, Change, Known, Observed, Ref, Spec, State, Unobserved
from deployments.providers.errors import ProviderError, Transient
from deployments.providers.protocol import Provider, Target

log = structlog.get_logger(__name__)

TRIES = 8  # of a call that fails without a word why
UPDATE_STEPS = 5  # that one update may take, each shown by AWS at once
LOOK_AGAIN_S = 5.0
PROPAGATION_S = 60.0  # Route 53: "changes generally propagate within 60 seconds"; where a change's id was lost
DATA_GIVE_UP_S = 26 * 3600.0  # DynamoDB keeps a source replica for 24 h

Work = tuple[str, Any]


@dataclass
class Ground:
    """See the module. `clock` is the world's time."""

    specs: Mapping[Ref, Spec]
    inventory: Inventory
    journal: Journal
    provider: Provider
    lease: Lease
    executor: Executor
    consent: Collection[str]
    clock: Callable[[], float]

    looks: dict[Ref, Observed | Unobserved | None] = field(default_factory=dict)
    work: dict[Future[Any], Work] = field(default_factory=dict)
    busy: set[Ref] = field(default_factory=set)
    due: dict[Ref, float] = field(default_factory=dict)
    not_before: dict[Ref, tuple[float, str]] = field(default_factory=dict)
    updates: Counter[Ref] = field(default_factory=Counter)
    waited_since: dict[Ref, float] = field(default_factory=dict)
    verified: bool = True  # the first look is a look at everything

    def submit(self, work: Work, call: Callable[..., Any], *args: Any) -> None:
        self.work[self.executor.submit(call, *args)] = work

    # -- looking

    def watches(self, known: Known) -> bool:
        return watches(known, self.specs, self.consent)

    def look(self, refs: Iterable[Ref]) -> None:
        targets = [self.target(ref) for ref in refs if ref not in self.busy]
        for target in targets:
            self.due.pop(target.ref, None)
        if targets:
            refs = frozenset(target.ref for target in targets)
            self.busy |= refs
            self.submit(("look", refs), self.provider.observe, targets)

    def target(self, ref: Ref) -> Target:
        known, spec = self.inventory.known.get(ref), self.specs.get(ref)
        params = known.params if known else {}
        context = spec.context if spec else known.context if known else {}
        return self.inventory.target(ref, params, context)

    # -- what became of a call

    def took(self, change: Change, now: float) -> None:
        """AWS took an update. Beyond the steps that one may need, a look and more and more time come before the next:
        reads may be stale."""
        if change.action is Action.UPDATE:
            self.updates[change.ref] += 1
            if (more := self.updates[change.ref] - UPDATE_STEPS) >= 0:
                pause = min(0.5 * 2**more, LOOK_AGAIN_S)
                self.not_before[change.ref] = (now + pause, "AWS does not show the update yet")
                self.due[change.ref] = now + pause / 2

    def retry(self, changes: Iterable[Change], error: ProviderError, now: float, *, after_s: float) -> None:
        """Try again later; a person is asked when it has failed often, or waited for too long."""
        waiting = isinstance(error, Transient) and error.waiting
        for change in changes:
            attempts = self.journal.attempts(change) + 1
            since = self.waited_since.setdefault(change.ref, now)
            traits = self.provider.traits(change.ref.kind)
            limit = DATA_GIVE_UP_S if traits.data and change.action is Action.DELETE else traits.give_up_after_s
            if (not waiting and attempts >= TRIES) or now - since > limit:
                self.fail(change, error, now)
                continue
            pause = after_s if waiting else max(after_s, min(0.5 * 2 ** (attempts - 1), 30.0))
            self.not_before[change.ref] = (now + pause * random.uniform(0.9, 1.1), error.message)  # noqa: S311 jitter
            self.journal.note(change, error, waiting=waiting)

    def fail(self, change: Change, error: ProviderError, now: float) -> None:
        log.warning("change.refused", ref=str(change.ref), code=error.code, error=error.message)
        self.journal.fail(change.ref, change.action, code=error.code, message=error.message, mend=error.mend, now=now)


def watches(known: Known, specs: Container[Ref], consent: Collection[str]) -> bool:
    """Whether a row of the inventory is looked at: not what drains, nor what is retained and shall stay so."""
    if known.ref in specs:
        return True
    if known.state is State.RETAINED:
        return consented(known.ref, consent)
    return known.state is not State.DRAINING
