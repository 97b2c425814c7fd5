"""How long flips are kept. A flip says what holds from its time on, so the last one before the time kept stays."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db.models import Exists, OuterRef, Q

from regions.models import Flip

KEPT = timedelta(days=400)
"""A year to look back on, and a month more to compare it with the one before."""

log = structlog.get_logger()


def prune(now: datetime) -> int:
    """Delete flips older than `KEPT`, but for each endpoint's last one before then; returns how many."""
    before = Flip.objects.filter(at__lt=now - KEPT)
    later = Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk"))
    superseded = before.filter(Exists(before.filter(later, endpoint=OuterRef("endpoint"))))
    deleted, _ = superseded.delete()
    if deleted:
        log.info("flips.pruned", deleted=deleted)
    return deleted
