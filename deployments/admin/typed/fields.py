"""JSON Schema, as pydantic writes it → the fields of a form. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Shape = Literal["text", "number", "choice", "check", "group", "rows", "map", "variants"]
Schema = Mapping[str, Any]

UNITS = {"mb": "MB", "ms": "ms", "s": "seconds", "d": "days"}
"""The unit rides in a field's name (`memory_mb`); a label says it in words."""
ACRONYMS = {"slo": "SLO", "ttl": "TTL", "id": "ID", "arn": "ARN", "url": "URL"}


@dataclass(frozen=True)
class Choice:
    """One value that may be chosen, and what people read instead of it."""

    value: Any
    label: str


@dataclass(frozen=True)
class Field:
    """One thing that can be said.

    hint      what the schema says of the way to ask ("form"): "artifact", "handler", …
    item      of rows: one row
    fields    of a group: its parts
    variants  of rows whose parts depend on their kind: kind → a group
    labels    of rows: what the first, the second, … is called; there can be no more
    """

    name: str
    shape: Shape
    label: str = ""
    help: str = ""
    hint: str = ""
    required: bool = False
    default: Any = None
    choices: tuple[Choice, ...] = ()
    limits: str = ""
    whole: bool = False
    longest: int | None = None
    item: Field | None = None
    fields: tuple[Field, ...] = ()
    variants: Mapping[str, Field] | None = None
    labels: tuple[str, ...] = ()


def group(schema: Schema, *, name: str = "", label: str = "", without: frozenset[str] = frozenset()) -> Field:
    """The fields of an object; those whose value is fixed have none."""
    return _group(schema, name, label, schema.get("$defs", {}), without)


def label_of(name: str) -> str:
    """`memory_mb` → "Memory (MB)", `failure_threshold` → "Failure threshold"."""
    words = name.strip("_").split("_")
    unit = UNITS.get(words[-1]) if len(words) > 1 else None
    named = [ACRONYMS.get(word, word) for word in (words[:-1] if unit else words)]
    text = " ".join(named)
    text = text[:1].upper() + text[1:]
    return f"{text} ({unit})" if unit else text


def _group(schema: Schema, name: str, label: str, defs: Schema, without: frozenset[str] = frozenset()) -> Field:
    required = schema.get("required", ())
    fields = tuple(
        _field(key, part, defs, required=key in required)
        for key, part in schema.get("properties", {}).items()
        if "const" not in _resolved(part, defs) and key not in without
    )
    return Field(name, "group", label or label_of(name), _told(schema), fields=fields)


def _field(name: str, given: Schema, defs: Schema, *, required: bool) -> Field:
    schema = _resolved(given, defs)
    common: dict[str, Any] = {
        "name": name,
        "label": label_of(name),
        "help": _told(schema),
        "hint": schema.get("form", ""),
        "required": required,
        "default": schema.get("default"),
    }
    if "enum" in schema:
        words = schema.get("labels", {})
        choices = tuple(Choice(value, str(words.get(str(value), value))) for value in schema["enum"])
        return Field(shape="choice", choices=choices, **common)
    match schema.get("type"):
        case "boolean":
            return Field(shape="check", **common)
        case "integer" | "number" as kind:
            return Field(shape="number", limits=_limits(schema), whole=kind == "integer", **common)
        case "array":
            item = _field("", schema.get("items", {"type": "string"}), defs, required=True)
            return Field(shape="rows", item=item, labels=tuple(schema.get("rows", ())), **common)
        case "object" if "properties" in schema:
            return Field(**{**common, "shape": "group", "fields": _group(schema, name, "", defs).fields})
        case "object":
            value = _field("", schema.get("additionalProperties", {"type": "string"}), defs, required=True)
            return Field(shape="map", item=value, **common)
    return Field(shape="text", longest=schema.get("maxLength"), **common)


def _limits(schema: Schema) -> str:
    """ "128 … 10240." of a number, in the words of a person."""
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if above is not None and below is not None:
        return f"More than {above:g}, less than {below:g}."
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None:
        return ""
    return f"At least {least:g}." if most is None else f"{least:g} … {most:g}."


def _told(schema: Schema) -> str:
    """The first line of what a schema says of itself, without the marks of code."""
    return str(schema.get("description", "")).partition("\n")[0].replace("`", "")


def _resolved(schema: Schema, defs: Schema) -> dict[str, Any]:
    """A property's schema with what it refers to in place, and without "or null"."""
    found = dict(schema)
    options = [option for option in found.pop("anyOf", []) if option.get("type") != "null"]
    if len(options) == 1:
        found = {**options[0], **found}
    if "allOf" in found:
        for part in found.pop("allOf"):
            found = {**part, **found}
    if "$ref" in found:
        found = {**_resolved(defs[found.pop("$ref").rpartition("/")[2]], defs), **found}
    return found
