"""Engines of a test session: there for as long as it runs, nothing left afterwards, even after a kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import redis

from demo.processes import ROOT, marked
from demo.throwaway import engines
from tests.demo.waiting import wait_until

HOLD = """
import sys, pathlib
from demo.throwaway import engines
with engines(pathlib.Path(sys.argv[1])) as urls:
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_both_engines_answer_and_are_gone_afterwards(tmp_path: Path) -> None:
    with engines(tmp_path) as urls:
        (state_dir,) = tmp_path.iterdir()
        with psycopg.connect(urls["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert redis.Redis.from_url(urls["REDIS_URL"]).ping()
        assert list(marked(str(state_dir)))

    assert list(tmp_path.iterdir()) == []
    assert list(marked(str(state_dir))) == []


def test_killed_session_leaves_no_process_and_its_folder_goes_with_the_next(tmp_path: Path) -> None:
    session = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert session.stdout is not None
    assert session.stdout.readline() == b"ready\n"
    (state_dir,) = tmp_path.iterdir()

    os.kill(session.pid, signal.SIGKILL)
    session.communicate()

    wait_until(lambda: not list(marked(str(state_dir))))
    wait_until(lambda: not (state_dir / "postgres18" / "data" / "postmaster.pid").exists())
    with engines(tmp_path):
        assert state_dir not in tmp_path.iterdir()


def test_session_that_lives_keeps_its_folder(tmp_path: Path) -> None:
    with engines(tmp_path), engines(tmp_path):
        assert len(list(tmp_path.iterdir())) == 2
