"""Each process of docker-compose.yml, started by hand with its command and its environment, is healthy by its check.

What a container gives is given here: folders in place of volumes and secrets, engines of the tests in place of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from demo.engines import free_port
from demo.processes import ROOT, Guard, spawn, stop, tail
from tests.demo.waiting import wait_until

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = [name for name in COMPOSE["services"] if name not in {"postgres", "redis", "migrate"}]
SECRET = "a-secret-of-more-than-fifty-characters-that-is-used-in-no-other-place"

pytestmark = pytest.mark.story


class Host:
    """This machine in the place of the one that compose would run on."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        (folder / "data").mkdir()
        (self.secrets / "secret-key").write_text(f"{SECRET}\n")
        (self.secrets / "database-url").write_text(f"{database_url}\n")
        (self.secrets / "aws-credentials").write_text("[default]\naws_access_key_id=none\naws_secret_access_key=none\n")

    def here(self, name: str, text: str) -> str:
        """A text of the file as it is meant inside that container."""
        for there, here in {
            "${ALLOWED_HOSTS:?say by which names people reach it}": "antipode.example",
            "${AWS_DEFAULT_REGION:-us-east-1}": "us-east-1",
            "$$": "$",
            "/run/secrets": str(self.secrets),
            "/data/": f"{self.folder}/data/",
            "/tmp/alive": str(self.folder / f"{name}.alive"),
            "redis://redis:6379/0": os.environ["REDIS_URL"],
            "8000": str(self.port),
        }.items():
            text = text.replace(there, here)
        return sys.executable if text == "python" else text

    def environment(self, name: str) -> dict[str, str]:
        given: dict[str, str] = COMPOSE["services"][name]["environment"]
        return {
            "PATH": os.environ["PATH"],
            "STATE_DIR": str(self.folder),  # a container has no demo beside it
            **{key: self.here(name, value) for key, value in given.items()},
        }

    def command(self, name: str) -> list[str]:
        return [self.here(name, word) for word in COMPOSE["services"][name]["command"]]

    def healthy(self, name: str) -> bool:
        how, *words = COMPOSE["services"][name]["healthcheck"]["test"]
        argv = [self.here(name, word) for word in words]
        shell = ["sh", "-c", *argv] if how == "CMD-SHELL" else argv
        asked = subprocess.run(shell, env=self.environment(name), capture_output=True, check=False, timeout=20)
        return asked.returncode == 0


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    server, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    database = f"compose_{os.getpid()}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database}")
        yield Host(tmp_path, f"{server}/{database}")
        connection.execute(f"DROP DATABASE {database} WITH (FORCE)")


def test_every_process_becomes_healthy(host: Host, tmp_path: Path) -> None:
    migrated = subprocess.run(
        host.command("migrate"), env=host.environment("migrate"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert migrated.returncode == 0, migrated.stderr
    assert not any(host.healthy(name) for name in OURS), "a check that nobody can fail tells nothing"

    with Guard(str(tmp_path)) as guard:
        children = [
            spawn(host.command(name), environment=host.environment(name), log=tmp_path / f"{name}.log", guard=guard)
            for name in OURS
        ]
        try:
            for name in OURS:
                wait_until(lambda name=name: host.healthy(name), within_s=90.0)  # type: ignore[misc]
            ended = [name for name, child in zip(OURS, children, strict=True) if child.poll() is not None]
            assert ended == [], tail(tmp_path / f"{ended[0]}.log")
        finally:
            stop(*children)
