"""Files that only their owner may read, written whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Replace the file at once: whoever sees it sees all of it."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)


def private_text(path: Path, make: Callable[[], str]) -> str:
    """What the file holds; made once, and kept over restarts."""
    if not path.exists():
        write_private(path, make())
    return path.read_text()
