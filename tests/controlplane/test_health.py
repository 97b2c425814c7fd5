"""Liveness is the process, readiness the database with its migrations."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import OperationalError
from django.test import Client


def test_healthz_asks_nobody(client: Client) -> None:
    """Without a database, as pytest-django enforces here."""
    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readyz_is_ready_once_everything_is_migrated(client: Client) -> None:
    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readyz_tells_missing_migrations(client: Client) -> None:
    newest = MigrationLoader(connection).graph.leaf_nodes("controlplane")[0]
    MigrationRecorder(connection).record_unapplied(*newest)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {
        "status": "not ready",
        "why": "1 migrations are not applied; run manage.py migrate",
    }


@pytest.mark.django_db
def test_readyz_tells_a_dead_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("django.db.migrations.recorder.MigrationRecorder.applied_migrations", refuse)

    response = client.get("/readyz")

    assert (response.status_code, response.json()["why"]) == (503, "PostgreSQL does not answer")
