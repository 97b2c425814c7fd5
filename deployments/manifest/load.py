"""Text → plain JSON values, for text that nobody vouches for. Pure.

YAML as 1.2 reads it where 1.1 surprises: `on`, `yes` and `no` are text, so are dates, `010` and `1:30`. Refused: tags,
repeated keys, what expands or nests without end, NaN and infinity, control characters. Whatever the text, the error is
a ManifestError.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Hashable, Iterator
from typing import Any

import yaml

from deployments.manifest.problems import Location, ManifestError, Problem, path_of
from deployments.schema import quoted

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_NODES = 100_000
"""Values, those that aliases repeat counted each time."""
MAX_DIGITS = 18

_LAYOUT = "\t\n\r"


def load(source: str | bytes) -> Any:
    """The value that a JSON or YAML text stands for. Raises ManifestError."""
    text = _decoded(source)
    if text.lstrip().startswith("{"):
        try:
            return checked(_json(text))
        except json.JSONDecodeError:
            pass  # a YAML flow map begins like this too, and YAML's message tells the line as well
    return checked(_yaml(text))


def checked(value: Any) -> Any:
    """The same value, once all of it is known to be plain JSON within the limits. Raises ManifestError."""
    problems = list(_impurities(value))
    if problems:
        raise ManifestError(problems)
    return value


def _decoded(source: str | bytes) -> str:
    try:
        raw = source.encode() if isinstance(source, str) else source
        text = raw.decode("utf-8-sig")
    except UnicodeError:
        raise _refused("not_utf8", "the manifest is not UTF-8 text", "save it as UTF-8") from None
    if len(raw) > MAX_BYTES:
        raise _refused(
            "too_large", f"the manifest has {len(raw)} bytes, at most {MAX_BYTES} are read", "keep code in artifacts"
        )
    if (control := _control_character(text)) is not None:
        line = text.count("\n", 0, text.index(control)) + 1
        raise _refused(
            "control_character", f"line {line} holds the control character U+{ord(control):04X}", "remove it"
        )
    return text


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_int=_integer)
    except RecursionError:
        raise _too_deep() from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _repeated(key)
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise _refused("not_finite", f"{name} is not a number that JSON knows", "write a finite number")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _refused("too_large", f"a number of {len(digits)} digits is too large", "no field takes such a number")
    return int(digits)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's safe loader with the core schema of YAML 1.2 (chapter 10.3), less octal, hexadecimal and infinity."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _repeated(key.value, key.start_mark.line + 1)
                seen.add(key.value)
        found: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return found


# An integer of more digits than any field takes stays text, and is refused as such.
for _tag, _form, _first in (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", rf"[-+]?(?:0|[1-9][0-9]{{0,{MAX_DIGITS - 1}}})", "-+0123456789"),
    ("float", r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?", "-+0123456789"),
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", "<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_form})$"), list(_first))


def _yaml(text: str) -> Any:
    try:
        _bounded(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        why = getattr(error, "problem", None) or "this is not YAML"
        raise _refused("syntax", f"{where}{why}", "mend the YAML there") from None


def _bounded(text: str) -> None:
    """Walk the events, which needs neither recursion nor memory, before anything is built from them."""
    sizes: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []
    nodes = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise _refused("alias", f"the alias *{event.anchor} stands for nothing complete", "write the value out")
            nodes += sizes[event.anchor]
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            if event.tag is not None:
                raise _refused("tag", f"tags such as {event.tag} are not read", "remove the tag, or quote the text")
            nodes += 1
            if isinstance(event, yaml.CollectionStartEvent):
                opened.append((event.anchor, nodes))
                if len(opened) > MAX_DEPTH:
                    raise _too_deep()
            elif event.anchor is not None:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor is not None:
                sizes[anchor] = nodes - before + 1
        if nodes > MAX_NODES:
            raise _too_many()
    if documents != 1:
        raise _refused("syntax", f"the text holds {documents} documents", "write exactly one manifest")


def _impurities(value: Any) -> Iterator[Problem]:
    """Everything in a value that JSON has no word for, or that goes beyond the limits. Needs no recursion."""
    waiting: list[tuple[Location, Any]] = [((), value)]
    nodes = 0
    while waiting:
        location, node = waiting.pop()
        nodes += 1
        if len(location) > MAX_DEPTH or nodes > MAX_NODES:
            yield from (_too_deep() if len(location) > MAX_DEPTH else _too_many()).problems
            return
        if isinstance(node, dict):
            waiting += [((*location, str(key)), child) for key, child in reversed(node.items())]
        elif isinstance(node, list):
            waiting += [((*location, index), child) for index, child in reversed(list(enumerate(node)))]
        for code, message, mend in _impure(node):
            yield Problem(path_of(value, location), None, message, mend, code)


def _impure(node: Any) -> Iterator[tuple[str, str, str]]:
    """(code, message, mend) of what is wrong with one value, its keys included, its children not."""
    if isinstance(node, dict):
        for key in node:
            if isinstance(key, str):
                yield from _impure(key)
            else:
                yield "key", f"the key {quoted(key)} is not text", "put it in quotes"
    elif isinstance(node, str):
        if (control := _control_character(node)) is not None:
            yield "control_character", f"holds the character U+{ord(control):04X}", "remove it"
    elif isinstance(node, float):
        if not math.isfinite(node):
            yield "not_finite", "is not a finite number", "write a finite number"
    elif not isinstance(node, list | int | None):
        yield "type", f"a {type(node).__name__} is no JSON value", "write it as text"


def _control_character(text: str) -> str | None:
    """The first character that no text may hold: control characters but tab and line ends, and halves of pairs."""
    if text.isprintable():
        return None
    return next((c for c in text if c not in _LAYOUT and unicodedata.category(c) in ("Cc", "Cs")), None)


def _refused(code: str, message: str, mend: str) -> ManifestError:
    return ManifestError([Problem("", None, message, mend, code)])


def _repeated(key: str, line: int | None = None) -> ManifestError:
    where = f" (again at line {line})" if line is not None else ""
    return _refused("repeated_key", f"the key {quoted(key)} stands twice{where}", "keep one of the two")


def _too_deep() -> ManifestError:
    return _refused("too_deep", f"values are nested more than {MAX_DEPTH} deep", "a manifest needs six levels")


def _too_many() -> ManifestError:
    return _refused(
        "too_many", f"the manifest has more than {MAX_NODES} values, aliases written out", "describe less, repeat less"
    )
