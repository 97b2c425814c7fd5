"""Doors for Celery: ids in, one call. What is to be done stands in PostgreSQL, never in the message."""

from __future__ import annotations

from celery import shared_task

from deployments import reconcile


@shared_task(name="deployments.tasks.look")
def look(stack_id: int) -> None:
    """Go on with a stack's open operation, if nobody else does."""
    reconcile.look(stack_id)


@shared_task(name="deployments.tasks.sweep")
def sweep() -> None:
    """Send somebody to each stack that is due and that nobody holds."""
    for stack_id in reconcile.due_stacks():
        look.apply_async((stack_id,), expires=30)
