"""The reason that a dangerous act must carry: it stands on the audit log, and in front of whoever asks later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from audit.context import said
from deployments.actions.refused import ActionRefused

LONGEST = 300


@contextmanager
def because(reason: str, **details: object) -> Iterator[None]:
    """What rows tell the audit log inside the block carries the reason and these details."""
    who = said()
    if who is None:  # only the process is known: its entries carry nothing of a person
        yield
        return
    before = who.reason, who.details
    who.reason, who.details = reason, {**who.details, **details}
    try:
        yield
    finally:
        who.reason, who.details = before


def check_reason(reason: str) -> None:
    """Raise 400 where there is none, or more than anybody reads."""
    if not reason.strip():
        message, code = "say why: it goes on the audit log", "reason_missing"
    elif len(reason) > LONGEST:
        message, code = f"{LONGEST} characters at most", "reason_too_long"
    else:
        return
    mend = "Give a reason in a sentence."
    error = {"field": "reason", "value": reason[:80], "message": message, "mend": mend, "code": code}
    raise ActionRefused(400, code, f"reason: {message}.", mend, errors=[error])
