"""Drift: what differs between the world and the approved release that nobody asked for, read and written down.

`read` looks without a lease, so that no deploy waits for it; `note` believes it only where nothing began meanwhile.
Repairing is `actions/check_drift.py`'s decision and an operation's work.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

import structlog
from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from deployments import pauses
from deployments.desired import desired
from deployments.inventory import Inventory, moment
from deployments.models import Drift, Operation, Stack
from deployments.models.record import OPEN, StepStatus
from deployments.models.safety import DriftState
from deployments.neighbours import Neighbours
from deployments.plan.diff import CALLS, diff
from deployments.plan.model import Ref
from deployments.plan.repair import Finding, Judgement, judge
from deployments.preview import known_targets
from deployments.providers.errors import ProviderError
from deployments.providers.protocol import Provider
from deployments.released import released

log = structlog.get_logger(__name__)

CHECK_AT = 0.7  # of the interval: what is found then is mended before the interval is over
JITTER = 0.1  # of the interval; by the stack's number, so that a fleet deployed at once is not checked at once
SWEEP_S = 2.0
MOST_FAILED = 12  # more of them make the wait no longer
UNFINISHED = "the last operation did not reach the release: retry it or deploy"
REPORTED = "safety.repair is report"


@dataclass(frozen=True)
class Reading:
    """One look at one stack. `operation` and `release` say what it was held against; `error` why it told nothing."""

    release: int | None
    operation: int | None
    auto: bool = False
    judgement: Judgement | None = None
    error: str = ""


def read(stack: Stack, provider: Provider) -> Reading:
    """Look at all that the approved release wants and the inventory knows. Reads AWS, writes nothing."""
    newest = stack.operations.order_by("-id").values_list("pk", flat=True).first()
    wanted = released(stack)
    assert wanted is not None, "only what is released is looked at for drift"
    specs = {spec.ref: spec for spec in desired(wanted)}
    inventory = Inventory(stack)
    now = time.time()
    around = Neighbours.of(specs.values()).looks(now)
    try:
        looks = {**dict.fromkeys(specs), **provider.observe(known_targets(inventory, specs)), **around}
    except ProviderError as error:
        return Reading(stack.release_id, newest, error=f"{error.code}: {error.message}")
    plan = diff(specs.values(), inventory.known, looks, traits=provider.traits, now=now)
    judgement = judge(plan, specs.values(), provider.traits)
    return Reading(
        stack.release_id,
        newest,
        auto=wanted.manifest.safety.repair == "auto",
        judgement=judgement,
        error=judgement.unknown[0].message if judgement.unknown else "",
    )


def why_held(stack: Stack, reading: Reading, now: datetime) -> str:
    """Why nothing of it is mended by itself now; "" where it may be."""
    if not stack.converged:
        return UNFINISHED
    if not reading.auto:
        return REPORTED
    if pause := pauses.standing(stack):
        return pauses.told(pause)
    failed = list(stack.operations.order_by("-id")[:MOST_FAILED])
    after = patience(failed, timedelta(seconds=settings.DRIFT_INTERVAL_S))
    if after is not None and after > now:
        return f"operation {failed[0].pk} could not repair it; tried again at {after:%H:%M:%S} UTC"
    return ""


def note(stack: Stack, reading: Reading, held: str, now: datetime) -> bool:
    """Write down what was read; `held`: why nothing of it is mended by itself. The caller holds the stack's row. False:
    something began or changed meanwhile, so that the reading says nothing."""
    newest = stack.operations.order_by("-id").values_list("pk", "status").first()
    began = newest is not None and (newest[0] != reading.operation or newest[1] in OPEN)
    if began or stack.release_id != reading.release:
        return False
    if reading.judgement is not None:
        _write(stack, reading.judgement, held, now)
        stack.drift_checked_at = now
    stack.drift_error = reading.error[:300]
    stack.save(update_fields=["drift_checked_at", "drift_error"])
    return True


def _write(stack: Stack, judgement: Judgement, held: str, now: datetime) -> None:
    standing = {_ref(row): row for row in stack.drift.filter(state=DriftState.FOUND).select_related("stack")}
    unknown = {problem.ref for problem in judgement.unknown}
    for finding in judgement.findings:
        row = standing.pop(finding.ref, None)
        waits_for = (finding.waits_for or held)[:300]
        if row is None:
            _found(stack, finding, waits_for, now)
            continue
        row.action, row.reason, row.diff = _told(finding)
        row.waits_for, row.seen_at = waits_for, now
        row.save(update_fields=["action", "reason", "diff", "waits_for", "seen_at"])
    for ref, row in standing.items():
        if ref not in unknown:
            row.state, row.ended_at = DriftState.VANISHED, now
            row.save(update_fields=["state", "ended_at"])


def _found(stack: Stack, finding: Finding, waits_for: str, now: datetime) -> None:
    action, reason, difference = _told(finding)
    Drift.objects.create(
        stack=stack,
        kind=finding.ref.kind,
        scope=finding.ref.scope,
        name=finding.ref.name,
        action=action,
        reason=reason,
        diff=difference,
        waits_for=waits_for,
        found_at=now,
        seen_at=now,
    )
    log.info("drift.found", ref=str(finding.ref), action=action, reason=reason, waits_for=waits_for)


def _told(finding: Finding) -> tuple[str, str, list[dict[str, object]]]:
    action = finding.action.value if finding.action else ""
    differences = [{"path": d.path, "before": d.before, "after": d.after} for d in finding.differences]
    return action, finding.reason[:300], differences


def _ref(row: Drift) -> Ref:
    return Ref(row.stack.name, row.kind, row.scope, row.name)


def mended(stack: Stack, operation: Operation, *, whole: bool, now: float) -> None:
    """An operation has succeeded: what it changed is repaired; where it left nothing out, the rest is no more, either.
    It has just looked at everything, so that counts as a check."""
    changed = operation.steps.filter(status=StepStatus.SUCCEEDED, action__in=CALLS)
    done = set(changed.values_list("kind", "scope", "name"))
    for row in stack.drift.filter(state=DriftState.FOUND):
        if (row.kind, row.scope, row.name) in done:
            row.state, row.operation = DriftState.REPAIRED, operation
        elif whole:
            row.state = DriftState.VANISHED
        else:
            continue
        row.ended_at = moment(now)
        row.save(update_fields=["state", "operation", "ended_at"])
    if whole:
        stack.drift_checked_at, stack.drift_error = moment(now), ""
        stack.save(update_fields=["drift_checked_at", "drift_error"])


# -- when


def due_at(stack_id: int, now: float) -> datetime:
    """When a stack that is checked now is due again: a bit before `CHECK_AT` of the interval, each stack at its own."""
    share = CHECK_AT - JITTER * (stack_id * 0.618033988749895 % 1.0)  # the golden ratio spreads neighbours
    return moment(now + share * settings.DRIFT_INTERVAL_S)


def claim_due(now: datetime) -> list[int]:
    """Stacks that should be checked now; each is given to one caller, and is due again after its share of the interval.

    Deployed, without an open operation. Of a fleet that is due at once (beat was away) only a part, so that checks
    never come in a flood.
    """
    deployed = Stack.objects.filter(release__isnull=False)
    unfinished = Exists(Operation.objects.filter(stack=OuterRef("pk"), status__in=OPEN))
    due = deployed.filter(~unfinished, Q(drift_due_at__lte=now) | Q(drift_due_at=None))
    part = math.ceil(2 * deployed.count() * SWEEP_S / ((CHECK_AT - JITTER) * settings.DRIFT_INTERVAL_S))
    claimed = []
    for pk, before in due.order_by("drift_due_at").values_list("pk", "drift_due_at")[: max(part, 1)]:
        again = due_at(pk, now.timestamp())
        if Stack.objects.filter(pk=pk, drift_due_at=before).update(drift_due_at=again) == 1:
            claimed.append(pk)
    return claimed


# -- how often a repair may try


def patience(newest_first: Iterable[Operation], interval: timedelta) -> datetime | None:
    """Not before then, after repairs that failed: one interval after the first, two after the second, four after the
    third, at most a day. None: none failed since anything else went through."""
    failed = list(takewhile(lambda each: each.verb == "repair" and each.status == "failed", newest_first))
    last: datetime | None = failed[0].finished_at if failed else None
    return last and last + min(interval * 2 ** (len(failed) - 1), timedelta(days=1))
