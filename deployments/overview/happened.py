"""What happened last: verdicts that turned and operations that began or ended, merged, newest first. Two queries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from deployments.access import EVERYWHERE, Scope
from deployments.models import Operation
from regions.models import Flip

WHO = defaultdict(lambda: "the control plane", command="a command", api="a program", admin="somebody", page="somebody")
"""What is said where the user is not known, or no longer."""


@dataclass(frozen=True)
class Happening:
    """One line: at that time `who` (a service or a person) did or became `what`.

    region     of a verdict
    operation  id of an operation
    """

    at: datetime
    kind: Literal["verdict", "operation"]
    status: str
    who: str
    what: str
    why: str = ""
    region: str = ""
    operation: int | None = None
    service: str = ""


def happenings(since: datetime, limit: int = 8, *, scope: Scope = EVERYWHERE) -> list[Happening]:
    """The newest `limit` things since then."""
    theirs = scope.rows(account="endpoint__account", service="endpoint__replica__stack__service")
    turned = Flip.objects.filter(theirs, at__gte=since).select_related("endpoint__region", "endpoint__replica__stack")
    verdicts = [_verdict(flip) for flip in turned.order_by("-at", "-id")[:limit]]
    asked = scope.rows(account="stack__account", service="stack__service")
    acts = Operation.objects.filter(asked, created_at__gte=since).select_related("stack", "requested_by")[:limit]
    merged = sorted([*verdicts, *(line for act in acts for line in _lines(act))], key=lambda one: one.at, reverse=True)
    return merged[:limit]


def _verdict(flip: Flip) -> Happening:
    endpoint = flip.endpoint
    replica = getattr(endpoint, "replica", None)
    return Happening(
        at=flip.at,
        kind="verdict",
        status=flip.status,
        who=endpoint.name,
        what=flip.status,
        why=flip.why,
        region=endpoint.region.code,
        service=replica.stack.name if replica else "",
    )


def _lines(act: Operation) -> list[Happening]:
    who = act.requested_by.get_username() if act.requested_by else WHO[act.requested_via]
    lines = [
        Happening(act.created_at, "operation", "started", who, act.title, operation=act.pk, service=act.stack.name)
    ]
    if act.finished_at:
        ended = Happening(
            act.finished_at,
            "operation",
            act.status,
            who,
            act.title,
            why=act.error,
            operation=act.pk,
            service=act.stack.name,
        )
        lines.append(ended)
    return lines
