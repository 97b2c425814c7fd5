"""Keeps named children running: starts, waits until ready, starts again what ended, and in the end ends everything.

Knows nothing of what the children are. One thread, no hidden work: children are looked after whenever the caller waits
(`start`, `run`, `wait_until`, `watch`). Never restarts for ever: the same child three times within 30 s is given up.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demo.processes import GRACE_S, Guard, spawn, stop, tail

STRIKES = 3
STRIKES_WITHIN_S = 30.0
LOOK_EVERY_S = 0.1

Say = Callable[[str], None]


class GaveUpError(Exception):
    """A child, or a command that had to succeed, does not work; the message ends with its last lines."""


@dataclass(frozen=True)
class Child:
    """One process to keep running. `ready` gates what comes after it."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool] | None = None
    prepare: Callable[[], None] | None = None
    stop_with: signal.Signals = signal.SIGTERM


@dataclass
class _Running:
    child: Child
    process: "subprocess.Popen[bytes]"
    ended_at_s: deque[float] = field(default_factory=lambda: deque(maxlen=STRIKES))


class Supervisor:
    """Owns the children from start to end: `end`, or leaving the `with`, ends them, the last group first."""

    def __init__(self, log_dir: Path, *, guard: Guard, say: Say, grace_s: float = GRACE_S) -> None:
        self._log_dir = log_dir
        self._guard = guard
        self._say = say
        self._grace_s = grace_s
        self._groups: list[list[_Running]] = []
        log_dir.mkdir(parents=True, exist_ok=True, mode=0o700)

    def start(self, *children: Child, within_s: float = 60.0) -> None:
        """Start a group of children and return when all of them are ready."""
        group: list[_Running] = []
        self._groups.append(group)
        for child in children:
            self._log(child.name).unlink(missing_ok=True)  # a log tells of this run
            group.append(_Running(child, self._spawn(child)))
        for running in group:
            ready = running.child.ready
            if ready is not None and not self.wait_until(ready, within_s=within_s):
                raise GaveUpError(self._told(running.child.name, f"is not ready after {within_s:.0f} s"))

    def run(self, name: str, argv: Sequence[str], environment: Mapping[str, str], *, within_s: float = 120.0) -> None:
        """Run a command to its end while the children are looked after; raise GaveUpError unless it succeeds."""
        self._log(name).unlink(missing_ok=True)
        process = spawn(argv, environment=environment, log=self._log(name), guard=self._guard)
        try:
            if not self.wait_until(lambda: process.poll() is not None, within_s=within_s):
                raise GaveUpError(self._told(name, f"has not finished after {within_s:.0f} s"))
        finally:
            stop(process, grace_s=self._grace_s)
        if process.returncode:
            raise GaveUpError(self._told(name, _how(process.returncode)))

    def wait_until(self, condition: Callable[[], bool], *, within_s: float) -> bool:
        """Look after the children until the condition holds; False if it does not hold in time."""
        deadline = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_EVERY_S)
            self._look()
        return True

    def watch(self) -> None:
        """Look after the children for ever: ends by an exception only (a signal's, or GaveUpError)."""
        while True:
            time.sleep(LOOK_EVERY_S)
            self._look()

    def end(self) -> None:
        """End all children: the last started group first, each group at once."""
        while self._groups:
            group = self._groups.pop()
            for stop_with in {running.child.stop_with for running in group}:
                alike = [running.process for running in group if running.child.stop_with == stop_with]
                stop(*alike, by=stop_with, grace_s=self._grace_s)

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _look(self) -> None:
        now_s = time.monotonic()
        for running in [running for group in self._groups for running in group]:
            code = running.process.poll()
            if code is not None:
                _kill_group(running.process.pid)  # the pool of a killed worker must not go on without it
                self._start_again(running, _how(code), now_s)

    def _start_again(self, running: _Running, why: str, now_s: float) -> None:
        name = running.child.name
        running.ended_at_s.append(now_s)
        if len(running.ended_at_s) == STRIKES and now_s - running.ended_at_s[0] <= STRIKES_WITHIN_S:
            raise GaveUpError(self._told(name, f"{why}, for the third time within {STRIKES_WITHIN_S:.0f} s"))
        self._say(f"{name} {why}; starting it again")
        running.process = self._spawn(running.child)

    def _spawn(self, child: Child) -> "subprocess.Popen[bytes]":
        if child.prepare is not None:
            child.prepare()
        return spawn(child.argv, environment=child.environment, log=self._log(child.name), guard=self._guard)

    def _log(self, name: str) -> Path:
        return self._log_dir / f"{name}.log"

    def _told(self, name: str, what: str) -> str:
        last = tail(self._log(name)).replace("\n", "\n  | ")
        return f"{name} {what}; the end of {self._log(name)}:\n  | {last or '(empty)'}"


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _how(code: int) -> str:
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
