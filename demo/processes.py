"""Processes of our own: started in a session of their own, and ended with all that they started.

Whatever is started here carries a mark in its environment and is told to a guard, a small process that outlives a
`kill -9` of the one that started it and then ends what is left. Linux's PR_SET_PDEATHSIG would not do: it fires when
the starting *thread* ends, is not inherited by grandchildren, and macOS has none.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import psutil  # type: ignore[import-untyped]  # ships no types

ROOT = Path(__file__).resolve().parent.parent
MARK = "ANTIPODE_STARTED_BY"
GRACE_S = 8.0


class Guard:
    """Ends what was started under `mark` when the process that holds the guard is gone, however it went."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self._watched: list[int] = []
        self._process = self._start()

    def watch(self, pid: int) -> None:
        """PostgreSQL overwrites its environment, mark included: so each process is told by id, too."""
        self._watched.append(pid)
        try:
            self._tell([pid])
        except BrokenPipeError:  # somebody killed the guard
            self.release()
            self._process = self._start()
            self._tell(self._watched)

    def release(self) -> None:
        """End what is left under the mark, and the guard with it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "demo.guard", self.mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
            bufsize=0,
            start_new_session=True,  # Ctrl-C in the terminal is not for the guard
        )

    def _tell(self, pids: list[int]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{pid}\n" for pid in pids).encode())

    def __enter__(self) -> "Guard":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def spawn(argv: Sequence[str], *, environment: Mapping[str, str], log: Path, guard: Guard) -> "subprocess.Popen[bytes]":
    """Start a child whose output goes to the end of `log`."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            argv,
            env={**environment, MARK: guard.mark},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    guard.watch(child.pid)
    return child


def stop(*children: "subprocess.Popen[bytes]", by: signal.Signals = signal.SIGTERM, grace_s: float = GRACE_S) -> None:
    """End children of our own, and collect their exit codes."""
    end(living(child.pid for child in children if child.poll() is None), by=by, grace_s=grace_s)
    for child in children:
        # Whose first thread has ended looks like a zombie while others are still ending, and has no exit code yet.
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(1.0)


def end(
    processes: "Iterable[psutil.Process]", *, by: signal.Signals = signal.SIGTERM, grace_s: float = GRACE_S
) -> None:
    """Ask the processes to end, for `grace_s` at most; then kill what is left of them and of all that they started."""
    asked = list(processes)
    family = _with_descendants(asked)
    for process in asked:
        _send(process, by)
    _wait(asked, grace_s)
    left = [process for process in family if _lives(process)]  # whoever started it is gone: nobody else will end it
    deadline = time.monotonic() + grace_s
    while (
        left and time.monotonic() < deadline
    ):  # what outlives SIGKILL is in the kernel's hands, as on a disk that hangs
        for process in _with_descendants(left):
            _send(process, signal.SIGKILL)
        left = _wait(left, 1.0)


def living(pids: Iterable[int]) -> "Iterator[psutil.Process]":
    """The processes of these ids, as they are now: an id that is given to another one later is not taken for it."""
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            yield psutil.Process(pid)


def marked(mark: str) -> "Iterator[psutil.Process]":
    """All living processes, but our own, that were started under `mark`."""
    for process in psutil.process_iter():
        # Another user's process does not show its environment, and any may be gone meanwhile.
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                yield process


def processes_in(folder: Path) -> "Iterator[psutil.Process]":
    """All living processes that work in this folder, as PostgreSQL's do in that of their data."""
    for process in psutil.process_iter():
        # Another user's process does not show where it works, and any may be gone meanwhile.
        with contextlib.suppress(psutil.Error, OSError):
            if process.cwd() == str(folder):
                yield process


def command_line(process: "psutil.Process") -> list[str]:
    """As it was started; empty where it has ended, even if nobody has collected its exit code yet."""
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, as far as there is one."""
    try:
        text = log.read_bytes()[-20_000:].decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _with_descendants(processes: "Iterable[psutil.Process]") -> "list[psutil.Process]":
    family = {}
    for process in processes:
        family[process.pid] = process
        with contextlib.suppress(psutil.NoSuchProcess):
            family.update({child.pid: child for child in process.children(recursive=True)})
    return list(family.values())


def _wait(processes: "list[psutil.Process]", within_s: float) -> "list[psutil.Process]":
    """Wait for the end of all; gives those that live on. psutil's own wait takes a zombie for alive."""
    deadline = time.monotonic() + within_s
    while (left := [process for process in processes if _lives(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _lives(process: "psutil.Process") -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _send(process: "psutil.Process", what: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(what)
