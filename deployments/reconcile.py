"""One look at one stack: desired, observed, diff, apply. What deploy, destroy, repair and beat all call.

A Celery message only says "look at stack N": losing one, or getting it twice, changes nothing. What is to be done is
read from the rows each time, under a lease.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from deployments import drift, leases, pauses, replicas
from deployments.apply import Cancelled, Failed, Later, Outcome, Succeeded, Walk
from deployments.batches import Batches
from deployments.desired import desired
from deployments.fencing import Generations
from deployments.ground import Ground
from deployments.guarding import Guarding
from deployments.inventory import Inventory, moment
from deployments.journal import Journal
from deployments.models import Lease, Operation, Pause, Stack
from deployments.models.record import OPEN, OperationStatus
from deployments.neighbours import Neighbours
from deployments.orders import Standing
from deployments.providers.protocol import Provider
from deployments.proving import Proving
from deployments.released import released
from deployments.rotation import rotation_of
from deployments.worlds import installation, provider_for

log = structlog.get_logger(__name__)

THREADS = 32
BROKE = "This is a defect of ours: report it with the worker's log. Retrying is safe."


def look(
    stack_id: int,
    *,
    provider: Callable[[Stack], Provider] = provider_for,
    probe: Callable[[Stack, str], bool] = replicas.probe,
    executor: Executor | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome | None:
    """Take the stack's lease and go on with its open operation. None: somebody else holds it, or nothing is open."""
    lease = leases.acquire(f"stack:{stack_id}")
    if lease is None:
        return None
    try:
        while True:
            stack = Stack.objects.select_related("account", "service", "release").get(pk=stack_id)
            operation = stack.operations.filter(status__in=OPEN).select_related("release").first()
            if operation is None:
                Stack.objects.filter(pk=stack_id).update(next_look_at=None)
                return None
            if pauses.standing(stack) and not operation.cancel_requested:
                outcome: Outcome = Later(clock())
            else:
                _foundation_first(stack, provider=provider, probe=probe, executor=executor, clock=clock, sleep=sleep)
                outcome = _looked(stack, operation, lease, provider, probe, executor, clock, sleep)
            if _end(stack, operation, outcome, clock()):
                return outcome
    except leases.LeaseLost:
        log.warning("lease.lost", stack=stack_id)
        return None
    finally:
        lease.release()


def _foundation_first(stack: Stack, **world: Any) -> None:
    """A service waits for what its foundation is still to make: go on with that, where nobody does."""
    if stack.foundation:
        return
    waited_for = Stack.objects.filter(account=stack.account_id, foundation=True, operations__status__in=OPEN).first()
    if waited_for is not None:
        look(waited_for.pk, **world)


def _looked(
    stack: Stack,
    operation: Operation,
    lease: leases.Lease,
    provider: Callable[[Stack], Provider],
    probe: Callable[[Stack, str], bool],
    executor: Executor | None,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Outcome:
    """A defect of ours ends the operation with its name; a database that is away does not: beat sends somebody."""
    try:
        return _go_on(stack, operation, lease, provider(stack), probe, executor, clock, sleep)
    except (leases.LeaseLost, DatabaseError):
        raise
    except Exception as error:
        log.exception("operation.broke", operation=operation.pk, stack=stack.name)
        return Failed(f"unexpected {type(error).__name__}: {error}", BROKE)


def _go_on(
    stack: Stack,
    operation: Operation,
    lease: leases.Lease,
    provider: Provider,
    probe: Callable[[Stack, str], bool],
    executor: Executor | None,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Outcome:
    now = clock()
    owner = str(installation().pk)
    wanted = released(stack)
    specs = {spec.ref: spec for spec in desired(wanted)} if wanted else {}
    inventory = Inventory(stack)
    if operation.status == OperationStatus.QUEUED:
        operation.status, operation.started_at = OperationStatus.RUNNING, moment(now)
        operation.rollout = {"serving": replicas.serving(stack), "proving": {}}
        operation.save(update_fields=["status", "started_at", "rollout"])
        log.info("operation.started", operation=operation.pk, verb=operation.verb, stack=stack.name)
    pool = executor or ThreadPoolExecutor(THREADS, thread_name_prefix="aws")
    ground = Ground(
        specs=specs,
        inventory=inventory,
        journal=Journal(operation),
        provider=provider,
        lease=lease,
        executor=pool,
        consent=operation.consent,
        clock=clock,
    )
    try:
        return Walk(
            ground=ground,
            batches=Batches(
                ground,
                generations=lambda hostname, zone_id: Generations.of(hostname, zone_id, owner, stack),
                fences=Generations.held_by(stack, owner),
            ),
            proving=Proving(
                ground,
                rollout=operation.rollout,
                probe=lambda region: probe(stack, region),
                save=lambda: operation.save(update_fields=["rollout"]),
            ),
            guarding=Guarding(
                ground,
                rotation=lambda: rotation_of(stack, wanted, specs, inventory.known, ground.looks, moment(clock())),
                overridden=operation.override.get("guards", ()),
            ),
            neighbours=Neighbours.of(specs.values()),
            regions=wanted.manifest.region_codes if wanted else (),
            repairing=operation.verb == "repair",
            orders=Standing(operation, clock),
            watched=replicas.Watcher(stack, wanted),
            sleep=sleep,
        ).run()
    finally:
        if executor is None:
            pool.shutdown(wait=False, cancel_futures=True)


def _end(stack: Stack, operation: Operation, outcome: Outcome, now: float) -> bool:
    """Write down how it ended, or when to look again. False: another operation has taken its place meanwhile."""
    if isinstance(outcome, Later):
        still = Stack.objects.filter(pk=stack.pk, operations__pk=operation.pk, operations__status__in=OPEN)
        return bool(still.update(next_look_at=moment(outcome.at)))
    left_out = outcome.left_out if isinstance(outcome, Succeeded) else 0
    with transaction.atomic():
        locked = Stack.objects.select_for_update().get(pk=stack.pk)
        Journal(operation).close(now=now, left_out=bool(left_out))
        ended = _ended(operation, outcome, left_out)
        if not stack.operations.filter(pk=operation.pk, status__in=OPEN).update(finished_at=moment(now), **ended):
            return False
        locked.next_look_at, locked.converged = None, _converged(stack, operation, outcome)
        locked.drift_due_at = drift.due_at(stack.pk, now) if locked.release_id else None
        locked.save(update_fields=["next_look_at", "converged", "drift_due_at"])
        if isinstance(outcome, Succeeded):
            drift.mended(locked, operation, whole=not left_out, now=now)
            if operation.verb == "destroy" and stack.service is not None and not left_out:
                stack.service.delete()
    log.info("operation.ended", operation=operation.pk, status=ended["status"], error=ended["error"])
    return True


def _ended(operation: Operation, outcome: Outcome, left_out: int) -> dict[str, Any]:
    """The fields of an operation that tell how it ended."""
    told: dict[str, Any] = {"rollout": operation.rollout, "error": operation.error, "mend": operation.mend}
    match outcome:
        case Failed(error, mend):
            return {**told, "status": OperationStatus.FAILED, "error": error, "mend": mend}
        case Cancelled():
            return {**told, "status": OperationStatus.CANCELLED}
    if left_out and operation.verb == "repair":
        told["mend"] = f"{left_out} more wait for a person: see what differs, then deploy."
    elif left_out:
        told["mend"] = f"Not done: {left_out}, left out or in need of what is. Deploy again to do it."
    return {**told, "status": OperationStatus.SUCCEEDED}


def _converged(stack: Stack, operation: Operation, outcome: Outcome) -> bool:
    """Whether the approved release was reached, whole. A repair that failed says nothing against what once was."""
    match outcome:
        case Succeeded(left_out):
            return stack.converged if operation.verb == "repair" else not left_out and operation.verb != "destroy"
        case Failed():
            return operation.verb == "repair" and stack.converged
    return False


def due_stacks() -> list[int]:
    """Stacks that somebody should look at and nobody holds: beat's question. What is paused waits, unless its operation
    is being cancelled."""
    paused = Exists(Pause.objects.filter(Q(stack=OuterRef("pk")) | Q(stack=None)))
    cancelled = Exists(Operation.objects.filter(stack=OuterRef("pk"), status__in=OPEN, cancel_requested=True))
    due = Stack.objects.filter(~paused | cancelled, next_look_at__lte=timezone.now()).order_by("next_look_at")
    held = set(Lease.objects.filter(expires_at__gt=timezone.now()).values_list("name", flat=True))
    return [pk for pk in due.values_list("pk", flat=True) if f"stack:{pk}" not in held]
