"""`${component.attribute}` in a text: parsed here, resolved to outputs by the component that uses it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MARK = re.compile(r"\$\$\{|\$\{(?P<inner>[^}]*)(?P<end>\}?)")
_INNER = re.compile(r"(?P<component>[a-z][a-z0-9-]*)\.(?P<attribute>[a-z][a-z0-9_]*)")


@dataclass(frozen=True)
class Reference:
    """An attribute of another component of the same service, in the same region."""

    component: str
    attribute: str

    def __str__(self) -> str:
        return f"${{{self.component}.{self.attribute}}}"


class BadReference(ValueError):
    """A `${` that opens no reference."""


def parts(text: str) -> Iterator[str | Reference]:
    """Literal pieces and references, in order; `$${` is a literal `${`. Raises BadReference with what was written."""
    literal, end = "", 0
    for mark in _MARK.finditer(text):
        literal += text[end : mark.start()]
        end = mark.end()
        if mark.group() == "$${":
            literal += "${"
            continue
        inner = _INNER.fullmatch(mark["inner"])
        if inner is None or not mark["end"]:
            raise BadReference(mark.group())
        if literal:
            yield literal
            literal = ""
        yield Reference(inner["component"], inner["attribute"])
    literal += text[end:]
    if literal:
        yield literal


def references(text: str) -> tuple[Reference, ...]:
    """The references that stand in a text."""
    return tuple(part for part in parts(text) if isinstance(part, Reference))
