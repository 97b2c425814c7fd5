"""Ask a worker to look at a stack, once the transaction is through.

Only a hint: the operation and `next_look_at` are rows, and beat finds them within seconds if the message is lost.
"""

from __future__ import annotations

from functools import partial

import structlog
from celery import current_app
from django.db import transaction

log = structlog.get_logger()


def wake(stack_id: int) -> None:
    """Never raises: a broker that is down only costs the seconds until beat looks."""
    transaction.on_commit(partial(_send, stack_id))


def _send(stack_id: int) -> None:
    try:
        current_app.send_task("deployments.tasks.look", args=[stack_id], retry=False)
    except Exception as error:  # kombu lets each transport's own errors through
        log.warning("wake.lost", stack_id=stack_id, error=str(error))
