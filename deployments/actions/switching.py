"""Setting and removing switches: objects in two buckets, side by side, and what is written down of it.

Shared by evacuate, restore and beat, which tries again what was not written or is not gone. One object is enough to
take a region out; all must be gone to bring it back.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import partial

import structlog
from django.db.models import Q
from django.utils import timezone

from deployments import evacuations
from deployments.actions.actor import Actor
from deployments.actions.refused import ActionRefused
from deployments.evacuations import Object
from deployments.models import Evacuation, Operation, Stack, Step
from deployments.models.record import OperationStatus, StepStatus
from deployments.providers.errors import ProviderError
from deployments.providers.protocol import Provider
from deployments.routing.switches import foundation_name

log = structlog.get_logger()

THREADS = 16
AGAIN = "Nothing to do: it is tried again by itself each 10 s."


class Switching(StrEnum):
    """The two verbs, as operations have them."""

    EVACUATE = "evacuate"
    RESTORE = "restore"


def write(evacuation: Evacuation, provider: Provider) -> None:
    """Write what is not written yet. Takes effect with the first object; raises 503 where there is none."""
    body = _body(evacuation)
    left = [each for each in evacuation.switches if not each["written_at"]]
    _all(left, lambda each: provider.put_object(each["region"], each["bucket"], each["key"], body), done="written_at")
    if evacuation.effective_at is None and any(each["written_at"] for each in evacuation.switches):
        evacuation.effective_at = timezone.now()
    evacuation.save(update_fields=["switches", "effective_at"])
    if evacuation.effective_at is None:
        first = evacuation.switches[0]
        raise ActionRefused(
            503,
            "evacuation_failed",
            f"No switch bucket could be written: {first['error']}. It is tried again by itself each 10 s.",
            f"By hand, now: {by_hand(first, set_it=True)}",
            commands=[by_hand(each, set_it=True) for each in evacuation.switches],
        )


def remove(evacuation: Evacuation, provider: Provider) -> None:
    """Remove what no other evacuation needs. The region is back once all are gone."""
    needed = evacuations.needed_elsewhere(evacuation)
    for each in evacuation.switches:
        if (each["bucket"], each["key"]) in needed:
            each["written_at"], each["error"] = None, ""
    # One whose writing was not heard of may stand: deleting what is absent succeeds.
    left = [
        each
        for each in evacuation.switches
        if not each.get("removed_at") and (each["bucket"], each["key"]) not in needed
    ]
    _all(left, lambda each: provider.delete_object(each["region"], each["bucket"], each["key"]), done="removed_at")
    if not any(each["error"] for each in evacuation.switches):
        evacuation.restored_at = timezone.now()
    evacuation.save(update_fields=["switches", "restored_at"])


def unfinished() -> list[Evacuation]:
    """Those of which something is still to be written or removed: beat's question."""
    rows = Evacuation.objects.filter(restored_at=None).select_related("account", "region", "stack")
    return [row for row in rows.filter(Q(ramp={}) | Q(restoring_at=None)) if row.restoring_at or not _written(row)]


def journalled(evacuation: Evacuation, verb: Switching, actor: Actor) -> Operation:
    """What was done as an operation that has ended, with a step an object: found where people look for what happened.

    It never counts as an open one: nothing waits for it, and it waits for nothing.
    """
    now = timezone.now()
    stack = evacuation.stack or Stack.objects.get(name=foundation_name(evacuation.account.name))
    complete = evacuation.restored_at is not None if verb is Switching.RESTORE else True
    operation = Operation.objects.create(
        stack=stack,
        verb=verb.value,
        title=_title(evacuation, verb),
        release=stack.release,
        status=OperationStatus.SUCCEEDED if complete else OperationStatus.FAILED,
        error="" if complete else "not every switch could be removed: the region stays out",
        mend="" if complete else AGAIN,
        override=evacuation.override if verb is Switching.EVACUATE else {},
        requested_by=actor.user,
        requested_via=actor.via,
        started_at=now,
        finished_at=now,
    )
    Step.objects.bulk_create(
        Step(
            operation=operation,
            position=position,
            kind="s3_object",
            scope=each["region"],
            name=f"{each['bucket']}/{each['key']}",
            action="create" if verb is Switching.EVACUATE else "delete",
            reason=(evacuation.reason if verb is Switching.EVACUATE else evacuation.restore_reason)[:300],
            status=StepStatus.FAILED if each["error"] else StepStatus.SUCCEEDED,
            attempts=1,
            error=each["error"],
            mend=AGAIN if each["error"] else "",
            started_at=now,
            finished_at=now,
        )
        for position, each in enumerate(evacuation.switches)
    )
    return operation


def by_hand(each: Object, *, set_it: bool) -> str:
    """The AWS CLI's line that does the same."""
    verb = "put-object" if set_it else "delete-object"
    return f"aws s3api {verb} --region {each['region']} --bucket {each['bucket']} --key {each['key']}"


def _all(objects: list[Object], call: Callable[[Object], None], *, done: str) -> None:
    """Call for each, side by side; then write down what became of it."""
    if not objects:
        return
    with ThreadPoolExecutor(min(THREADS, len(objects)), thread_name_prefix="switch") as threads:
        outcomes = list(threads.map(partial(_tried, call), objects))
    now = timezone.now().isoformat()
    for each, error in zip(objects, outcomes, strict=True):
        each["error"] = error
        each[done] = None if error else now
        if error:
            log.warning("switch.failed", bucket=each["bucket"], key=each["key"], error=error)


def _tried(call: Callable[[Object], None], each: Object) -> str:
    try:
        call(each)
    except ProviderError as error:
        return f"{error.code}: {error.message}"[:300]
    return ""


def _written(evacuation: Evacuation) -> bool:
    return all(each["written_at"] for each in evacuation.switches)


def _body(evacuation: Evacuation) -> bytes:
    """What stands in the object, for whoever finds it: who, when, why."""
    told = {
        "region": evacuation.region.code,
        "of": evacuation.stack.name if evacuation.stack else "everything there",
        "by": evacuation.created_by.get_username() if evacuation.created_by else "a command",
        "at": evacuation.created_at.isoformat(timespec="seconds"),
        "reason": evacuation.reason,
    }
    return json.dumps(told, ensure_ascii=False).encode()


def _title(evacuation: Evacuation, verb: Switching) -> str:
    of = f" for {evacuation.stack.name}" if evacuation.stack else ""
    return f"{verb.value.capitalize()} {evacuation.region.code}{of}"
