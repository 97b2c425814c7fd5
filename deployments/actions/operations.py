"""What the verbs share about operations: one open at a time, and how a new one is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from deployments.actions.actor import Actor
from deployments.actions.refused import ActionRefused
from deployments.actions.wake import wake
from deployments.models import Operation, Release, Stack
from deployments.models.record import OPEN, OperationStatus

log = structlog.get_logger()

REPAIR = "repair"


def refuse_open(stack: Stack, *, but_repair: bool = False) -> None:
    """Raise 409 `operation_open`, with its id, where the stack has an unfinished operation. `but_repair`: a repair is
    in nobody's way, what a person asks takes its place (`begin`)."""
    unfinished = stack.operations.filter(status__in=OPEN).first()
    if unfinished is not None and unfinished.verb == REPAIR and but_repair:
        return
    if unfinished is not None:
        raise ActionRefused(
            409,
            "operation_open",
            f"Operation {unfinished.pk} ({unfinished.title}) is not finished.",
            "Wait until it is, or cancel it.",
            operation=unfinished.pk,
        )


def begin(
    stack: Stack,
    *,
    verb: str,
    title: str,
    release: Release | None,
    consent: Collection[str],
    actor: Actor,
    plan: str = "",
    override: Mapping[str, Any] | None = None,
) -> Operation:
    """Write the operation and wake a worker. The caller holds the stack's row; what it shall become stands in it.

    `plan`: the digest that was signed. `override`: the guards that the worker shall override too.
    """
    refuse_open(stack, but_repair=True)
    _take_place(stack, title)
    try:
        with transaction.atomic():
            operation = Operation.objects.create(
                stack=stack,
                verb=verb,
                title=title,
                release=release,
                consent=sorted(consent),
                requested_by=actor.user,
                requested_via=actor.via,
                plan=plan,
                override=dict(override or {}),
            )
    except IntegrityError:  # a worker opened one in this very moment (one_open_operation_a_stack)
        refuse_open(stack)
        raise
    stack.next_look_at = timezone.now()
    stack.converged = stack.converged and verb == REPAIR
    stack.save(update_fields=["release", "next_look_at", "converged"])
    wake(stack.pk)
    log.info(
        "operation.queued",
        operation=operation.pk,
        stack=stack.name,
        verb=verb,
        release=release.number if release else None,
        consent=operation.consent,
        actor=str(actor),
        via=actor.via,
    )
    return operation


def _take_place(stack: Stack, title: str) -> None:
    """An open repair yields. Its worker finds that out within a second, and goes on with what took its place."""
    stack.operations.filter(status__in=OPEN, verb=REPAIR).update(
        status=OperationStatus.CANCELLED,
        cancel_requested=True,
        finished_at=timezone.now(),
        mend=f'"{title}" took its place.',
    )
