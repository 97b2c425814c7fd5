"""What people say while an operation runs: stop, wait, leave a step out. Read from rows, twice a second at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deployments import pauses
from deployments.models import Operation
from deployments.plan.model import Action, Ref

ASKED_EVERY_S = 0.5


@dataclass(frozen=True)
class Skip:
    """One step that a person left out, and why, in words for people."""

    ref: Ref
    action: Action
    why: str


@dataclass(frozen=True)
class Orders:
    """paused: by whom and why; "" where nothing is paused."""

    cancelled: bool = False
    paused: str = ""
    skips: tuple[Skip, ...] = ()

    @property
    def halted(self) -> bool:
        """Nothing new is begun."""
        return self.cancelled or bool(self.paused)


@dataclass
class Standing:
    """The orders of one operation as they stand."""

    operation: Operation
    clock: Callable[[], float]
    asked_at: float = 0.0
    answer: Orders = Orders()

    def __call__(self) -> Orders:
        now = self.clock()
        if not self.answer.cancelled and now - self.asked_at >= ASKED_EVERY_S:
            self.asked_at, self.answer = now, _read(self.operation)
        return self.answer


def _read(operation: Operation) -> Orders:
    row = Operation.objects.filter(pk=operation.pk).values_list("cancel_requested", "skips").first()
    if row is None:
        return Orders(cancelled=True)
    pause = pauses.standing(operation.stack)
    return Orders(row[0], pauses.told(pause) if pause else "", tuple(skip_of(each) for each in row[1]))


def skip_of(said: dict[str, str]) -> Skip:
    """One entry of `Operation.skips`."""
    reason = f": {said['reason']}" if said.get("reason") else ""
    return Skip(Ref.parse(said["ref"]), Action(said["action"]), f"left out by {said.get('by') or 'somebody'}{reason}")
