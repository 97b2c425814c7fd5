"""What was uploaded for a service, as choices of a form; and the handlers that its code offers. Reads stored zips."""

from __future__ import annotations

import ast
import re
import zipfile
from collections.abc import Iterable, Iterator
from functools import lru_cache

from deployments.admin.typed.fields import Choice
from deployments.models import Artifact

MOST_FILES = 200
MOST_BYTES = 200_000
"""Of one file that is looked into: handlers stand in small modules, libraries need not be read."""

_EXPORT = re.compile(r"(?:exports\.|export\s+(?:async\s+)?(?:const|function)\s+)([A-Za-z_]\w*)")
_SCRIPTS = (".js", ".mjs", ".cjs")


def artifact_choices(rows: Iterable[Artifact]) -> list[Choice]:
    """Newest first: files, size, when, and the hash that tells them apart."""
    return [Choice(f"sha256:{row.sha256}", label_of(row)) for row in rows]


def label_of(row: Artifact) -> str:
    first, *more = row.names or ["empty"]
    files = f"{first} and {len(more)} more" if more else first
    return f"{files} · {size(row.size_bytes)} · {row.uploaded_at:%d %b %Y %H:%M} UTC · {row.sha256[:12]}"


def size(count: int) -> str:
    """ "12 kB": of a zip, for people."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def handlers(row: Artifact) -> tuple[str, ...]:
    """`module.function` of each function that a zip's Python and Node modules offer, the shallow ones first."""
    return _handlers(row.sha256, row.file.path) if row.file else ()


@lru_cache(maxsize=64)
def _handlers(sha256: str, path: str) -> tuple[str, ...]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if entry.file_size <= MOST_BYTES]
            entries.sort(key=lambda entry: (entry.filename.count("/"), entry.filename))
            return tuple(
                found
                for entry in entries[:MOST_FILES]
                if entry.filename.endswith((".py", *_SCRIPTS))
                for found in _in_module(entry.filename, archive.read(entry))
            )
    except (OSError, zipfile.BadZipFile):  # its file is gone: nothing to suggest
        return ()


def _in_module(name: str, source: bytes) -> Iterator[str]:
    stem = name.rpartition(".")[0]
    if not name.endswith(".py"):
        yield from (f"{stem}.{found}" for found in _EXPORT.findall(source.decode(errors="replace")))
        return
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield f"{stem.replace('/', '.')}.{node.name}"
