"""Where the environment is silent, the `env` of a running demo answers: of the demo whose STATE_DIR is said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo.processes import ROOT

SECRET_KEY = "of-this-demo-" * 5
ENV = f"SECRET_KEY={SECRET_KEY}\nDATABASE_URL=postgres://demo@127.0.0.1:1/demo\nREDIS_URL=redis://127.0.0.1:1/0\n"


def settings(**environment: str) -> subprocess.CompletedProcess[str]:
    """The secret key with which a command would start."""
    told = "from controlplane import settings; print(settings.SECRET_KEY)"
    return subprocess.run(
        [sys.executable, "-c", told],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_chosen_state_dir_answers(tmp_path: Path) -> None:
    (tmp_path / "env").write_text(ENV)

    assert settings(STATE_DIR=str(tmp_path)).stdout == f"{SECRET_KEY}\n"


def test_relative_state_dir_is_below_the_checkout(tmp_path: Path) -> None:
    """As `make demo` reads it, wherever the command was called."""
    (tmp_path / "env").write_text(ENV)

    assert settings(STATE_DIR=os.path.relpath(tmp_path, ROOT)).stdout == f"{SECRET_KEY}\n"


def test_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "env").write_text(ENV)

    assert settings(STATE_DIR=str(tmp_path), SECRET_KEY="said" * 20).stdout == f"{'said' * 20}\n"


@pytest.mark.parametrize("found", [True, False])
def test_nothing_there_leaves_what_is_missing_to_be_told(tmp_path: Path, found: bool) -> None:
    state_dir = tmp_path if found else tmp_path / "absent"

    done = settings(STATE_DIR=str(state_dir))

    assert done.returncode != 0
    assert "SECRET_KEY is not set; set it, or SECRET_KEY_FILE to a file that holds it" in done.stderr
