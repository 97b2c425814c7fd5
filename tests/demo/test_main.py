"""`make demo` where it can't start: one clear line, exit code 1, nothing started."""

import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

from demo.engines import free_port
from demo.processes import ROOT


def start(state_dir: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    chosen = {"PATH": os.environ["PATH"], "STATE_DIR": str(state_dir), "PORT": str(free_port()), **environment}
    return subprocess.run(
        [sys.executable, "-m", "demo"], cwd=ROOT, env=chosen, capture_output=True, text=True, timeout=60
    )


def test_taken_port_is_one_line_that_names_port_and_variable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        done = start(tmp_path, PORT=port)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"demo: port {port} is taken (Address already in use); choose another with PORT=…\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock"]


def test_nonsense_is_one_line_that_names_the_variable(tmp_path: Path) -> None:
    done = start(tmp_path, PORT="http")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "demo: PORT='http' is not a port; give a whole number from 1 to 65533\n"


def test_second_demo_in_one_folder_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        done = start(tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"demo: a demo already runs in {tmp_path}; choose another with STATE_DIR=…\n"
