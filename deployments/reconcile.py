"""One look at one stack: desired, observed, diff, apply. What deploy, destroy, repair and beat all call.

A Celery message only says "look at stack N": losing one, or getting it twice, changes nothing. What is to be done is
read from the rows each time, under a lease.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone

from deployments import leases, replicas
from deployments.apply import Cancelled, Failed, Later, Outcome, Succeeded, Walk
from deployments.desired import desired
from deployments.fencing import Generations
from deployments.inventory import Inventory, moment
from deployments.journal import Journal
from deployments.models import Lease, Operation, Stack
from deployments.models.record import OPEN, OperationStatus
from deployments.preview import released
from deployments.providers.protocol import Provider
from deployments.worlds import installation, provider_for

log = structlog.get_logger(__name__)

THREADS = 32
BROKE = "This is a defect of ours: report it with the worker's log. Retrying is safe."
CANCEL_ASKED_EVERY_S = 0.5


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
        stack = Stack.objects.select_related("account", "service", "release").get(pk=stack_id)
        operation = stack.operations.filter(status__in=OPEN).select_related("release").first()
        if operation is None:
            Stack.objects.filter(pk=stack_id).update(next_look_at=None)
            return None
        outcome = _looked(stack, operation, lease, provider, probe, executor, clock, sleep)
        _end(stack, operation, outcome, clock())
        return outcome
    except leases.LeaseLost:
        log.warning("lease.lost", stack=stack_id)
        return None
    finally:
        lease.release()


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
    try:
        return Walk(
            specs=specs,
            regions=wanted.manifest.region_codes if wanted else (),
            inventory=inventory,
            journal=Journal(operation),
            provider=provider,
            lease=lease,
            executor=pool,
            generations=lambda hostname, zone_id: Generations.of(hostname, zone_id, owner, stack),
            fences=Generations.held_by(stack, owner),
            consent=operation.consent,
            rollout=operation.rollout,
            probe=lambda region: probe(stack, region),
            cancelled=_Cancelled(operation, clock),
            save_rollout=lambda: operation.save(update_fields=["rollout"]),
            watched=replicas.Watcher(stack, wanted),
            clock=clock,
            sleep=sleep,
        ).run()
    finally:
        if executor is None:
            pool.shutdown(wait=False, cancel_futures=True)


def _end(stack: Stack, operation: Operation, outcome: Outcome, now: float) -> None:
    if isinstance(outcome, Later):
        Stack.objects.filter(pk=stack.pk).update(next_look_at=moment(outcome.at))
        return
    with transaction.atomic():
        Journal(operation).close(now=now)
        operation.finished_at = moment(now)
        match outcome:
            case Succeeded():
                operation.status = OperationStatus.SUCCEEDED
            case Cancelled():
                operation.status = OperationStatus.CANCELLED
            case Failed(error, mend):
                operation.status, operation.error, operation.mend = OperationStatus.FAILED, error, mend
        operation.save(update_fields=["status", "finished_at", "error", "mend", "rollout"])
        Stack.objects.filter(pk=stack.pk).update(next_look_at=None)
        if isinstance(outcome, Succeeded) and operation.verb == "destroy" and stack.service is not None:
            stack.service.delete()
    log.info("operation.ended", operation=operation.pk, status=operation.status, error=operation.error)


@dataclass
class _Cancelled:
    """Whether somebody asked to stop; asks the database twice a second at most."""

    operation: Operation
    clock: Callable[[], float]
    asked_at: float = 0.0
    answer: bool = False

    def __call__(self) -> bool:
        now = self.clock()
        if not self.answer and now - self.asked_at >= CANCEL_ASKED_EVERY_S:
            self.asked_at = now
            self.answer = Operation.objects.filter(pk=self.operation.pk, cancel_requested=True).exists()
        return self.answer


def due_stacks() -> list[int]:
    """Stacks that somebody should look at and nobody holds: beat's question."""
    due = Stack.objects.filter(next_look_at__lte=timezone.now()).order_by("next_look_at")
    held = set(Lease.objects.filter(expires_at__gt=timezone.now()).values_list("name", flat=True))
    return [pk for pk in due.values_list("pk", flat=True) if f"stack:{pk}" not in held]
