"""A backup of yesterday: what was deployed since is found again by its names and marks, and nothing is made twice."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from demo import engines
from tests.stories.service import THREE, Service, identities, recorded, standing
from tests.stories.system import System

pytestmark = pytest.mark.story

FOUR = (*THREE, "sa-east-1")


def test_a_backup_is_restored(system: System, service: Callable[[str], Service], tmp_path: Path) -> None:
    ledger = service("ledger")
    ledger.save()
    ledger.deploy()
    yesterday = tmp_path / "antipode.dump"
    dump(system, yesterday)
    ledger.save(regions=FOUR)
    ledger.deploy()
    before = identities(ledger, FOUR)
    generation = ledger.generation()
    assert generation is not None

    restore(system, yesterday)
    system.until(lambda: ledger.told()["release"] == 1, "the API answers from the restored database")
    assert len(standing(ledger, FOUR)) > len(recorded(ledger)), "the fourth region is unknown now"

    ledger.save(regions=FOUR)
    ledger.deploy()

    assert identities(ledger, FOUR) == before
    assert standing(ledger, FOUR) == recorded(ledger)
    assert ledger.changes() == []
    again = ledger.generation()
    assert again is not None
    assert again["generation"] >= generation["generation"], "generations never restart"
    assert sorted(ledger.answering()) == sorted(FOUR)


def test_a_service_that_is_younger_than_the_backup(
    system: System, service: Callable[[str], Service], tmp_path: Path
) -> None:
    yesterday = tmp_path / "antipode.dump"
    dump(system, yesterday)
    sequel = service("sequel")
    sequel.save()
    sequel.deploy()
    before = identities(sequel)

    restore(system, yesterday)
    system.until(lambda: system.api.call("GET", "services/") is not None, "the API answers")
    assert system.api.call("GET", "services/sequel/") is None

    sequel.save()
    sequel.deploy()

    assert identities(sequel) == before
    assert standing(sequel) == recorded(sequel)
    assert sequel.changes() == []


def dump(system: System, file: Path) -> None:
    subprocess.run([_tool("pg_dump"), "--format=custom", f"--file={file}", system.database_url], check=True)


def restore(system: System, file: Path) -> None:
    """Into the same database, emptied; its users find it again."""
    server, _, name = system.database_url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    subprocess.run([_tool("pg_restore"), f"--dbname={system.database_url}", "--no-owner", str(file)], check=True)


def _tool(name: str) -> str:
    return str(engines._binary(name))
