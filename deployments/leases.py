"""Leases: who may work on something now. One row each, with a growing fence; PostgreSQL's clock decides."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass, field

from django.db import connection

TTL_S = 15.0
RENEW_AFTER_S = 5.0


class LeaseLost(Exception):
    """Somebody else holds it now: stop at once and write nothing more."""


def holder_name() -> str:
    """Who we are, for people who look at the row."""
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass
class Lease:
    """A lease that we hold. `keep` must be called at least each `TTL_S`; it asks the database only when due."""

    name: str
    fence: int
    renewed_at: float = field(default_factory=time.monotonic)

    def keep(self) -> None:
        if time.monotonic() - self.renewed_at < RENEW_AFTER_S:
            return
        asked_at = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE deployments_lease SET expires_at = clock_timestamp() + %s * interval '1 second' "
                "WHERE name = %s AND fence = %s AND expires_at > clock_timestamp()",
                [TTL_S, self.name, self.fence],
            )
            if cursor.rowcount != 1:
                raise LeaseLost(self.name)
        self.renewed_at = asked_at

    def release(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE deployments_lease SET expires_at = clock_timestamp(), holder = '' "
                "WHERE name = %s AND fence = %s",
                [self.name, self.fence],
            )


def acquire(name: str) -> Lease | None:
    """The lease, or None while somebody else holds it."""
    asked_at = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO deployments_lease AS held (name, holder, fence, expires_at) "
            "VALUES (%(name)s, %(holder)s, 1, clock_timestamp() + %(ttl)s * interval '1 second') "
            "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = held.fence + 1, "
            "expires_at = excluded.expires_at WHERE held.expires_at <= clock_timestamp() RETURNING fence",
            {"name": name, "holder": holder_name(), "ttl": TTL_S},
        )
        row = cursor.fetchone()
    return Lease(name, row[0], asked_at) if row else None
