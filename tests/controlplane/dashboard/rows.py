"""Rows of the overview, made of plain values for tests of what is pure."""

from datetime import UTC, datetime, timedelta
from typing import Any

from deployments.overview import ReplicaRow, ServiceRow
from regions.verdict import Status

NOW = datetime(2026, 11, 24, 12, 18, 30, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=15)


def replica(region: str, status: Status = Status.UP, **changes: Any) -> ReplicaRow:
    values: dict[str, Any] = {
        "region": region,
        "hostname": f"{region}.kv.example.test",
        "url": f"https://{region}.kv.example.test",
        "in_rotation": True,
        "release": 1,
        "status": status,
        "since": SINCE,
        "why": "",
        "latency_ms": 41.0,
        "error": "",
        "probed_at": NOW,
        "flips": (),
    }
    return ReplicaRow(**values | changes)


def service(name: str, *replicas: ReplicaRow, **changes: Any) -> ServiceRow:
    values: dict[str, Any] = {
        "name": name,
        "account": "demo",
        "hostname": f"{name}.example.test",
        "slo": None,
        "release": 1,
        "revision": 1,
        "leaving": False,
        "replicas": replicas,
        "drafted": (),
        "unwatched": (),
        "measured": None,
        "promise": None,
        "components": (),
        "operation": None,
        "adding": frozenset(),
    }
    return ServiceRow(**values | changes)
