"""What is wrong with a manifest, told so that it can be mended: path, value, message, mend. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MOST_PROBLEMS = 100
"""More than anyone reads, and guessing what was meant for each takes time."""


Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One thing to mend. `path` is empty where it is about the text as a whole; `code` is stable, for programs."""

    path: str
    value: Any
    message: str
    mend: str
    code: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ManifestError(ValueError):
    """A manifest that can't be taken: all its problems at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = list(problems)
        if len(found) > MOST_PROBLEMS:
            found[MOST_PROBLEMS:] = [Problem("", None, "and more problems", "mend these first", "more")]
        self.problems = tuple(found)
        super().__init__("\n".join(map(str, self.problems)))


def path_of(raw: Any, location: Location) -> str:
    """`("components", 2, "runtime")` → `components[2].runtime`.

    Where the manifest has a map for what we keep as rows, a row's number becomes the key that was written. A text that
    is short for a row (`- eu-central-1`) has no fields: the path ends there.
    """
    path, node = "", raw
    for part in location:
        if isinstance(node, str):
            break
        if isinstance(part, int) and isinstance(node, Mapping) and part < len(node):
            part = list(node)[part]
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
        node = _child(node, part)
    return path


def _child(node: Any, part: str | int) -> Any:
    if isinstance(node, Mapping):
        return node.get(part)
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node[part]
    return None
