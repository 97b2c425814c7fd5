"""The state on disk: saved 1 to 1.5 s after a change, in a forked child, and whole or not at all.

    <state>/snapshots/000017/*.json   one file per service, and localcloud.json for what is ours
    <state>/snapshot                  a link to the one that counts, replaced in one rename

The child sees memory as it was at the fork, so serving goes on meanwhile. It starts from hard links of the snapshot
before: a service that cannot be written keeps its last file. A kill -9 at any moment leaves the former snapshot.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

QUIET_S = 1.0
LONGEST_S = 1.5
CHILD_LIMIT_S = 30.0
OURS = "localcloud.json"

log = logging.getLogger("localcloud")


def prepare(state_dir: Path) -> None:
    """Make the link point at a snapshot; sweep away what an interrupted save left."""
    link = state_dir / "snapshot"
    if not link.exists():
        _point(link, _fresh(state_dir))
    current = link.resolve()
    for folder in (state_dir / "snapshots").iterdir():
        if folder != current:
            shutil.rmtree(folder)


def restored(state_dir: Path) -> dict[str, Any]:
    """What `own` had said when the snapshot was made."""
    path = state_dir / "snapshot" / OURS
    if not path.exists():
        return {}
    content = json.loads(path.read_text())
    assert isinstance(content, dict)
    return content


class Keeper:
    """Saves when something changed. `own` gives the local cloud's own state, as JSON."""

    def __init__(self, state_dir: Path, own: Callable[[], Mapping[str, Any]]) -> None:
        self._state_dir = state_dir
        self._own = own
        self._changed = asyncio.Event()
        self._last_change_s = 0.0

    def touch(self) -> None:
        """Something changed."""
        self._last_change_s = time.monotonic()
        self._changed.set()

    async def run(self) -> None:
        while True:
            await self._changed.wait()
            latest_s = time.monotonic() + LONGEST_S
            while (wait_s := min(self._last_change_s + QUIET_S, latest_s) - time.monotonic()) > 0:
                await asyncio.sleep(wait_s)
            self._changed.clear()
            if not await self.save():
                self._changed.set()

    async def save(self) -> bool:
        """Write a snapshot now; False, with a line in the log, where that failed."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # fork with threads: the child only reads and writes
            child = os.fork()
        if child == 0:
            _child(self._state_dir, self._own)
        deadline_s = time.monotonic() + CHILD_LIMIT_S
        while True:
            finished, status = os.waitpid(child, os.WNOHANG)
            if finished:
                if status:
                    log.error("The state could not be saved (see above); trying again.")
                return status == 0
            if time.monotonic() > deadline_s:
                os.kill(child, signal.SIGKILL)  # a lock that another thread held at the fork
                os.waitpid(child, 0)
                log.error("Saving the state took longer than %.0f s; trying again.", CHILD_LIMIT_S)
                return False
            await asyncio.sleep(0.02)


def _child(state_dir: Path, own: Callable[[], Mapping[str, Any]]) -> None:
    """Write the snapshot and end the process, whatever happens."""
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        os.closerange(3, 65_536)  # the listening sockets: a killed parent's ports must be free at once
        _write(state_dir, own)
    except BaseException as problem:  # nothing may unwind into the parent's event loop
        sys.stderr.write(f"localcloud: state not saved: {problem!r}\n")
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _write(state_dir: Path, own: Callable[[], Mapping[str, Any]]) -> None:
    from ministack import app
    from ministack.core import persistence

    link = state_dir / "snapshot"
    former = link.resolve()
    folder = _fresh(state_dir)
    shutil.copytree(former, folder, copy_function=os.link, dirs_exist_ok=True)
    if lambda_svc := sys.modules.get("ministack.services.lambda_svc"):
        lambda_svc.CODE_BLOB_DIR = str(folder / "lambda-blobs")  # type: ignore[attr-defined]
    for service, get_state in app._build_persistence_save_dict().items():
        try:
            payload = get_state()
            if payload is None:
                continue
            wrapped = {"__ministack_format__": persistence._state_format_version(service), "payload": payload}
            content = json.dumps(wrapped, default=persistence._json_default)
        except (TypeError, ValueError, RuntimeError) as problem:
            sys.stderr.write(f"localcloud: {service} keeps its former state: {problem!r}\n")
            continue
        _replace(folder / f"{service}.json", content)
    _replace(folder / OURS, json.dumps(own()))
    _point(link, folder)
    shutil.rmtree(former)


def _fresh(state_dir: Path) -> Path:
    parent = state_dir / "snapshots"
    parent.mkdir(parents=True, exist_ok=True)
    number = max((int(folder.name) for folder in parent.iterdir()), default=0) + 1
    folder = parent / f"{number:06d}"
    folder.mkdir()
    return folder


def _replace(path: Path, content: str) -> None:
    """Never write into `path` itself: it may be a hard link shared with the former snapshot."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(content)
    temporary.replace(path)


def _point(link: Path, folder: Path) -> None:
    temporary = link.with_name("snapshot.next")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(folder.relative_to(link.parent))
    temporary.replace(link)
