"""Sets up .venv once: what stands in the locked requirements, with hashes, and nothing else.

Run by make with any Python 3.11–3.13, before there is an environment: standard library only. A stamp that names the
hash of the requirements is written last, so an environment without its stamp is half made and is made anew. Never
touches anything outside .venv.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("requirements-uv.txt", "requirements-dev.txt")
NEEDED_MB = 800  # measured: 625 MB on disk, and room for the data of a demo


class SetupError(Exception):
    """The environment can't be made; the message is one line for a person."""


def fingerprint(root: Path) -> str:
    """The hash of everything that decides what is in the environment."""
    digest = hashlib.sha256()
    for name in REQUIREMENTS:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()[:16]


def set_up(root: Path) -> None:
    """Bring .venv to the locked requirements; returns at once where it already is."""
    venv = root / ".venv"
    stamp = venv / f".locked-{fingerprint(root)}"
    if stamp.exists() and _runs(venv):
        return
    with (root / REQUIREMENTS[0]).open() as lock:  # a lock needs a file that is there, and any will do
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once: the second waits, and finds it done
        if stamp.exists() and _runs(venv):
            return
        stamped = list(venv.glob(".locked-*")) if _runs(venv) else []
        if not stamped:
            _make_anew(venv)
        for old in stamped:
            old.unlink()
        _say("installing the locked dependencies")
        uv = str(venv / "bin" / "uv")
        files = [str(root / name) for name in REQUIREMENTS]
        _run([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(venv / "bin" / "python"), *files])
        stamp.touch()


def _make_anew(venv: Path) -> None:
    free_mb = shutil.disk_usage(venv.parent).free // 1_000_000
    if free_mb < NEEDED_MB:
        raise SetupError(f"the disk is too full: {NEEDED_MB} MB are needed in {venv.parent}, {free_mb} MB are free")
    _say(f"making .venv with Python {sys.version.split()[0]}")
    shutil.rmtree(venv, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(venv)])
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "--no-deps", "-r", str(venv.parent / REQUIREMENTS[0])])


def _runs(venv: Path) -> bool:
    python, uv = venv / "bin" / "python", venv / "bin" / "uv"
    if not (python.exists() and uv.exists()):
        return False
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def _run(command: Sequence[str]) -> None:
    # Another environment that happens to be active must not be the one that is filled.
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode == 0:
        return
    output = (done.stdout + done.stderr).strip()
    if "No space left on device" in output:
        raise SetupError(f"the disk is full: {NEEDED_MB} MB are needed in {ROOT}")
    sys.stderr.write(output + "\n")
    raise SetupError(f"`{' '.join(command[:5])} …` failed with exit code {done.returncode}; its output is above")


def _say(line: str) -> None:
    sys.stderr.write(f"environment: {line}\n")
    sys.stderr.flush()


def main() -> int:
    try:
        set_up(ROOT)
    except SetupError as error:
        _say(str(error))
        return 1
    except OSError as error:
        _say(f"{error.strerror}: {error.filename or ROOT}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
