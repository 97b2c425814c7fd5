"""The journal of one operation: a step a change, saved as running before its AWS call and with the outcome after."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from deployments.inventory import moment
from deployments.models import Operation, Step
from deployments.models.record import StepStatus
from deployments.orders import Skip
from deployments.plan.model import Action, Change, Plan, Ref
from deployments.plan.render import change_json, waiting_text
from deployments.providers.errors import ProviderError
from deployments.rows import save_all

Key = tuple[Ref, str]
DONE = frozenset({StepStatus.SUCCEEDED, StepStatus.CANCELLED, StepStatus.SKIPPED})
WRITTEN = (
    "status",
    "waiting_for",
    "attempts",
    "error_code",
    "error",
    "mend",
    "started_at",
    "finished_at",
    "reason",
    "diff",
)


class Journal:
    """Steps by ref and action. What an earlier holder left running is looked at, never assumed.

    `attempts` counts the answers that were heard: neither waiting nor the death of a worker is an attempt.
    """

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        stack = operation.stack.name
        self.steps: dict[Key, Step] = {
            (Ref(stack, step.kind, step.scope, step.name), step.action): step for step in operation.steps.all()
        }

    @property
    def refused(self) -> frozenset[Ref]:
        """What a person must act on: not tried again in this operation."""
        return frozenset(ref for (ref, _), step in self.steps.items() if step.status == StepStatus.FAILED)

    @property
    def closed(self) -> frozenset[Ref]:
        """Refused by AWS, or left out by a person."""
        ended = {StepStatus.FAILED, StepStatus.SKIPPED}
        return frozenset(ref for (ref, _), step in self.steps.items() if step.status in ended)

    def refuses(self, change: Change) -> bool:
        step = self.steps.get((change.ref, change.action.value))
        return step is not None and step.status == StepStatus.FAILED

    def failed(self) -> list[Step]:
        return [step for step in self.steps.values() if step.status == StepStatus.FAILED]

    def attempts(self, change: Change) -> int:
        step = self.steps.get((change.ref, change.action.value))
        return step.attempts if step else 0

    def follow(self, plan: Plan, *, busy: Collection[Ref], now: float) -> None:
        """Make the steps tell what the plan tells: new ones, what each waits for, and those that are done."""
        wanted = {(change.ref, change.action.value): change for change in plan.changes}
        underway = dict(plan.underway)
        stopped = {problem.ref for problem in plan.problems}
        self._open([change for key, change in wanted.items() if key not in self.steps])
        changed, gone = [], []
        for key, step in list(self.steps.items()):
            ref, before = key[0], (step.status, step.waiting_for)
            if step.status == StepStatus.SKIPPED:
                continue
            if key in wanted:
                if step.status == StepStatus.SUCCEEDED:  # differs again: an update of several AWS steps
                    step.status, step.finished_at = StepStatus.RUNNING, None
                step.waiting_for = "; ".join(waiting_text(waiting) for waiting in wanted[key].waiting)[:300]
            elif step.status in DONE or ref in busy:
                continue
            elif ref in underway or ref in stopped:
                step.waiting_for = underway[ref].why[:300] if ref in underway else ""
            elif step.started_at is None:  # what was "known after apply" turned out the same
                gone.append(step.pk)
                del self.steps[key]
                continue
            else:
                step.attempts = max(step.attempts, 1)
                self._finish(step, StepStatus.SUCCEEDED, now)
            if before != (step.status, step.waiting_for):
                changed.append(step)
        if gone:
            Step.objects.filter(pk__in=gone).delete()
        self._save(changed)

    def _open(self, changes: list[Change]) -> None:
        new = [self._step(change, position) for position, change in enumerate(changes, start=len(self.steps))]
        Step.objects.bulk_create(new)
        self.steps |= {(change.ref, change.action.value): step for change, step in zip(changes, new, strict=True)}

    def start(self, changes: Iterable[Change], *, now: float) -> None:
        """Before the AWS call."""
        started = []
        for change in changes:
            step = self.steps[change.ref, change.action.value]
            step.status, step.waiting_for = StepStatus.RUNNING, ""
            step.started_at = step.started_at or moment(now)
            started.append(step)
        self._save(started)

    def put_back(self, change: Change) -> None:
        """It was about to begin, and was called off before it did."""
        step = self.steps[change.ref, change.action.value]
        step.status = StepStatus.WAITING
        self._save([step])

    def leave_out(self, skips: Iterable[Skip], *, busy: Collection[Ref], now: float) -> None:
        """A person left these out. A call that runs comes to its end first."""
        left = []
        for skip in skips:
            step = self.steps.get((skip.ref, skip.action.value))
            if step is None or step.status in DONE or skip.ref in busy:
                continue
            step.status, step.finished_at, step.waiting_for = StepStatus.SKIPPED, moment(now), skip.why[:300]
            left.append(step)
        self._save(left)

    def succeed(self, changes: Iterable[Change], *, now: float) -> None:
        done = []
        for change in changes:
            step = self.steps[change.ref, change.action.value]
            step.attempts += 1
            self._finish(step, StepStatus.SUCCEEDED, now)
            done.append(step)
        self._save(done)

    def note(self, change: Change, error: ProviderError, *, waiting: bool) -> None:
        """It did not go through this time, and will be tried again."""
        step = self.steps[change.ref, change.action.value]
        if waiting:
            step.waiting_for = error.message[:300]
        else:
            step.attempts += 1
            step.error_code, step.error, step.mend = error.code[:120], error.message, error.mend
        self._save([step])

    def fail(self, ref: Ref, action: Action, *, code: str, message: str, mend: str, now: float) -> None:
        """A person must act."""
        step = self.steps.get((ref, action.value)) or next(
            (step for (other, _), step in self.steps.items() if other == ref), None
        )
        if step is None:
            change = Change(ref, action, "")
            step = self.steps[ref, action.value] = self._step(change, len(self.steps))
            step.save()
        step.error_code, step.error, step.mend = code[:120], message, mend
        step.attempts += 1
        self._finish(step, StepStatus.FAILED, now)
        self._save([step])

    def close(self, *, now: float, left_out: bool = False) -> None:
        """The operation ended: what never began is cancelled, or left out with what it waits for."""
        open_steps = [s for s in self.steps.values() if s.status in {StepStatus.WAITING, StepStatus.RUNNING}]
        for step in open_steps:
            step.status = StepStatus.SKIPPED if left_out else StepStatus.CANCELLED
            step.finished_at = moment(now)
        self._save(open_steps)

    def _step(self, change: Change, position: int) -> Step:
        return Step(
            operation=self.operation,
            position=position,
            kind=change.ref.kind,
            scope=change.ref.scope,
            name=change.ref.name,
            action=change.action.value,
            reason=change.reason[:300],
            diff=change_json(change)["diff"],
            waiting_for="; ".join(waiting_text(waiting) for waiting in change.waiting)[:300],
        )

    def _finish(self, step: Step, status: StepStatus, now: float) -> None:
        step.status, step.finished_at, step.waiting_for = status, moment(now), ""
        step.started_at = step.started_at or moment(now)
        if status == StepStatus.SUCCEEDED:
            step.error_code = step.error = step.mend = ""

    def _save(self, steps: list[Step]) -> None:
        save_all(steps, WRITTEN)
