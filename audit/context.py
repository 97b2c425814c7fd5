"""Who is acting now: told by the doors (middleware, commands, workers), read when a row is written. Queries nothing.

A request says who asks only when a row is written: over the API a token is read late, inside the view.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

PROCESS = "antipode-"
"""Begins the name under which our processes connect; the trigger reads the rest of it as `via`."""


@dataclass
class Acting:
    """Who acts through which door.

    who     asked each time a row is written, and fills in `actor` and `actor_id`
    reason, details   why, and what else belongs to each entry; an action may fill them in
    """

    via: str
    actor: str = ""
    actor_id: int | None = None
    address: str = ""
    request_id: str = ""
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    who: Callable[[Acting], None] | None = None

    def told(self) -> dict[str, Any]:
        """As the trigger reads it; `details` is what an entry has of the same name."""
        if self.who is not None:
            self.who(self)
        reason = {"reason": self.reason} if self.reason else {}
        return {
            "via": self.via,
            "actor": self.actor,
            "actor_id": self.actor_id,
            "address": self.address,
            "request_id": self.request_id,
            "details": {**self.details, **reason},
        }


_acting: ContextVar[Acting | None] = ContextVar("audit_acting", default=None)
_process: list[Acting] = []


def current() -> Acting | None:
    """Whoever acts now: said by a door, else what this process is."""
    return said() or next(iter(_process), None)


def said() -> Acting | None:
    """Whoever a door said acts now. None where only the process is known: its connections tell it by themselves."""
    return _acting.get()


@contextmanager
def acting(
    via: str,
    *,
    actor: str = "",
    actor_id: int | None = None,
    address: str = "",
    request_id: str = "",
    who: Callable[[Acting], None] | None = None,
) -> Iterator[Acting]:
    """Everything that is written inside the block is put down to this actor."""
    now = Acting(via, actor, actor_id, address, request_id, who=who)
    token = _acting.set(now)
    try:
        yield now
    finally:
        _acting.reset(token)


@contextmanager
def commanded() -> Iterator[None]:
    """A command acts, for the user of the operating system; inside a request the request's user does."""
    if said() is not None:
        yield
        return
    with acting("command", actor=_os_user()):
        yield


def this_process_is(via: str) -> None:
    """What this process writes is put down to Antipode itself, with not one statement more: the connections are named.

    For processes in which nobody else ever acts. Connections that are open already keep their name.
    """
    _process[:] = [Acting(via, "antipode")]
    for settings in connections.settings.values():
        settings.setdefault("OPTIONS", {})["application_name"] = PROCESS + via


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"uid {os.getuid()}"
