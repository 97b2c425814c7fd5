"""Who is acting now: told by the doors (middleware, tasks, commands), read when a row is written. Queries nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Acting:
    """Who acts through which door. A door that learns later who it is (a token is read late) fills in `actor`."""

    via: str
    actor: str = ""
    actor_id: int | None = None
    address: str = ""
    request_id: str = ""
    reason: str = ""


_acting: ContextVar[Acting | None] = ContextVar("audit_acting", default=None)


def current() -> Acting | None:
    return _acting.get()


@contextmanager
def acting(
    via: str,
    *,
    actor: str = "",
    actor_id: int | None = None,
    address: str = "",
    request_id: str = "",
) -> Iterator[Acting]:
    """Everything that is written inside the block is put down to this actor."""
    who = Acting(via, actor, actor_id, address, request_id)
    token = _acting.set(who)
    try:
        yield who
    finally:
        _acting.reset(token)
