"""Doors for Celery: ids in, one call. What is to be done stands in PostgreSQL, never in the message."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from deployments import drift, plans, reconcile
from deployments.actions import check_drift


@shared_task(name="deployments.tasks.look")
def look(stack_id: int) -> None:
    """Go on with a stack's open operation, if nobody else does."""
    reconcile.look(stack_id)


@shared_task(name="deployments.tasks.sweep")
def sweep() -> None:
    """Send somebody to each stack that is due and that nobody holds."""
    for stack_id in reconcile.due_stacks():
        look.apply_async((stack_id,), expires=30)


@shared_task(name="deployments.tasks.forget")
def forget() -> None:
    """Forget plans that nobody can sign any more and that are old."""
    plans.forget(timezone.now())


@shared_task(name="deployments.tasks.sweep_drift")
def sweep_drift() -> None:
    """Have each stack checked that is due for it."""
    for stack_id in drift.claim_due(timezone.now()):
        check.apply_async((stack_id,), expires=60)


@shared_task(name="deployments.tasks.check")
def check(stack_id: int) -> None:
    """Look whether one stack is as released; repairs it where that may be."""
    check_drift.look(stack_id, check_drift.BEAT)
