"""What all schemas of the manifest share: the strict base, text types, and choices that suggest the nearest. Pure.

Below the manifest and the components, which both build on it. A message names the value and what to write instead.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Collection, Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

LONGEST_GUESS = 100
"""Comparing longer texts for likeness costs more than its answer is worth."""

LABEL = r"[a-z](?:[a-z0-9-]*[a-z0-9])?"


class Strict(BaseModel):
    """A part of the manifest: no unknown fields, no silent conversion ("yes" is no boolean, true no number)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def refused(code: str, message: str, mend: str, *, field: str = "") -> PydanticCustomError:
    """An error of a validator, with its mend. `field`: the one to blame, where a whole model is validated."""
    return PydanticCustomError("refused", "{message}", {"code": code, "message": message, "mend": mend, "field": field})


def quoted(value: Any) -> str:
    """A value as a person wrote it, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:76]}…{text[-1]}"


def nearest(value: object, candidates: Iterable[str]) -> str | None:
    """The candidate that was probably meant; None where none is near."""
    if not isinstance(value, str) or len(value) > LONGEST_GUESS:
        return None
    known = list(candidates)
    folded = {candidate.lower(): candidate for candidate in known}
    if value.lower() in folded:
        return folded[value.lower()]
    return next(iter(difflib.get_close_matches(value, known, n=1, cutoff=0.6)), None)


def unknown(value: object, what: str, candidates: Collection[str], *, verb: str = "use") -> tuple[str, str]:
    """(message, mend) for a value that is not among the candidates: `"pyton3.12" is not a Lambda runtime; did …`."""
    near = nearest(value, candidates)
    message = f"{quoted(value)} is not {what}"
    if near is not None:
        return f'{message}; did you mean "{near}"?', f'{verb} "{near}"'
    if not candidates:
        return message, "there is none to choose from"
    return message, f"{verb} one of: {', '.join(candidates)}"


def choice(what: str, values: Collection[str]) -> tuple[BeforeValidator, Any]:
    """Annotations for a text that must be one of `values`: the check, and the same as an enum for forms."""

    def check(value: Any) -> Any:
        if not isinstance(value, str) or value not in values:
            raise refused("choice", *unknown(value, what, values))
        return value

    return BeforeValidator(check), Field(json_schema_extra={"enum": list(values)})


def pattern(what: str, expression: str, mend: str) -> AfterValidator:
    """An annotation for a text that must match as a whole."""
    compiled = re.compile(expression)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise refused("form", f"{quoted(value)} is not {what}", mend)
        return value

    return AfterValidator(check)


def at_most(limit: int, what: str) -> BeforeValidator:
    """An annotation for a list or map: refused as a whole, unlooked at, where it is too long. Stands last."""

    def check(raw: Any) -> Any:
        if isinstance(raw, list | dict) and len(raw) > limit:
            raise refused("too_many", f"holds {len(raw)} {what}, there can be {limit}", "name fewer")
        return raw

    return BeforeValidator(check)


def ordered(*, key: str, value: str | None) -> Callable[[Any], Any]:
    """A validator that turns an ordered map into rows: `{id: S}` or `[{id: S}]` → `[{key: "id", value: "S"}]`.

    A list of one-entry maps says the same as a map and survives a store that sorts keys, as PostgreSQL's jsonb does.
    With `value` None the entry's own map holds the other fields of its row; a bare text is then a row without any.
    """

    def row(entry: Any) -> Any:
        if isinstance(entry, str) and value is None:
            return {key: entry}
        if not isinstance(entry, dict) or len(entry) != 1 or (value is None and key in entry):
            return entry
        ((name, content),) = entry.items()
        if value is not None:
            return {key: name, value: content}
        return {**content, key: name} if isinstance(content, dict) else {key: name} if content is None else content

    def rows(raw: Any) -> Any:
        if isinstance(raw, dict):
            return [row({name: content}) for name, content in raw.items()]
        return [row(entry) for entry in raw] if isinstance(raw, list) else raw

    return rows


Label = Annotated[
    str,
    Field(max_length=40),
    pattern("a name", LABEL, "use lower-case letters, digits and hyphens, starting with a letter"),
]
"""A name that may stand in DNS, in AWS names and in URLs."""
