"""What pydantic found → Problems that a person can act on. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from deployments.manifest.problems import Location, Problem, path_of
from deployments.schema import quoted, unknown

# pydantic's type of error → (what the value is not, what to write). Texts of others come from pydantic itself.
_TYPES = {
    "string_type": ("text", "put it in quotes"),
    "int_type": ("a whole number", "write a whole number, without quotes"),
    "int_from_float": ("a whole number", "write a whole number"),
    "float_type": ("a number", "write a number, without quotes"),
    "dict_type": ("a map", "write name: value"),
    "model_type": ("a map", "write name: value"),
    "tuple_type": ("a list", "write a list, also for a single one"),
}

# pydantic's type of error → our code for it, which programs may rely on whatever checks the manifest.
_CODES = {
    **dict.fromkeys(["greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number"], "range"),
    **dict.fromkeys(["string_too_short", "string_too_long", "too_short", "too_long"], "length"),
}


def told(error: ValidationError, model: type[BaseModel], raw: Any, prefix: Location = ()) -> Iterator[Problem]:
    """Each finding of a validation of `raw`'s part at `prefix` by `model`."""
    for finding in error.errors(include_url=False):
        location = tuple(part for part in finding["loc"] if part != "[key]")
        context: Mapping[str, Any] = finding.get("ctx", {})
        if context.get("field"):
            location = (*location, context["field"])
        path = path_of(raw, prefix + location)
        value = finding["input"]
        kind = finding["type"]
        if kind == "missing":
            yield Problem(path, None, "is missing", "add it", "missing")
        elif kind == "extra_forbidden":
            yield _unknown_field(path, value, location, model)
        elif kind == "refused":
            yield Problem(path, _shown(value), context["message"], context["mend"], context["code"])
        elif kind == "literal_error":
            yield Problem(
                path, _shown(value), f"{quoted(value)} is not known here", f"use {context['expected']}", "choice"
            )
        elif kind in _TYPES:
            what, mend = _TYPES[kind]
            yield Problem(path, _shown(value), f"{quoted(value)} is not {what}", mend, "type")
        else:
            limit = re.sub("^[A-Z][a-z]+ should", "it should", finding["msg"])
            yield Problem(
                path,
                _shown(value),
                f"{quoted(value)} can't be taken: {limit}",
                "change it so",
                _CODES.get(kind, "invalid"),
            )


def _unknown_field(path: str, value: Any, location: Location, model: type[BaseModel]) -> Problem:
    name = str(location[-1])
    owner = _owner(model, location[:-1])
    advice: str | None = getattr(owner, "elsewhere", {}).get(name)
    if advice is not None:
        return Problem(path, _shown(value), f"{quoted(name)} is not a field here", advice, "elsewhere")
    fields = [field.alias or name for name, field in owner.model_fields.items()]
    message, mend = unknown(name, "a field here", fields)
    return Problem(path, _shown(value), message, mend, "unknown_field")


def _owner(model: type[BaseModel], location: Location) -> type[BaseModel]:
    """The model whose field was meant: down the annotations, along the location."""
    for part in location:
        if isinstance(part, str):
            (model,) = _models(model.model_fields[part].annotation)
    return model


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models(inner)]


def _shown(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else None
