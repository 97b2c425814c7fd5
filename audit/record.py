"""Write an entry about what no row's change tells: a guard that was overridden, a region that was taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from audit.context import Acting, current
from audit.models import Entry


def record(
    action: str,
    *,
    name: str = "",
    service: str = "",
    account: str = "",
    details: Mapping[str, Any] | None = None,
) -> Entry:
    """One entry, by whoever acts now."""
    who = (current() or Acting("unknown")).told()
    return Entry.objects.create(
        at=timezone.now(),
        action=action,
        actor_id=who["actor_id"],
        actor=who["actor"][:160],
        via=who["via"],
        address=who["address"][:64],
        request_id=who["request_id"][:64],
        name=name[:400],
        service=service,
        account=account,
        details={**who["details"], **(details or {})},
    )
