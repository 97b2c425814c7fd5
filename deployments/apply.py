"""One holder's walk through a stack's plan: do what is ready, look at what is under way, plan again, until it is empty.

Worker threads run provider calls only; this, the main thread, plans, journals and keeps the lease. What is here is
order and bookkeeping: what to do is decided in `plan/`, how it is done in `providers/`. Records are sent by `batches`,
updated replicas asked by `proving`; all three stand on one `ground`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from deployments.batches import Batches
from deployments.ground import LOOK_AGAIN_S, PROPAGATION_S, Ground
from deployments.guarding import Guarding
from deployments.inventory import Inventory
from deployments.neighbours import Neighbours
from deployments.orders import Orders
from deployments.plan import repair
from deployments.plan.diff import CALLS, DELETING, diff
from deployments.plan.left_out import leave_out, refs
from deployments.plan.model import Action, Change, Observed, Plan, Ref, State, Waiting
from deployments.plan.rollout import hold
from deployments.providers.errors import Conflict, Refused, Transient
from deployments.proving import PROVE_WITHIN_S, Proving

log = structlog.get_logger(__name__)

LEAVE_AFTER_S = 10.0  # a holder stays while its next look is nearer than this
UPDATES = 15  # that AWS took, of one thing in one walk: more means that it never shows what we ask for
FRESH_S = 5.0  # AWS's reads may be stale for so long after a write
BLIND_S = 300.0  # nothing but "could not be looked at" for so long: tell a person
AFTER_BLIND = "Retry or deploy once it answers again; nothing of it was changed meanwhile, and nothing that needs it."
GATHER_S = 0.02
NEIGHBOURS_S = 0.5  # what another stack makes is asked for again


@dataclass(frozen=True)
class Succeeded:
    """The plan is empty, by a fresh look at everything; or nothing is left in it but what was left out, and `left_out`
    says how much: by a person, or, of a repair, to a person."""

    left_out: int = 0


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


@dataclass
class Walk:
    """See the module. `repairing`: only what may be mended without asking anybody. `sleep` is the world's time."""

    ground: Ground
    batches: Batches
    proving: Proving
    guarding: Guarding
    neighbours: Neighbours
    regions: Sequence[str]
    repairing: bool
    orders: Callable[[], Orders]
    watched: Callable[[Inventory], None]
    sleep: Callable[[float], None]

    left: frozenset[Ref] = frozenset()  # left out, and what can't be done without
    blind_since: float | None = field(default=None)

    def run(self) -> Outcome:
        ground = self.ground
        ground.look(self.everything())
        while True:
            ground.lease.keep()
            now = ground.clock()
            orders = self.orders()
            if orders.halted:
                self.call_off()
            if not self.looks_complete():
                self.collect(1.0)
                continue
            plan = self.plan(now, orders)
            ground.journal.follow(plan, busy=ground.busy, now=now)
            ground.journal.leave_out(orders.skips, busy=ground.busy, now=now)
            self.watched(ground.inventory)
            if not orders.halted and self.start(plan, now):
                continue
            if ground.work:
                self.collect(self.patience())
                continue
            if orders.cancelled:
                return Cancelled()
            if orders.paused:
                return Later(now)
            if self.bookkeeping(plan):
                continue
            if self.finished(plan):
                if ground.verified:
                    return Succeeded(len(self.left))
                ground.verified = True
                ground.look(self.everything())
                continue
            at = self.next_time(plan, now)
            if at is None:
                return self.stuck(plan)
            if at - now > LEAVE_AFTER_S:
                return Later(at)
            self.rest(at, orders)

    def finished(self, plan: Plan) -> bool:
        """Nothing is left to do or to wait for, but what was left out."""
        return refs(plan) <= self.left and not self.proving.regions and not self.batches.abandoned()

    def rest(self, until: float, orders: Orders) -> None:
        """Nothing changes before then, unless somebody says otherwise."""
        self.sleep(0.01)
        while (left := until - self.ground.clock()) > 0 and self.orders() == orders:
            self.ground.lease.keep()
            self.sleep(min(left, 0.5))

    # -- looking

    def everything(self) -> list[Ref]:
        """What the inventory knows. What it does not know was never attempted: its create finds a namesake."""
        ground = self.ground
        ground.looks.update({ref: None for ref in ground.specs if ref not in ground.inventory.known})
        return [ref for ref, known in ground.inventory.known.items() if ground.watches(known)]

    def looks_complete(self) -> bool:
        ground = self.ground
        return all(ref in ground.looks for ref in ground.specs) and all(
            ref in ground.looks or not ground.watches(known) for ref, known in ground.inventory.known.items()
        )

    # -- planning

    def plan(self, now: float, orders: Orders) -> Plan:
        """What is left to do, each change ready or with what it waits for."""
        ground = self.ground
        ground.looks.update(self.neighbours.looks(now))
        skips = {(skip.ref, skip.action): skip.why for skip in orders.skips}
        plan = diff(
            ground.specs.values(),
            ground.inventory.known,
            ground.looks,
            traits=ground.provider.traits,
            now=now,
            consent=ground.consent,
            busy=ground.busy,
            held=lambda change: self.held(change, orders, skips, now),
        )
        plan, self.left = leave_out(plan, self.why_left(plan, orders, skips))
        plan = hold(
            plan,
            order=self.regions,
            serving=self.proving.rollout.get("serving", ()),
            proving=self.proving.regions,
            without=self.left,
        )
        return self.guarding.hold(plan, now)

    def held(self, change: Change, orders: Orders, skips: dict[tuple[Ref, Action], str], now: float) -> Waiting | None:
        """A change that a person left out, paused or must mend, or whose next try is not due yet."""
        if why := skips.get((change.ref, change.action)):
            return Waiting(why)
        if self.ground.journal.refuses(change):
            return Waiting("AWS refused it; see the step")
        if orders.paused:
            return Waiting(orders.paused)
        if self.repairing and change.action in repair.GOING:
            return Waiting(repair.DESTROYS)
        at, why = self.ground.not_before.get(change.ref, (0.0, ""))
        return Waiting(why, until=at) if at > now else None

    def why_left(self, plan: Plan, orders: Orders, skips: dict[tuple[Ref, Action], str]) -> dict[Ref, str]:
        """What is not done in this operation, and why: skipped by a person, or not for a repair."""
        changing = {change.ref: change.action for change in plan.changes}
        left: dict[Ref, str] = {}
        if self.repairing:
            left |= repair.judge(plan, self.ground.specs.values(), self.ground.provider.traits).left
        for (ref, action), why in skips.items():
            if changing.get(ref, action) is action:  # what is under way, or a problem, has no action of its own
                left[ref] = why
        return left

    # -- doing

    def start(self, plan: Plan, now: float) -> bool:
        """Start what is ready; true where a change of the inventory alone was done, so that the plan is another."""
        ready = plan.ready()
        booked = [change for change in ready if change.action in {Action.RETAIN, Action.FORGET}]
        for change in booked:
            self.book(change, now)
        calls = [c for c in ready if c.action in CALLS and not self.endless(c, now)]
        self.start_calls([c for c in calls if not self.ground.provider.traits(c.ref.kind).batched], now)
        self.batches.start([c for c in calls if self.ground.provider.traits(c.ref.kind).batched], now)
        self.ground.look(list(self.looking_due(plan, now)))
        self.proving.start(plan, now)
        return bool(booked)

    def call_off(self) -> None:
        """What waits for a thread is not begun: those futures end as cancelled."""
        for future, (kind, _) in self.ground.work.items():
            if kind == "change":
                future.cancel()

    def endless(self, change: Change, now: float) -> bool:
        """AWS takes the update again and again and never shows what was asked for: only a person can tell why."""
        ground = self.ground
        if change.action is not Action.UPDATE or ground.updates[change.ref] < UPDATES:
            return False
        first = change.differences[0]
        ground.journal.fail(
            change.ref,
            change.action,
            code="never_converges",
            message=f"after {UPDATES} updates {first.path} is still {first.before!r}, not {first.after!r}",
            mend=f"Set {first.path} to what AWS shows, or stop what else changes it in AWS, then deploy again.",
            now=now,
        )
        return True

    def start_calls(self, changes: list[Change], now: float) -> None:
        ground = self.ground
        if not changes:
            return
        ground.verified = False
        ground.lease.keep()
        ground.inventory.begin(changes, ground.specs)
        ground.journal.start(changes, now=now)
        for change in changes:
            ground.busy.add(change.ref)
            target = ground.inventory.target(change.ref, change.params, change.context)
            if change.action is Action.CREATE:
                ground.submit(("change", change), ground.provider.create, target)
            elif change.action is Action.UPDATE:
                ground.submit(("change", change), ground.provider.update, target, change.before)
            else:
                ground.submit(("change", change), ground.provider.delete, target)

    def book(self, change: Change, now: float) -> None:
        """Changes of the inventory alone."""
        ground = self.ground
        ground.verified = False
        known = ground.inventory.known[change.ref]
        ground.journal.start([change], now=now)
        if change.action is Action.RETAIN:
            ground.inventory.retain(change.ref)
        elif known.drain_s and known.state is not State.DRAINING:  # gone without us knowing since when
            ground.inventory.draining(change.ref, change_id="")
            ground.inventory.drained(change.ref, until=now + PROPAGATION_S + known.drain_s)
        else:
            ground.inventory.forget(change.ref)
        ground.looks.pop(change.ref, None)
        ground.due.pop(change.ref, None)
        ground.journal.succeed([change], now=now)
        log.info("change.booked", ref=str(change.ref), action=change.action.value)

    def looking_due(self, plan: Plan, now: float) -> Iterable[Ref]:
        """What is under way and worth another look, and what could not be looked at."""
        ground = self.ground
        for ref, waiting in plan.underway:
            if ref in ground.busy or ref in self.left:
                continue
            known = ground.inventory.known.get(ref)
            if known is not None and known.state is State.DRAINING:
                self.batches.ask_insync(ref, now)
                continue
            if self.gave_up(ref, waiting, now):
                continue
            if ground.due.setdefault(ref, now + ground.provider.traits(ref.kind).poll_after_s) <= now:
                yield ref
        for problem in plan.problems:
            if problem.code == "unobserved" and ground.due.setdefault(problem.ref, now + LOOK_AGAIN_S) <= now:
                yield problem.ref
        wanted = {ref for ref, at in ground.due.items() if at <= now} - {ref for ref, _ in plan.underway} - ground.busy
        rows = ground.inventory.known
        yield from (ref for ref in wanted if ref in ground.specs or (ref in rows and ground.watches(rows[ref])))

    def gave_up(self, ref: Ref, waiting: Waiting, now: float) -> bool:
        ground = self.ground
        since = ground.inventory.not_ready_since(ref)
        limit = ground.provider.traits(ref.kind).give_up_after_s
        if ref in ground.journal.refused:
            return True
        if since is None or now - since < limit:
            return False
        ground.journal.fail(
            ref,
            Action.CREATE,
            code="gave_up",
            message=f"still {waiting.why} after {limit:.0f} s",
            mend="Look at it in the AWS console, then retry: the next operation goes on waiting from the start.",
            now=now,
        )
        return True

    # -- results

    def collect(self, timeout_s: float) -> None:
        ground = self.ground
        done, running = wait(ground.work, timeout=timeout_s, return_when=FIRST_COMPLETED)
        if done and running:  # planning costs more than waiting a moment for those that end together
            done = wait(ground.work, timeout=GATHER_S).done
        changed: list[tuple[Change, Future[Any]]] = []
        for future in done:
            kind, subject = ground.work.pop(future)
            if kind == "change":
                changed.append((subject, future))
            elif kind == "look":
                self.looked(subject, future)
            elif kind == "batch":
                self.batches.done(future, *subject)
            elif kind == "generation":
                self.batches.generation_read(subject, future)
            elif kind == "insync":
                self.batches.insync_read(subject, future)
            else:
                self.proving.probed(subject, future.exception() is None and bool(future.result()))
        if changed:
            self.changes_done(changed)

    def changes_done(self, done: list[tuple[Change, Future[Any]]]) -> None:
        ground, now = self.ground, self.ground.clock()
        landed: dict[Ref, Observed] = {}
        succeeded = []
        for change, future in done:
            ground.busy.discard(change.ref)
            if future.cancelled():  # never begun: see call_off
                ground.journal.put_back(change)
                continue
            try:
                look = future.result()
            except Transient as error:
                if error.unknown_outcome:
                    ground.due[change.ref] = now
                ground.retry([change], error, now, after_s=error.retry_after_s)
                continue
            except (Refused, Conflict) as error:
                ground.fail(change, error, now)
                continue
            ground.waited_since.pop(change.ref, None)
            log.info("change.applied", ref=str(change.ref), action=change.action.value)
            if look is None:  # deleted, or on its way out: the next look tells
                gone = ground.looks[change.ref]
                assert isinstance(gone, Observed)
                ground.looks[change.ref] = replace(gone, ready=False, status=DELETING)
                ground.due[change.ref] = now
            else:
                ground.looks[change.ref] = landed[change.ref] = look
                ground.took(change, now)
                if look.ready:
                    succeeded.append(change)
                self.proving.updated(change, now)
        ground.inventory.landed(landed, ground.specs, now=now)
        ground.journal.succeed(succeeded, now=now)

    def looked(self, refs: frozenset[Ref], future: Future[Any]) -> None:
        ground, now = self.ground, self.ground.clock()
        ground.busy -= refs
        found = future.result()
        for ref in refs:
            look = found.get(ref)
            before = ground.looks.get(ref)
            if look is None and isinstance(before, Observed) and now - ground.inventory.landed_at(ref) < FRESH_S:
                known = ground.inventory.known.get(ref)
                if known is not None and ref in ground.specs:  # a read may be stale right after the write
                    look = replace(before, ready=False, status="not visible yet")
            ground.looks[ref] = look
        ours = {
            ref: look
            for ref in refs
            if isinstance(look := ground.looks[ref], Observed) and (look.ours or self.adopted(ref))
        }
        ground.inventory.landed(ours, ground.specs, now=now)

    def adopted(self, ref: Ref) -> bool:
        known = self.ground.inventory.known.get(ref)
        return known is not None and known.state is State.ADOPTED

    # -- waiting and ending

    def bookkeeping(self, plan: Plan) -> bool:
        """Rows of what stands as wanted take its edges; true where that may change the plan."""
        ground = self.ground
        moving = {change.ref for change in plan.changes} | {ref for ref, _ in plan.underway} | ground.busy
        before = dict(ground.inventory.known)
        ground.inventory.settled(
            spec for ref, spec in ground.specs.items() if ref not in moving and isinstance(ground.looks[ref], Observed)
        )
        return before != ground.inventory.known

    def patience(self) -> float:
        return 0.05 if self.batches.due else 1.0

    def next_time(self, plan: Plan, now: float) -> float | None:
        """When something is worth doing again; None where only a person can help."""
        ground = self.ground
        refused = ground.journal.refused
        # A certificate whose validation record was refused would be waited for in vain.
        vain = {out.ref for ref in refused if ref in ground.specs for out in ground.specs[ref].outs if out.early}
        times = [at for ref, at in ground.due.items() if ref not in refused | vain | self.left]
        times += [at for ref, (at, _) in ground.not_before.items() if at > now and ref not in refused | self.left]
        times += [w.until for ref, w in plan.underway if w.until is not None and ref not in self.left]
        times += [*self.proving.times(now), *self.batches.times(), *self.guarding.times(now)]
        if self.neighbours.missing() and self.neighbours.hopeless(now) is None:
            times.append(now + NEIGHBOURS_S)
        blind = [p for p in plan.problems if p.code == "unobserved"]
        if blind and len(blind) == len(plan.problems) and not plan.ready():
            self.blind_since = self.blind_since or now
            if now - self.blind_since > BLIND_S:
                return None
        else:
            self.blind_since = None
        return min(times) if times else None

    def stuck(self, plan: Plan) -> Failed:
        failed = self.ground.journal.failed()
        if failed:
            step = failed[0]
            more = f" ({len(failed) - 1} more steps failed)" if len(failed) > 1 else ""
            where = f"{step.action} {step.kind} {step.name} ({step.scope})"
            return Failed(f"{where}: {step.error_code} {step.error}{more}".strip(), step.mend)
        problems = [problem for problem in plan.problems if problem.ref not in self.left]
        if problems:
            problem = problems[0]
            where = f"{problem.ref.kind} {problem.ref.name} ({problem.ref.scope})"
            mend = AFTER_BLIND if problem.code == "unobserved" else problem.mend
            return Failed(f"{where}: {problem.message}", mend)
        if hopeless := self.neighbours.hopeless(self.ground.clock()):
            return Failed(*hopeless)
        if self.proving.regions:
            region = sorted(self.proving.regions)[0]
            return Failed(
                f"{region} was updated and did not answer well within {PROVE_WITHIN_S:.0f} s; "
                "later regions were left as they were",
                "Look at the function's logs there, then deploy a mended release or the former one.",
            )
        if refusal := self.guarding.refusal():
            return Failed(*refusal)
        waiting = [change for change in plan.changes if change.waiting and change.ref not in self.left]
        why = f"{waiting[0].ref} waits for {waiting[0].waiting[0].why}" if waiting else "nothing more can be done"
        return Failed(why, "Retry; if it comes again, report it with the operation's steps.")
