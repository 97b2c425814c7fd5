"""One holder's walk through a stack's plan: do what is ready, look at what is under way, plan again, until it is empty.

Worker threads run provider calls only; this, the main thread, plans, journals and keeps the lease. What is here is
order and bookkeeping: what to do is decided in `plan/`, how it is done in `providers/`.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from deployments import leases
from deployments.fencing import Generations
from deployments.inventory import Inventory
from deployments.journal import Journal
from deployments.leases import Lease
from deployments.plan.diff import CALLS, DELETING, diff
from deployments.plan.model import (
    Action,
    Change,
    Known,
    Observed,
    Params,
    Plan,
    Ref,
    Spec,
    State,
    Unobserved,
    Waiting,
)
from deployments.plan.rollout import hold
from deployments.providers.errors import Conflict, Fenced, ProviderError, Refused, Transient
from deployments.providers.protocol import Batch, Fence, Provider, RecordChange, Target

log = structlog.get_logger(__name__)

LEAVE_AFTER_S = 10.0  # a holder stays while its next look is nearer than this
TRIES = 8  # of a call that fails without a word why
UPDATE_STEPS = 5  # that one update may take, each shown by AWS at once
UPDATES = 15  # that AWS took, of one thing in one walk: more means that it never shows what we ask for
FRESH_S = 5.0  # AWS's reads may be stale for so long after a write
BLIND_S = 300.0  # nothing but "could not be looked at" for so long: tell a person
LOOK_AGAIN_S = 5.0
PROPAGATION_S = 60.0  # Route 53: "changes generally propagate within 60 seconds"; where a change's id was lost
DATA_GIVE_UP_S = 26 * 3600.0  # DynamoDB keeps a source replica for 24 h
PROBE_EVERY_S = 1.0
PROVE_WITHIN_S = 60.0
GOOD_PROBES = 2
GATHER_S = 0.02
BATCH_GATHERS_S = 0.3  # a batch of records waits so long for others that are about to be ready


@dataclass(frozen=True)
class Succeeded:
    """The plan is empty, by a fresh look at everything."""


@dataclass(frozen=True)
class Failed:
    error: str
    mend: str


@dataclass(frozen=True)
class Cancelled:
    """Nothing runs any more; what was made stays, and the next plan goes on from there."""


@dataclass(frozen=True)
class Later:
    """Nothing to do before `at` (epoch seconds): the lease is free until then."""

    at: float


Outcome = Succeeded | Failed | Cancelled | Later
Work = tuple[str, Any]


@dataclass
class Walk:
    """See the module. `probe(region)` asks the replica there once; `clock` and `sleep` are the world's time."""

    specs: Mapping[Ref, Spec]
    regions: Sequence[str]
    inventory: Inventory
    journal: Journal
    provider: Provider
    lease: Lease
    executor: Executor
    generations: Callable[[str, str], Generations]  # of a hostname in a zone
    fences: dict[str, Generations]  # by hostname: those that the stack left in its zones
    consent: Collection[str]
    rollout: dict[str, Any]
    probe: Callable[[str], bool]
    cancelled: Callable[[], bool]
    save_rollout: Callable[[], None]
    watched: Callable[[Inventory], None]
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    looks: dict[Ref, Observed | Unobserved | None] = field(default_factory=dict)
    work: dict[Future[Any], Work] = field(default_factory=dict)
    busy: set[Ref] = field(default_factory=set)
    due: dict[Ref, float] = field(default_factory=dict)
    not_before: dict[Ref, tuple[float, str]] = field(default_factory=dict)
    updates: Counter[Ref] = field(default_factory=Counter)
    waited_since: dict[Ref, float] = field(default_factory=dict)
    bisected: deque[tuple[Change, ...]] = field(default_factory=deque)
    record_due: float | None = None
    sending: bool = False
    probe_due: dict[str, float] = field(default_factory=dict)
    probing: set[str] = field(default_factory=set)
    blind_since: float | None = None
    verified: bool = True  # the first look is a look at everything
    generation_due: float = 0.0

    def run(self) -> Outcome:
        self.look(self.everything())
        while True:
            self.lease.keep()
            now = self.clock()
            stopping = self.cancelled()
            if not self.looks_complete():
                self.collect(1.0)
                continue
            plan = self.plan(now)
            self.journal.follow(plan, busy=self.busy, now=now)
            self.watched(self.inventory)
            if not stopping and self.start(plan, now):
                continue
            if self.work:
                self.collect(self.patience(now))
                continue
            if stopping:
                return Cancelled()
            if self.bookkeeping(plan):
                continue
            if plan.empty and not self.rollout.get("proving") and not self.abandoned():
                if self.verified:
                    return Succeeded()
                self.verified = True
                self.look(self.everything())
                continue
            at = self.next_time(plan, now)
            if at is None:
                return self.stuck(plan)
            if at - now > LEAVE_AFTER_S:
                return Later(at)
            self.rest(at)

    def rest(self, until: float) -> None:
        """Nothing changes before then, unless somebody cancels."""
        self.sleep(0.01)
        while (left := until - self.clock()) > 0 and not self.cancelled():
            self.lease.keep()
            self.sleep(min(left, 0.5))

    # -- looking

    def everything(self) -> list[Ref]:
        """What the inventory knows. What it does not know was never attempted: its create finds a namesake."""
        self.looks.update({ref: None for ref in self.specs if ref not in self.inventory.known})
        return [ref for ref, known in self.inventory.known.items() if self.watches(known)]

    def looks_complete(self) -> bool:
        return all(ref in self.looks for ref in self.specs) and all(
            ref in self.looks or not self.watches(known) for ref, known in self.inventory.known.items()
        )

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

    def plan(self, now: float) -> Plan:
        plan = diff(
            self.specs.values(),
            self.inventory.known,
            self.looks,
            traits=self.provider.traits,
            now=now,
            consent=self.consent,
            busy=self.busy,
            held=lambda change: self.held(change, now),
        )
        proving = self.rollout.get("proving", {})
        return hold(plan, order=self.regions, serving=self.rollout.get("serving", ()), proving=proving)

    def held(self, change: Change, now: float) -> Waiting | None:
        """A change that a person must mend, or whose next try is not due yet."""
        if self.journal.refuses(change):
            return Waiting("AWS refused it; see the step")
        at, why = self.not_before.get(change.ref, (0.0, ""))
        return Waiting(why, until=at) if at > now else None

    # -- doing

    def start(self, plan: Plan, now: float) -> bool:
        """Start what is ready; true where a change of the inventory alone was done, so that the plan is another."""
        ready = plan.ready()
        booked = [change for change in ready if change.action in {Action.RETAIN, Action.FORGET}]
        for change in booked:
            self.book(change, now)
        calls = [c for c in ready if c.action in CALLS and not self.endless(c, now)]
        self.start_calls([c for c in calls if not self.provider.traits(c.ref.kind).batched], now)
        self.start_batch([c for c in calls if self.provider.traits(c.ref.kind).batched], now)
        self.look(list(self.looking_due(plan, now)))
        self.start_probes(plan, now)
        return bool(booked)

    def took(self, change: Change, now: float) -> None:
        """AWS took an update. Beyond the steps that one may need, a look and more and more time come before the next:
        reads may be stale."""
        if change.action is Action.UPDATE:
            self.updates[change.ref] += 1
            if (more := self.updates[change.ref] - UPDATE_STEPS) >= 0:
                pause = min(0.5 * 2**more, LOOK_AGAIN_S)
                self.not_before[change.ref] = (now + pause, "AWS does not show the update yet")
                self.due[change.ref] = now + pause / 2

    def endless(self, change: Change, now: float) -> bool:
        """AWS takes the update again and again and never shows what was asked for: only a person can tell why."""
        if change.action is not Action.UPDATE or self.updates[change.ref] < UPDATES:
            return False
        first = change.differences[0]
        self.journal.fail(
            change.ref,
            change.action,
            code="never_converges",
            message=f"after {UPDATES} updates {first.path} is still {first.before!r}, not {first.after!r}",
            mend=f"Set {first.path} to what AWS shows, or stop what else changes it in AWS, then deploy again.",
            now=now,
        )
        return True

    def start_calls(self, changes: list[Change], now: float) -> None:
        if not changes:
            return
        self.verified = False
        self.lease.keep()
        self.inventory.begin(changes, self.specs)
        self.journal.start(changes, now=now)
        for change in changes:
            self.busy.add(change.ref)
            target = self.inventory.target(change.ref, change.params, change.context)
            if change.action is Action.CREATE:
                self.submit(("change", change), self.provider.create, target)
            elif change.action is Action.UPDATE:
                self.submit(("change", change), self.provider.update, target, change.before)
            else:
                self.submit(("change", change), self.provider.delete, target)

    def book(self, change: Change, now: float) -> None:
        """Changes of the inventory alone."""
        self.verified = False
        known = self.inventory.known[change.ref]
        self.journal.start([change], now=now)
        if change.action is Action.RETAIN:
            self.inventory.retain(change.ref)
        elif known.drain_s and known.state is not State.DRAINING:  # gone without us knowing since when
            self.inventory.draining(change.ref, change_id="")
            self.inventory.drained(change.ref, until=now + PROPAGATION_S + known.drain_s)
        else:
            self.inventory.forget(change.ref)
        self.looks.pop(change.ref, None)
        self.due.pop(change.ref, None)
        self.journal.succeed([change], now=now)
        log.info("change.booked", ref=str(change.ref), action=change.action.value)

    def looking_due(self, plan: Plan, now: float) -> Iterable[Ref]:
        """What is under way and worth another look, and what could not be looked at."""
        for ref, waiting in plan.underway:
            if ref in self.busy:
                continue
            known = self.inventory.known.get(ref)
            if known is not None and known.state is State.DRAINING:
                self.ask_insync(ref, now)
                continue
            if self.gave_up(ref, waiting, now):
                continue
            if self.due.setdefault(ref, now + self.provider.traits(ref.kind).poll_after_s) <= now:
                yield ref
        for problem in plan.problems:
            if problem.code == "unobserved" and self.due.setdefault(problem.ref, now + LOOK_AGAIN_S) <= now:
                yield problem.ref
        wanted = {ref for ref, at in self.due.items() if at <= now} - {ref for ref, _ in plan.underway} - self.busy
        rows = self.inventory.known
        yield from (ref for ref in wanted if ref in self.specs or (ref in rows and self.watches(rows[ref])))

    def gave_up(self, ref: Ref, waiting: Waiting, now: float) -> bool:
        since = self.inventory.not_ready_since(ref)
        limit = self.provider.traits(ref.kind).give_up_after_s
        if ref in self.journal.refused:
            return True
        if since is None or now - since < limit:
            return False
        self.journal.fail(
            ref,
            Action.CREATE,
            code="gave_up",
            message=f"still {waiting.why} after {limit:.0f} s",
            mend="Look at it in the AWS console, then retry: the next operation goes on waiting from the start.",
            now=now,
        )
        return True

    # -- records: one batch at a time, fenced by the owner record

    def start_batch(self, ready: list[Change], now: float) -> None:
        if self.sending:
            return
        for change in ready:
            hostname = self.hostname(change)
            if hostname not in self.fences:
                self.fences[hostname] = self.generations(hostname, _record(change)["zone_id"])
        for hostname, fence in self.fences.items():
            if fence.unsure:
                if now >= self.generation_due:
                    self.sending = True
                    self.submit(
                        ("generation", fence), self.provider.owner_generation, fence.row.zone_id, hostname, fence.owner
                    )
                return
        if self.bisected:
            still = {change.ref for change in ready}
            part = tuple(change for change in self.bisected.popleft() if change.ref in still)
            if part:
                self.send(self.hostname(part[0]), part, now)
            return
        if not ready:
            self.record_due = None
            if (left := self.abandoned()) and now >= self.generation_due:
                self.send(left, (), now)
            return
        self.record_due = self.record_due or now + BATCH_GATHERS_S
        if now >= self.record_due or not self.work:
            self.record_due = None
            first = self.hostname(ready[0])
            self.send(first, tuple(change for change in ready if self.hostname(change) == first), now)

    @staticmethod
    def hostname(change: Change) -> str:
        """The host name whose owner record fences this record."""
        return str(change.context["hostname"])

    def abandoned(self) -> str | None:
        """A host name of which nothing is left but its owner record."""
        used = {known.context.get("hostname") for known in self.inventory.known.values()}
        used |= {spec.context.get("hostname") for spec in self.specs.values()}
        return next((name for name, fence in self.fences.items() if fence.row.present and name not in used), None)

    def send(self, hostname: str, changes: tuple[Change, ...], now: float) -> None:
        generations = self.fences[hostname]
        zone = leases.acquire(f"zone:{generations.row.zone_id}")
        if zone is None:  # another service's batch is on its way
            self.record_due = self.generation_due = now + 0.1
            return
        self.verified = False
        self.lease.keep()
        self.inventory.begin(changes, self.specs)
        self.journal.start(changes, now=now)
        going = {change.ref for change in changes if change.action is Action.DELETE}
        coming = {change.ref for change in changes} - going
        staying = coming | {
            ref
            for ref, known in self.inventory.known.items()
            if known.context.get("hostname") == hostname and self.looks.get(ref) is not None
        }
        fence = generations.next(last=not staying - going)
        batch = Batch(
            generations.row.zone_id,
            tuple(
                RecordChange(
                    change.ref,
                    None if change.action is Action.CREATE else change.before,
                    None if change.action is Action.DELETE else change.params,
                )
                for change in changes
            ),
            fence,
        )
        self.sending = True
        self.busy |= {change.ref for change in changes}
        self.submit(("batch", (changes, fence, zone)), self.provider.change_records, batch)

    def batch_done(self, future: Future[str], changes: tuple[Change, ...], fence: Fence, zone: Lease) -> None:
        now = self.clock()
        generations = self.fences[fence.hostname]
        self.sending = False
        self.busy -= {change.ref for change in changes}
        zone.release()
        try:
            change_id = future.result()
        except Fenced as error:  # nothing was done: the zone's owner record tells where we are
            log.warning("batch.fenced", hostname=fence.hostname, generation=fence.before)
            self.due.update({change.ref: now for change in changes})
            self.retry(changes, error, now, after_s=0.0)
        except Refused as error:
            generations.refused()
            self.generation_due = now + LOOK_AGAIN_S
            self.batch_refused(changes, error, now)
        except Transient as error:
            if not error.unknown_outcome:
                generations.refused()
            self.generation_due = now + error.retry_after_s
            self.due.update({change.ref: now for change in changes})
            self.retry(changes, error, now, after_s=error.retry_after_s)
        else:
            generations.sent(fence)
            self.records_changed(changes, change_id, now)

    def records_changed(self, changes: tuple[Change, ...], change_id: str, now: float) -> None:
        made = {
            change.ref: Observed(
                physical_id=change.params["name"],
                params=change.params,
                outputs={"name": change.params["name"], "change_id": change_id},
                ready=False,
                status="PENDING",
            )
            for change in changes
            if change.action is not Action.DELETE
        }
        self.looks.update(made)
        self.inventory.landed(made, self.specs, now=now)
        self.due.update(dict.fromkeys(made, now))
        for change in changes:
            log.info("change.applied", ref=str(change.ref), action=change.action.value, change_id=change_id)
            self.took(change, now)
            if change.action is Action.DELETE:
                self.looks[change.ref] = None
                self.inventory.draining(change.ref, change_id=change_id)
                self.due[change.ref] = now
        self.journal.succeed([c for c in changes if c.action is Action.DELETE], now=now)

    def batch_refused(self, changes: tuple[Change, ...], error: Refused, now: float) -> None:
        """Halve it until the guilty one stands alone; records of one name and type stay together."""
        sets: dict[tuple[Any, Any], list[Change]] = {}
        for change in changes:
            record = _record(change)
            sets.setdefault((record.get("name"), record.get("type")), []).append(change)
        if len(sets) <= 1:
            for change in changes:
                self.fail(change, error, now)
            return
        parts = list(sets.values())
        middle = len(parts) // 2
        for half in (parts[middle:], parts[:middle]):
            self.bisected.appendleft(tuple(change for part in half for change in part))

    def ask_insync(self, ref: Ref, now: float) -> None:
        known = self.inventory.known[ref]
        change_id = known.outputs.get("change_id")
        if known.hold_until is not None:
            self.due.pop(ref, None)
            return
        if ref in self.busy or self.due.get(ref, 0.0) > now:
            return
        if not change_id:  # killed between the batch and its note
            self.inventory.drained(ref, until=now + PROPAGATION_S + known.drain_s)
            return
        self.busy.add(ref)
        self.submit(("insync", ref), self.provider.records_insync, change_id)

    # -- proving updated replicas, one region at a time

    def start_probes(self, plan: Plan, now: float) -> None:
        proving: dict[str, Any] = self.rollout.get("proving", {})
        for region, state in list(proving.items()):
            updating = any(
                c.ref.scope == region and c.serving and c.action is Action.UPDATE and c.ref not in self.journal.refused
                for c in plan.changes
            ) or any(ref.scope == region for ref in self.busy)
            if updating or region in self.probing or self.probe_due.get(region, 0.0) > now:
                continue
            if now - state["since"] > PROVE_WITHIN_S:
                continue
            self.probing.add(region)
            self.submit(("probe", region), self.probe, region)

    def probed(self, region: str, good: bool) -> None:
        now = self.clock()
        self.probing.discard(region)
        self.probe_due[region] = now + PROBE_EVERY_S
        state = self.rollout["proving"][region]
        state["good"] = state["good"] + 1 if good else 0
        if state["good"] >= GOOD_PROBES:
            del self.rollout["proving"][region]
            log.info("replica.proven", region=region)
        self.save_rollout()

    def updated(self, change: Change, now: float) -> None:
        region = change.ref.scope
        if change.serving and change.action is Action.UPDATE and region in self.rollout.get("serving", ()):
            self.rollout.setdefault("proving", {})[region] = {"since": now, "good": 0}
            self.save_rollout()

    # -- results

    def submit(self, work: Work, call: Callable[..., Any], *args: Any) -> None:
        self.work[self.executor.submit(call, *args)] = work

    def collect(self, timeout_s: float) -> None:
        done, running = wait(self.work, timeout=timeout_s, return_when=FIRST_COMPLETED)
        if done and running:  # planning costs more than waiting a moment for those that end together
            done = wait(self.work, timeout=GATHER_S).done
        changed: list[tuple[Change, Future[Any]]] = []
        for future in done:
            kind, subject = self.work.pop(future)
            if kind == "change":
                changed.append((subject, future))
            elif kind == "look":
                self.looked(subject, future)
            elif kind == "batch":
                self.batch_done(future, *subject)
            elif kind == "generation":
                self.generation_read(subject, future)
            elif kind == "insync":
                self.insync_read(subject, future)
            else:
                self.probed(subject, future.exception() is None and bool(future.result()))
        if changed:
            self.changes_done(changed)

    def changes_done(self, done: list[tuple[Change, Future[Any]]]) -> None:
        now = self.clock()
        landed: dict[Ref, Observed] = {}
        succeeded = []
        for change, future in done:
            self.busy.discard(change.ref)
            try:
                look = future.result()
            except Transient as error:
                if error.unknown_outcome:
                    self.due[change.ref] = now
                self.retry([change], error, now, after_s=error.retry_after_s)
                continue
            except (Refused, Conflict) as error:
                self.fail(change, error, now)
                continue
            self.waited_since.pop(change.ref, None)
            log.info("change.applied", ref=str(change.ref), action=change.action.value)
            if look is None:  # deleted, or on its way out: the next look tells
                gone = self.looks[change.ref]
                assert isinstance(gone, Observed)
                self.looks[change.ref] = replace(gone, ready=False, status=DELETING)
                self.due[change.ref] = now
            else:
                self.looks[change.ref] = landed[change.ref] = look
                self.took(change, now)
                if look.ready:
                    succeeded.append(change)
                self.updated(change, now)
        self.inventory.landed(landed, self.specs, now=now)
        self.journal.succeed(succeeded, now=now)

    def looked(self, refs: frozenset[Ref], future: Future[Any]) -> None:
        now = self.clock()
        self.busy -= refs
        found = future.result()
        for ref in refs:
            look = found.get(ref)
            before = self.looks.get(ref)
            if look is None and isinstance(before, Observed) and now - self.inventory.landed_at(ref) < FRESH_S:
                known = self.inventory.known.get(ref)
                if known is not None and ref in self.specs:  # a read may be stale right after the write
                    look = replace(before, ready=False, status="not visible yet")
            self.looks[ref] = look
        ours = {
            ref: look
            for ref in refs
            if isinstance(look := self.looks[ref], Observed) and (look.ours or self.adopted(ref))
        }
        self.inventory.landed(ours, self.specs, now=now)

    def adopted(self, ref: Ref) -> bool:
        known = self.inventory.known.get(ref)
        return known is not None and known.state is State.ADOPTED

    def generation_read(self, fence: Generations, future: Future[Any]) -> None:
        now = self.clock()
        self.sending = False
        records = [
            ref for ref, known in self.inventory.known.items() if known.context.get("hostname") == fence.row.hostname
        ]
        try:
            fence.reread(future.result())
        except Conflict as error:
            fence.foreign()
            for ref in records:
                self.journal.fail(ref, Action.CREATE, code=error.code, message=error.message, mend=error.mend, now=now)
        except ProviderError as error:
            log.warning("generation.unread", error=error.message)
            self.generation_due = now + LOOK_AGAIN_S
        else:
            self.look([ref for ref in records if ref in self.looks])

    def insync_read(self, ref: Ref, future: Future[Any]) -> None:
        now = self.clock()
        self.busy.discard(ref)
        self.due[ref] = now + self.provider.traits(ref.kind).poll_after_s
        try:
            if future.result():
                self.inventory.drained(ref, until=now + self.inventory.known[ref].drain_s)
        except ProviderError as error:
            log.warning("insync.unread", ref=str(ref), error=error.message)

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

    # -- waiting and ending

    def bookkeeping(self, plan: Plan) -> bool:
        """Rows of what stands as wanted take its edges; true where that may change the plan."""
        moving = {change.ref for change in plan.changes} | {ref for ref, _ in plan.underway} | self.busy
        before = dict(self.inventory.known)
        self.inventory.settled(
            spec for ref, spec in self.specs.items() if ref not in moving and isinstance(self.looks[ref], Observed)
        )
        return before != self.inventory.known

    def patience(self, now: float) -> float:
        return 0.05 if self.record_due else 1.0

    def next_time(self, plan: Plan, now: float) -> float | None:
        """When something is worth doing again; None where only a person can help."""
        refused = self.journal.refused
        # A certificate whose validation record was refused would be waited for in vain.
        vain = {out.ref for ref in refused if ref in self.specs for out in self.specs[ref].outs if out.early}
        times = [at for ref, at in self.due.items() if ref not in refused | vain]
        times += [at for ref, (at, _) in self.not_before.items() if at > now and ref not in refused]
        times += [waiting.until for _, waiting in plan.underway if waiting.until is not None]
        times += [self.probe_due.get(region, now) for region in self.proving_still(now)]
        if self.record_due is not None:
            times.append(self.record_due)
        if self.abandoned() or any(fence.unsure for fence in self.fences.values()):
            times.append(self.generation_due)
        blind = [p for p in plan.problems if p.code == "unobserved"]
        if blind and len(blind) == len(plan.problems) and not plan.ready():
            self.blind_since = self.blind_since or now
            if now - self.blind_since > BLIND_S:
                return None
        else:
            self.blind_since = None
        return min(times) if times else None

    def proving_still(self, now: float) -> list[str]:
        proving: dict[str, Any] = self.rollout.get("proving", {})
        return [region for region, state in proving.items() if now - state["since"] <= PROVE_WITHIN_S]

    def stuck(self, plan: Plan) -> Failed:
        failed = self.journal.failed()
        if failed:
            step = failed[0]
            more = f" ({len(failed) - 1} more steps failed)" if len(failed) > 1 else ""
            where = f"{step.action} {step.kind} {step.name} ({step.scope})"
            return Failed(f"{where}: {step.error_code} {step.error}{more}".strip(), step.mend)
        if plan.problems:
            problem = plan.problems[0]
            where = f"{problem.ref.kind} {problem.ref.name} ({problem.ref.scope})"
            return Failed(f"{where}: {problem.message}", problem.mend)
        if proving := self.rollout.get("proving"):
            region = sorted(proving)[0]
            return Failed(
                f"{region} was updated and did not answer well within {PROVE_WITHIN_S:.0f} s; "
                "later regions were left as they were",
                "Look at the function's logs there, then deploy a mended release or the former one.",
            )
        waiting = [change for change in plan.changes if change.waiting]
        why = f"{waiting[0].ref} waits for {waiting[0].waiting[0].why}" if waiting else "nothing more can be done"
        return Failed(why, "Retry; if it comes again, report it with the operation's steps.")


def watches(known: Known, specs: Container[Ref], consent: Collection[str]) -> bool:
    """Whether a row of the inventory is looked at: not what drains, nor what is retained and shall stay so."""
    if known.ref in specs:
        return True
    if known.state is State.RETAINED:
        return known.ref.name in consent
    return known.state is not State.DRAINING


def _record(change: Change) -> Params:
    """The record that a change is about; a delete has only what was there."""
    return change.before or change.params
