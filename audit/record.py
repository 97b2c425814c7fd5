"""Write an entry about what no row's change tells: drift that was found, a guard that was overridden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from audit.context import current
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
    who = current()
    return Entry.objects.create(
        at=timezone.now(),
        action=action,
        actor_id=who.actor_id if who else None,
        actor=who.actor if who else "",
        via=who.via if who else "unknown",
        address=who.address if who else "",
        request_id=who.request_id if who else "",
        name=name[:400],
        service=service,
        account=account,
        details=dict(details or {}),
    )
