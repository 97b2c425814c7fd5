"""Doors for Celery: nothing in, one call. What is due stands in PostgreSQL, never in the message."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from regions import flips, watch


@shared_task(name="regions.tasks.probe_round")
def probe_round() -> None:
    """Probe what is due. Rounds may overlap; a message that comes late is not needed: the next one is there."""
    watch.run_round(timezone.now())


@shared_task(name="regions.tasks.prune")
def prune() -> None:
    """Forget flips that no window reaches any more."""
    flips.prune(timezone.now())
