"""Manifest → its canonical form, every default written out: a release keeps its own when the program's change. Pure.

`parse(render(manifest)) == manifest`, also after a store that sorts the keys of maps, as PostgreSQL's jsonb does.
"""

from __future__ import annotations

from typing import Any

import yaml

from deployments.manifest.branches import written
from deployments.manifest.model import Manifest, Placement, Routing
from deployments.plugins import policies
from deployments.routing.policy import Node


def render(manifest: Manifest) -> dict[str, Any]:
    """JSON values, in the order in which people write a manifest. What is empty is left out."""
    fields = manifest.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude={"regions", "components", "routing"}
    )
    head = ("schema", "name", "account", "stage", "tags", "hostname", "zone", "slo")
    return {
        **{field: fields[field] for field in head if fields.get(field)},
        "regions": [_region(placement) for placement in manifest.regions],
        "components": [component.render() for component in manifest.components],
        "routing": _routing(manifest.routing),
        **{field: fields[field] for field in ("health_check", "safety")},
    }


def to_yaml(manifest: Manifest) -> str:
    """The same as text for people."""
    text: str = yaml.safe_dump(render(manifest), sort_keys=False, allow_unicode=True, width=120)
    return text


def _routing(routing: Routing) -> dict[str, Any]:
    said = routing.model_dump(mode="json", exclude={"branches"})
    return {**said, **written(Node(policies()[routing.policy], routing.branches))}


def _region(placement: Placement) -> str | dict[str, Any]:
    overrides = placement.model_dump(mode="json", exclude_none=True, exclude={"region"})
    told = {field: value for field, value in overrides.items() if value != {}}
    return {placement.region: told} if told else placement.region
