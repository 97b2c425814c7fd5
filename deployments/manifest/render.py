"""Manifest → its canonical form, every default written out: a release keeps its own when the program's change. Pure.

`parse(render(manifest)) == manifest`, also after a store that sorts the keys of maps, as PostgreSQL's jsonb does.
"""

from __future__ import annotations

from typing import Any

import yaml

from deployments.manifest.model import Manifest, Placement


def render(manifest: Manifest) -> dict[str, Any]:
    """JSON values, in the order in which people write a manifest. What is empty is left out."""
    fields = manifest.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"regions", "components"})
    head = ("schema", "name", "account", "stage", "tags", "hostname", "zone", "slo")
    return {
        **{field: fields[field] for field in head if fields.get(field)},
        "regions": [_region(placement) for placement in manifest.regions],
        "components": [component.render() for component in manifest.components],
        **{field: fields[field] for field in ("routing", "health_check", "safety")},
    }


def to_yaml(manifest: Manifest) -> str:
    """The same as text for people."""
    text: str = yaml.safe_dump(render(manifest), sort_keys=False, allow_unicode=True, width=120)
    return text


def _region(placement: Placement) -> str | dict[str, Any]:
    overrides = placement.model_dump(mode="json", exclude_none=True, exclude={"region"})
    told = {field: value for field, value in overrides.items() if value != {}}
    return {placement.region: told} if told else placement.region
