"""What a form says, as JSON values: read from what a browser sent, changed by a button, turned into a document. Pure.

A state is a document with two differences: a map is a list of [name, value], which keeps its order and what is written
twice, and rows may be empty while somebody writes. The names of inputs are the paths that the manifest's problems have:
`components[1].environment[0].name` alone differs, for a name that is being written can't be a path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from deployments.admin.typed.fields import Field

MOST_ROWS = 300
_PART = re.compile(r"([a-z0-9_]+)|\[(\d{1,4})\]")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")


class Sent(Protocol):
    """What a browser sent: Django's QueryDict."""

    def get(self, name: str, /) -> Any: ...
    def __contains__(self, name: object, /) -> bool: ...
    def __iter__(self) -> Any: ...


def read(field: Field, sent: Sent, path: str = "") -> Any:
    """The state of a field. Text that is no number stays text: the schema then tells what is wrong with it."""
    match field.shape:
        case "group":
            return {part.name: read(part, sent, joined(path, part.name)) for part in field.fields}
        case "rows":
            assert field.item is not None
            return [read(field.item, sent, f"{path}[{number}]") for number in _numbers(sent, path)]
        case "variants":
            return [_variant(field, sent, f"{path}[{number}]") for number in _numbers(sent, path)]
        case "map":
            return [
                [sent.get(f"{path}[{number}].name") or "", sent.get(f"{path}[{number}].value") or ""]
                for number in _numbers(sent, path)
            ]
        case "check":
            return path in sent
    text = str(sent.get(path) or "").strip()
    if field.shape == "choice":
        return next((choice.value for choice in field.choices if str(choice.value) == text), text or None)
    if field.shape == "number" and _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text or None


def _variant(field: Field, sent: Sent, path: str) -> dict[str, Any]:
    kind = str(sent.get(f"{path}.kind") or "")
    known = (field.variants or {}).get(kind)
    return {"kind": kind, **(read(known, sent, path) if known else {})}


def _numbers(sent: Sent, path: str) -> Sequence[int]:
    start = f"{path}["
    found = {int(name[len(start) :].partition("]")[0]) for name in sent if _is_row(name, start)}
    return sorted(found)[:MOST_ROWS]


def _is_row(name: str, start: str) -> bool:
    return name.startswith(start) and name[len(start) :].partition("]")[0].isdecimal()


def blank(field: Field) -> Any:
    """The state of a field of which nothing was said: its default."""
    match field.shape:
        case "group":
            return {part.name: blank(part) for part in field.fields}
        case "rows" if field.required and field.item is not None:
            return [blank(field.item)]
        case "rows" | "map" | "variants":
            return stated(field, field.default or [])
        case "check":
            return bool(field.default)
    return field.default


def stated(field: Field, document: Any) -> Any:
    """The state that says what a document says; what no field knows is left as it is."""
    match field.shape:
        case "group":
            given = document if isinstance(document, Mapping) else {}
            known = {part.name: stated(part, given[part.name]) for part in field.fields if part.name in given}
            return {**{part.name: blank(part) for part in field.fields}, **known}
        case "map":
            return [[name, value] for name, value in (document or {}).items()] if isinstance(document, Mapping) else []
        case "rows" if isinstance(document, list | tuple) and field.item is not None:
            return [stated(field.item, row) for row in document]
        case "variants" if isinstance(document, list | tuple):
            return [_stated_variant(field, row) for row in document]
    return document


def _stated_variant(field: Field, row: Any) -> dict[str, Any]:
    known = (field.variants or {}).get(str(row.get("kind")))
    return {"kind": row.get("kind"), **(stated(known, row) if known else {})}


def pruned(field: Field, state: Any) -> Any:
    """Without the rows in which nothing is written, so that the numbers of rows are those of the document."""
    match field.shape:
        case "group":
            return {part.name: pruned(part, state.get(part.name)) for part in field.fields}
        case "rows":
            assert field.item is not None
            rows = [pruned(field.item, row) for row in state or []]
            return [row for row in rows if document(field.item, row) not in (None, {}, "")]
        case "map":
            return [[name, value] for name, value in state or [] if name or value]
        case "variants":
            variants = field.variants or {}
            return [
                {"kind": row["kind"], **(pruned(variants[row["kind"]], row) if row["kind"] in variants else {})}
                for row in state or []
            ]
    return state


def document(field: Field, state: Any) -> Any:
    """JSON values as the schema wants them; what is empty is left out, for the schema to say whether it may be."""
    match field.shape:
        case "group":
            parts = {part.name: document(part, (state or {}).get(part.name)) for part in field.fields}
            return {name: value for name, value in parts.items() if value not in (None, {}, [])}
        case "rows":
            assert field.item is not None
            return [_row(field.item, row) for row in state or []]
        case "variants":
            variants = field.variants or {}
            return [
                {"kind": row["kind"], **(document(variants[row["kind"]], row) if row["kind"] in variants else {})}
                for row in state or []
            ]
        case "map":
            return dict(state or [])
        case "check" if field.default is None and not field.required:
            return state or None
    return state


def _row(item: Field, state: Any) -> Any:
    """With what it must have, though it be empty: a map of one entry could be a short form of something else."""
    if item.shape != "group":
        return document(item, state)
    return {**{part.name: "" for part in item.fields if part.required}, **document(item, state)}


def repeated(field: Field, state: Any, path: str = "") -> list[tuple[str, str]]:
    """(path, name) of each entry of a map that is written twice: a document could keep only one of the two."""
    match field.shape:
        case "group":
            return [
                one for part in field.fields for one in repeated(part, state.get(part.name), joined(path, part.name))
            ]
        case "rows" if field.item is not None:
            return [
                one for number, row in enumerate(state or []) for one in repeated(field.item, row, f"{path}[{number}]")
            ]
        case "variants":
            variants = field.variants or {}
            return [
                one
                for number, row in enumerate(state or [])
                if row["kind"] in variants
                for one in repeated(variants[row["kind"]], row, f"{path}[{number}]")
            ]
        case "map":
            names = [name for name, _ in state or []]
            return [(f"{path}.{name}", name) for name in dict.fromkeys(names) if names.count(name) > 1]
    return []


def edited(field: Field, state: Any, verb: str, path: str, kind: str = "") -> Any:
    """The state after a button: "add" a row to the rows at a path, "remove" the row there, move it "up" or "down".

    A path that leads nowhere changes nothing.
    """
    parts = [int(number) if number else name for name, number in _PART.findall(path)]
    with suppress(KeyError, IndexError, TypeError, StopIteration):
        _edit(field, state, verb, parts, kind)
    return state


def _edit(field: Field, state: Any, verb: str, parts: Sequence[int | str], kind: str) -> None:
    if not parts:
        row = _new_row(field, kind)
        if verb == "add" and len(state) < MOST_ROWS:
            state.append(row)
        return
    head, rest = parts[0], parts[1:]
    if isinstance(head, int):
        if not rest and verb != "add":
            _move(state, head, verb)
            return
        row = state[head]
        of = (field.variants or {})[row["kind"]] if field.shape == "variants" else field.item
        if of is None:
            raise TypeError(f"{field.name} has no rows")
        _edit(of, row, verb, rest, kind)
        return
    part = next(part for part in field.fields if part.name == head)
    _edit(part, state[head], verb, rest, kind)


def _new_row(field: Field, kind: str) -> Any:
    match field.shape:
        case "variants":
            return {"kind": kind, **blank((field.variants or {})[kind])}
        case "map":
            return ["", ""]
        case "rows" if field.item is not None:
            return blank(field.item)
    raise TypeError(f"{field.name} has no rows")


def _move(rows: list[Any], number: int, verb: str) -> None:
    if verb == "remove":
        del rows[number]
        return
    other = number + (1 if verb == "down" else -1)
    if 0 <= other < len(rows):
        rows[number], rows[other] = rows[other], rows[number]


def put(state: Any, path: str, value: Any) -> None:
    """Say something at a path; one that leads nowhere changes nothing."""
    *above, last = [int(number) if number else name for name, number in _PART.findall(path)]
    try:
        for part in above:
            state = state[part]
        if last in state:
            state[last] = value
    except (KeyError, IndexError, TypeError):
        return


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
