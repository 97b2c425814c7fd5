"""Sends record changes: one batch at a time, fenced by the owner record of its host name (fencing.py, docs/adr/0004).

A part of `apply.Walk`: it is given the record changes that are ready, and told what became of its calls. Records of one
host name go together; a refused batch is halved until the guilty record stands alone. Never decides what a record says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import structlog

from deployments import leases
from deployments.fencing import Generations
from deployments.ground import LOOK_AGAIN_S, PROPAGATION_S, Ground
from deployments.leases import Lease
from deployments.plan.model import Action, Change, Observed, Params, Ref
from deployments.providers.errors import Conflict, Fenced, ProviderError, Refused, Transient
from deployments.providers.protocol import Batch, Fence, RecordChange
from deployments.routing.limits import cut

log = structlog.get_logger(__name__)

GATHERS_S = 0.3  # a batch of records waits so long for others that are about to be ready


@dataclass
class Batches:
    """`generations(hostname, zone_id)` reads the owner record of a host name in a zone; `fences` holds those read, from
    the start on those that the stack left in its zones."""

    ground: Ground
    generations: Callable[[str, str], Generations]
    fences: dict[str, Generations]

    bisected: deque[tuple[Change, ...]] = field(default_factory=deque)
    due: float | None = None  # when the batch that gathers is sent
    sending: bool = False
    generation_due: float = 0.0

    def start(self, ready: list[Change], now: float) -> None:
        """Send what is ready, or first find out what became of a batch whose answer nobody heard."""
        if self.sending:
            return
        for change in ready:
            hostname = hostname_of(change)
            if hostname not in self.fences:
                self.fences[hostname] = self.generations(hostname, _record(change)["zone_id"])
        for hostname, fence in self.fences.items():
            if fence.unsure:
                if now >= self.generation_due:
                    self.sending = True
                    read = self.ground.provider.owner_generation
                    self.ground.submit(("generation", fence), read, fence.row.zone_id, hostname, fence.owner)
                return
        if self.bisected:
            still = {change.ref for change in ready}
            part = tuple(change for change in self.bisected.popleft() if change.ref in still)
            if part:
                self.send(hostname_of(part[0]), part, now)
            return
        if not ready:
            self.due = None
            if (left := self.abandoned()) and now >= self.generation_due:
                self.send(left, (), now)
            return
        self.due = self.due or now + GATHERS_S
        if now >= self.due or not self.ground.work:
            self.due = None
            first = hostname_of(ready[0])
            fitting = cut(change for change in ready if hostname_of(change) == first)
            for beyond in fitting.beyond:
                error = Refused(beyond.message, code="batch_too_large", mend=beyond.mend)
                for change in beyond.changes:
                    self.ground.fail(change, error, now)
            if fitting.batch:  # what does not fit is ready the next time
                self.send(first, fitting.batch, now)

    def abandoned(self) -> str | None:
        """A host name of which nothing is left but its owner record."""
        used = {known.context.get("hostname") for known in self.ground.inventory.known.values()}
        used |= {spec.context.get("hostname") for spec in self.ground.specs.values()}
        return next((name for name, fence in self.fences.items() if fence.row.present and name not in used), None)

    def send(self, hostname: str, changes: tuple[Change, ...], now: float) -> None:
        ground, generations = self.ground, self.fences[hostname]
        zone = leases.acquire(f"zone:{generations.row.zone_id}")
        if zone is None:  # another service's batch is on its way
            self.due = self.generation_due = now + 0.1
            return
        ground.verified = False
        ground.lease.keep()
        ground.inventory.begin(changes, ground.specs)
        ground.journal.start(changes, now=now)
        going = {change.ref for change in changes if change.action is Action.DELETE}
        coming = {change.ref for change in changes} - going
        staying = coming | {
            ref
            for ref, known in ground.inventory.known.items()
            if known.context.get("hostname") == hostname and ground.looks.get(ref) is not None
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
        ground.busy |= {change.ref for change in changes}
        ground.submit(("batch", (changes, fence, zone)), ground.provider.change_records, batch)

    def done(self, future: Future[str], changes: tuple[Change, ...], fence: Fence, zone: Lease) -> None:
        ground, now = self.ground, self.ground.clock()
        generations = self.fences[fence.hostname]
        self.sending = False
        ground.busy -= {change.ref for change in changes}
        zone.release()
        try:
            change_id = future.result()
        except Fenced as error:  # nothing was done: the zone's owner record tells where we are
            log.warning("batch.fenced", hostname=fence.hostname, generation=fence.before)
            ground.due.update({change.ref: now for change in changes})
            ground.retry(changes, error, now, after_s=0.0)
        except Refused as error:
            generations.refused()
            self.generation_due = now + LOOK_AGAIN_S
            self._refused(changes, error, now)
        except Transient as error:
            if not error.unknown_outcome:
                generations.refused()
            self.generation_due = now + error.retry_after_s
            ground.due.update({change.ref: now for change in changes})
            ground.retry(changes, error, now, after_s=error.retry_after_s)
        else:
            generations.sent(fence)
            self._changed(changes, change_id, now)

    def _changed(self, changes: tuple[Change, ...], change_id: str, now: float) -> None:
        ground = self.ground
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
        ground.looks.update(made)
        ground.inventory.landed(made, ground.specs, now=now)
        ground.due.update(dict.fromkeys(made, now))
        for change in changes:
            log.info("change.applied", ref=str(change.ref), action=change.action.value, change_id=change_id)
            ground.took(change, now)
            if change.action is Action.DELETE:
                ground.looks[change.ref] = None
                ground.inventory.draining(change.ref, change_id=change_id)
                ground.due[change.ref] = now
        ground.journal.succeed([c for c in changes if c.action is Action.DELETE], now=now)

    def _refused(self, changes: tuple[Change, ...], error: Refused, now: float) -> None:
        """Halve it until the guilty one stands alone; records of one name and type stay together."""
        sets: dict[tuple[Any, Any], list[Change]] = {}
        for change in changes:
            record = _record(change)
            sets.setdefault((record.get("name"), record.get("type")), []).append(change)
        if len(sets) <= 1:
            for change in changes:
                self.ground.fail(change, error, now)
            return
        parts = list(sets.values())
        middle = len(parts) // 2
        for half in (parts[middle:], parts[:middle]):
            self.bisected.appendleft(tuple(change for part in half for change in part))

    # -- reading: whose the owner record is, and whether a removal has reached every name server

    def generation_read(self, fence: Generations, future: Future[Any]) -> None:
        ground, now = self.ground, self.ground.clock()
        self.sending = False
        records = [
            ref for ref, known in ground.inventory.known.items() if known.context.get("hostname") == fence.row.hostname
        ]
        try:
            fence.reread(future.result())
        except Conflict as error:
            fence.foreign()
            told = {"code": error.code, "message": error.message, "mend": error.mend}
            for ref in records:
                ground.journal.fail(ref, Action.CREATE, **told, now=now)
        except ProviderError as error:
            log.warning("generation.unread", error=error.message)
            self.generation_due = now + LOOK_AGAIN_S
        else:
            ground.look([ref for ref in records if ref in ground.looks])

    def ask_insync(self, ref: Ref, now: float) -> None:
        ground = self.ground
        known = ground.inventory.known[ref]
        change_id = known.outputs.get("change_id")
        if known.hold_until is not None:
            ground.due.pop(ref, None)
            return
        if ref in ground.busy or ground.due.get(ref, 0.0) > now:
            return
        if not change_id:  # killed between the batch and its note
            ground.inventory.drained(ref, until=now + PROPAGATION_S + known.drain_s)
            return
        ground.busy.add(ref)
        ground.submit(("insync", ref), ground.provider.records_insync, change_id)

    def insync_read(self, ref: Ref, future: Future[Any]) -> None:
        ground, now = self.ground, self.ground.clock()
        ground.busy.discard(ref)
        ground.due[ref] = now + ground.provider.traits(ref.kind).poll_after_s
        try:
            if future.result():
                ground.inventory.drained(ref, until=now + ground.inventory.known[ref].drain_s)
        except ProviderError as error:
            log.warning("insync.unread", ref=str(ref), error=error.message)

    def times(self) -> list[float]:
        """When there is something to do again."""
        times = [self.due] if self.due is not None else []
        if self.abandoned() or any(fence.unsure for fence in self.fences.values()):
            times.append(self.generation_due)
        return times


def hostname_of(change: Change) -> str:
    """The host name whose owner record fences this record."""
    return str(change.context["hostname"])


def _record(change: Change) -> Params:
    """The record that a change is about; a delete has only what was there."""
    return change.before or change.params
