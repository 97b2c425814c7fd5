"""The stop button, read: whether a stack may change now. Evacuating does not ask.

A pause is a row (models.safety.Pause), of one stack or of all; workers ask for it twice a second.
"""

from __future__ import annotations

from django.db.models import F, Q, QuerySet

from deployments.models import Pause, Stack


def standing(stack: Stack) -> Pause | None:
    """What holds this stack: the pause of all, or its own. One query."""
    return pauses().filter(Q(stack=stack) | Q(stack=None)).first()


def pauses() -> QuerySet[Pause]:
    """All that stand, that of all first, with who pressed it."""
    return Pause.objects.select_related("created_by", "stack").order_by(F("stack").asc(nulls_first=True))


def told(pause: Pause) -> str:
    """ "paused by alice: the reason" """
    by = pause.created_by.get_username() if pause.created_by else "a command"
    return f"paused by {by}" + (f": {pause.reason}" if pause.reason else "")
