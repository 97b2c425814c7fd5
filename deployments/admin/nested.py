"""Routing in the form: branches are rows of one level; what is below a row is text, as a manifest has it. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from deployments.manifest import ManifestError
from deployments.manifest.load import load
from deployments.manifest.model import policy_fields

FORM = "tree"
"""How the schema marks a field that leads to a region or to a policy."""


def folded(document: Mapping[str, Any]) -> dict[str, Any]:
    """The routing of a manifest as the form's fields have it: every branch a row, policies below as text."""
    return _changed(document, lambda to: json.dumps(to, ensure_ascii=False) if isinstance(to, dict) else to)


def unfolded(document: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse. Text that can't be read stays text: the schema then tells that it is no region."""
    return _changed(document, _read)


def _read(to: Any) -> Any:
    if not isinstance(to, str) or ":" not in to:
        return to
    try:
        return load(to)
    except ManifestError:
        return to


def _changed(document: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    routing = document.get("routing")
    if not isinstance(routing, Mapping):
        return {}
    targets = [name for name, schema in policy_fields().items() if schema.get("form") == FORM]
    found = {**routing, **{name: change(routing[name]) for name in targets if name in routing}}
    if isinstance(routing.get("branches"), list):
        rows = [row if isinstance(row, Mapping) else {"to": row} for row in routing["branches"]]
        found["branches"] = [{**row, **({"to": change(row["to"])} if "to" in row else {})} for row in rows]
    return {"routing": found}
