"""Start a local cloud as a child process, for tests and for whoever supervises one. Imports nothing of ministack."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

READY = "Local cloud ready:"
START_LIMIT_S = 30.0
STOP_LIMIT_S = 15.0
ATTEMPTS = 5


class Running(TypedDict):
    url: str  # the shared address: AWS API of every region, /_at/ and /_localcloud/
    dns: tuple[str, int]  # where its name servers answer
    port: int
    ca_file: str
    pid: int


class StartError(RuntimeError):
    """The local cloud ended before it was ready; the message is its own last words."""


@contextlib.contextmanager
def start_localcloud(state_dir: Path | str, port: int | None = None) -> Iterator[Running]:
    """A local cloud until the end of the `with` block, on free ports unless told one; its state stays.

    What it prints is in `localcloud.log` in its state folder.
    """
    folder = Path(state_dir).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    child, chosen = _start(folder, port)
    try:
        yield {
            "url": f"http://127.0.0.1:{chosen}",
            "dns": ("127.0.0.1", chosen - 1),
            "port": chosen,
            "ca_file": str(folder / "ca.pem"),
            "pid": child.pid,
        }
    finally:
        _stop(child)


def _start(folder: Path, port: int | None) -> tuple[subprocess.Popen[bytes], int]:
    """A free port may be taken between looking and binding, so a chosen one is tried again with another."""
    for attempt in range(ATTEMPTS):
        chosen = port if port is not None else free_port()
        log = folder / "localcloud.log"
        with log.open("wb") as output:
            child = subprocess.Popen(
                [sys.executable, "-m", "localcloud"],
                cwd=Path(__file__).resolve().parent.parent,
                env={
                    **os.environ,
                    "LOCALCLOUD_PORT": str(chosen),
                    "DNS_PORT": str(chosen - 1),
                    "LOCALCLOUD_STATE_DIR": str(folder),
                },
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for whoever supervises
            )
        try:
            _wait_until_ready(child, log)
        except StartError:
            _stop(child)
            if port is not None or attempt == ATTEMPTS - 1:
                raise
        else:
            return child, chosen
    raise AssertionError("unreachable")


def _wait_until_ready(child: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline_s:
        ended = child.poll() is not None
        if READY in (said := log.read_text()):
            return
        if ended:
            raise StartError(said.strip() or f"the local cloud ended with {child.returncode}")
        time.sleep(0.02)
    raise StartError(f"the local cloud is not ready after {START_LIMIT_S:.0f} s: {log.read_text().strip()}")


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End it as a person would; the hard way only when it does not listen."""
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def free_port() -> int:
    """A port with the one before and two after it free too, below the range that the kernel hands out to clients."""
    for _ in range(200):
        port = random.randrange(12_000, 32_000)
        if all(_is_free(host, port + offset) for host in ("127.0.0.1", "127.10.0.1") for offset in range(-1, 3)):
            return port
    raise StartError("no four free ports in a row")


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            return problem.errno == errno.EADDRNOTAVAIL  # macOS has no such address, so nobody listens there
    return True
