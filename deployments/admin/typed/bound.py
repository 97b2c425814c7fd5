"""Fields with what they say and what is wrong with it: what the templates walk. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployments.admin.typed.fields import Choice, Field
from deployments.admin.typed.state import blank, joined

Lists = Mapping[str, Sequence[Choice]]
"""What can be chosen where a schema gives a hint and the world the values: hint → choices."""


HINTED = frozenset({"artifact"})
"""Hints that have a way to ask of their own."""


@dataclass
class Bound:
    """One field of the page. `path`: its input's name; `parts`: the fields of a group, or the rows;
    `suggestions`: the id of a list of them; `fixed`: to be read only."""

    field: Field
    path: str
    value: Any
    label: str = ""
    kind: str = ""
    parts: list[Bound] = dataclasses.field(default_factory=list)
    errors: list[str] = dataclasses.field(default_factory=list)
    choices: Sequence[Choice] = ()
    suggestions: str = ""
    fixed: bool = False

    @property
    def id(self) -> str:
        """For label, help and error."""
        return "f-" + re.sub("[^a-z0-9]+", "-", self.path.lower()).strip("-")

    @property
    def template(self) -> str:
        name = self.field.hint if self.field.hint in HINTED else self.field.shape
        return f"admin/deployments/service/fields/{name}.html"

    @property
    def chosen(self) -> str:
        return "" if self.value is None else str(self.value)

    @property
    def otherwise(self) -> bool:
        """Whether anything but the first thing is said, or wrong: of a region, what it has otherwise."""
        return any(part.ill or part.value not in (None, "", []) for part in self.parts if part.field.shape != "choice")

    @property
    def unlisted(self) -> bool:
        """Chosen, and no choice."""
        return self.chosen != "" and all(str(choice.value) != self.chosen for choice in self.choices)

    @property
    def by_name(self) -> dict[str, Bound]:
        """The parts of a group, for a template that places them by itself."""
        return {part.field.name: part for part in self.parts}

    @property
    def ill(self) -> bool:
        """Whether anything in it is to be mended."""
        return bool(self.errors) or any(part.ill for part in self.parts)

    @property
    def full(self) -> bool:
        """No more rows can be added."""
        return bool(self.field.labels) and len(self.parts) >= len(self.field.labels)

    def walk(self) -> Iterator[Bound]:
        yield self
        for part in self.parts:
            yield from part.walk()


def bind(field: Field, state: Any, lists: Lists, path: str = "", label: str = "") -> Bound:
    """A field and all that is below it, with what the state says."""
    bound = Bound(field, path, state, label or field.label, choices=_choices(field, state, lists))
    match field.shape:
        case "group":
            bound.parts = [
                bind(part, (state or {}).get(part.name), lists, joined(path, part.name)) for part in field.fields
            ]
        case "rows" if field.item is not None:
            bound.parts = [
                bind(field.item, row, lists, f"{path}[{number}]", _row_label(field, number))
                for number, row in enumerate(state or ([blank(field.item)] if field.required else []))
            ]
        case "map" if field.item is not None:
            bound.parts = [Bound(field.item, f"{path}[{number}]", pair) for number, pair in enumerate(state or [])]
        case "variants":
            bound.parts = list(_variants(field, state or [], lists, path))
    return bound


def _variants(field: Field, rows: Sequence[Any], lists: Lists, path: str) -> Iterator[Bound]:
    for number, row in enumerate(rows):
        of = (field.variants or {}).get(row["kind"], Field("", "group"))
        bound = bind(of, row, lists, f"{path}[{number}]", str(row.get("name") or f"New {row['kind']}"))
        bound.kind = row["kind"]
        yield bound


def tell(bound: Bound, path: str, text: str) -> None:
    """Put a problem at the field that it is about, or at the nearest around it that the page shows."""
    places = {_place(one): one for one in bound.walk()}
    while path and path not in places:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    places.get(path, bound).errors.append(text)


def _place(one: Bound) -> str:
    """Where problems say that a field is: a map's row goes by its name."""
    if one.field.name == "" and isinstance(one.value, list) and "[" in one.path and one.field.shape != "rows":
        return f"{one.path.rpartition('[')[0]}.{one.value[0]}"
    return one.path


def _row_label(field: Field, number: int) -> str:
    return field.labels[number] if number < len(field.labels) else ""


def _choices(field: Field, state: Any, lists: Lists) -> Sequence[Choice]:
    """What can be chosen; what is chosen already stays a choice, whatever became of it."""
    choices = lists.get(field.hint, field.choices) if field.hint else field.choices
    if field.shape == "choice" and state not in (None, "") and all(choice.value != state for choice in choices):
        return [*choices, Choice(state, f"{state} (not known here)")]
    return choices
