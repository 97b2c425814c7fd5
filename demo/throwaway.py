"""Engines of one's own for as long as a command or a test session runs, in a folder that is removed afterwards."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from demo.engines import FLEETING, Engine, EngineError, PostgreSQL, Valkey
from demo.processes import ROOT, Guard, end, marked, spawn, stop, tail

READY_WITHIN_S = 60.0
PREFIX = "throwaway-"


@contextlib.contextmanager
def engines(parent: Path = ROOT / ".local") -> Iterator[dict[str, str]]:
    """Start PostgreSQL and Redis, give the environment that leads to them, and leave nothing behind."""
    parent.mkdir(parents=True, exist_ok=True)
    _remove_left_over(parent)
    state_dir = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    with (state_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        postgres, valkey = PostgreSQL(state_dir, options=FLEETING), Valkey(state_dir)
        try:
            with Guard(str(state_dir)) as guard:
                started = _start((valkey, postgres), state_dir, guard)
                yield {"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url}
                stop(*started, by=signal.SIGQUIT)  # nothing needs saving
        finally:
            _remove(state_dir)


def _start(both: tuple[Engine, ...], state_dir: Path, guard: Guard) -> "list[subprocess.Popen[bytes]]":
    children = []
    for engine in both:
        engine.prepare()
        log = state_dir / f"{engine.name}.log"
        children.append((engine, log, spawn(engine.command(), environment=os.environ, log=log, guard=guard)))
    deadline = time.monotonic() + READY_WITHIN_S
    for engine, log, child in children:
        while not engine.ready():
            if child.poll() is not None or time.monotonic() > deadline:
                raise EngineError(f"{engine.name} does not start: {tail(log)}")
            time.sleep(0.02)
    return [child for _, _, child in children]


def _remove_left_over(parent: Path) -> None:
    """What killed sessions have left: nobody holds the lock of its folder any more."""
    for state_dir in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(FileNotFoundError, BlockingIOError), (state_dir / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            end(marked(str(state_dir)), by=signal.SIGKILL)
            PostgreSQL(state_dir).end_orphan()
            _remove(state_dir)


def _remove(state_dir: Path) -> None:
    shutil.rmtree(PostgreSQL(state_dir).socket_dir, ignore_errors=True)
    shutil.rmtree(state_dir, ignore_errors=True)
