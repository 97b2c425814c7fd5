"""Doors for Celery: ids in, one call. What is to be done stands in PostgreSQL, never in the message."""

from __future__ import annotations

from contextlib import suppress

from celery import shared_task
from django.utils import timezone

from deployments import drift, plans, reconcile
from deployments.actions import break_glass, check_drift, switching
from deployments.actions.refused import ActionRefused
from deployments.actions.settle_foundation import BEAT, settle, settle_all, waited_for
from deployments.worlds import provider_of
from regions.models import Account


@shared_task(name="deployments.tasks.look")
def look(stack_id: int) -> None:
    """Go on with a stack's open operation, if nobody else does. What it used or no longer uses may be its
    foundation's to make or to remove."""
    if reconcile.look(stack_id) is not None:
        account = Account.objects.get(stacks=stack_id)
        settle(account, BEAT)
        break_glass.keep(account)


@shared_task(name="deployments.tasks.sweep")
def sweep() -> None:
    """Send somebody to each stack that is due and that nobody holds; to foundations that services wait for too."""
    settle_all(waited_for())
    for stack_id in reconcile.due_stacks():
        look.apply_async((stack_id,), expires=30)


@shared_task(name="deployments.tasks.switches")
def switches() -> None:
    """Write what is not written yet of the switches that were set, and remove what is still there of the others."""
    for evacuation in switching.unfinished():
        go_on = switching.remove if evacuation.restoring_at else switching.write
        with suppress(ActionRefused):  # no bucket answers: the next round
            go_on(evacuation, provider_of(evacuation.account))


@shared_task(name="deployments.tasks.forget")
def forget() -> None:
    """Each hour: forget old plans that nobody can sign any more, and see that foundations hold what is used."""
    plans.forget(timezone.now())
    settle_all(Account.objects.filter(stacks__isnull=False).distinct())


@shared_task(name="deployments.tasks.sweep_drift")
def sweep_drift() -> None:
    """Have each stack checked that is due for it."""
    for stack_id in drift.claim_due(timezone.now()):
        check.apply_async((stack_id,), expires=60)


@shared_task(name="deployments.tasks.check")
def check(stack_id: int) -> None:
    """Look whether one stack is as released; repairs it where that may be."""
    check_drift.look(stack_id, check_drift.BEAT)
