"""What is paused, by whom, since when and why: for pages, the API and whoever asks. One query. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from deployments import pauses as standing
from deployments.access import EVERYWHERE, Scope
from deployments.models import Pause, Stack


@dataclass(frozen=True)
class PauseRow:
    """One pressed stop button. `service` is empty where it is that of all, `about` None; `by` where a command pressed
    it."""

    service: str
    by: str
    since: datetime
    reason: str
    about: Stack | None

    @property
    def of_all(self) -> bool:
        return not self.service

    @property
    def told(self) -> str:
        """ "paused by alice: the reason" """
        return f"paused by {self.by or 'a command'}" + (f": {self.reason}" if self.reason else "")

    def within(self, scope: Scope) -> bool:
        """Whether who may act there may let go of it."""
        return scope.everywhere if self.about is None else scope.holds(self.about)


def pauses(scope: Scope = EVERYWHERE) -> list[PauseRow]:
    """All that stand, that of all first. That of all is everybody's to see."""
    theirs = scope.rows(account="stack__account", service="stack__service")
    shown = theirs if scope.everywhere else Q(stack=None) | theirs  # an empty Q would be lost in an "or"
    return [_row(pause) for pause in standing.pauses().filter(shown)]


def by_stack(stacks: Iterable[Stack]) -> dict[int, PauseRow]:
    """What holds each of these stacks; those that nothing holds are left out."""
    rows = list(stacks)
    found = list(standing.pauses().filter(Q(stack=None) | Q(stack__in=rows)))
    of_all = next((pause for pause in found if pause.stack_id is None), None)
    own = {pause.stack_id: pause for pause in found}
    held = {stack.pk: of_all or own.get(stack.pk) for stack in rows}
    return {pk: _row(pause) for pk, pause in held.items() if pause is not None}


def _row(pause: Pause) -> PauseRow:
    return PauseRow(
        service=pause.stack.name if pause.stack else "",
        by=pause.created_by.get_username() if pause.created_by else "",
        since=pause.created_at,
        about=pause.stack,
        reason=pause.reason,
    )
