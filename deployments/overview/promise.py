"""The SLA of a service, computed from what its own components stand on, for its regions and for 1 … 5. Pure.

Two figures each: regions taken to fail independently, and with `SHARED_CAUSE` of their failures striking all at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from pydantic import ValidationError

from deployments import plugins
from deployments.components.component import Component
from regions import catalogue
from regions.availability import from_percent, service_availability

SHARED_CAUSE = Fraction(1, 100)
"""An assumption, said wherever a figure rests on it: nobody publishes what share of failures regions have in common."""

COMPARED_REGIONS = 5


@dataclass(frozen=True)
class ForRegions:
    """What so many regions give."""

    regions: int
    independent: Fraction
    shared: Fraction


@dataclass(frozen=True)
class Promise:
    """What AWS promises for a service in its `regions`; `parts` are the published SLAs that it is composed of."""

    regions: int
    independent: Fraction
    shared: Fraction
    parts: tuple[catalogue.PublishedSla, ...]
    by_regions: tuple[ForRegions, ...]


def promise(components: Sequence[Mapping[str, Any]], regions: int) -> Promise | None:
    """None where there is nothing to compute from: no region, no component, or one that no longer reads."""
    if not regions or not components:
        return None
    return _promise(json.dumps([dict(part) for part in components]), regions)


@lru_cache(maxsize=4096)
def _promise(components: str, regions: int) -> Promise | None:
    """Kept by what it is computed from: every look at the overview asks for every service's again."""
    numbers = sorted({*range(1, COMPARED_REGIONS + 1), regions})
    kinds = plugins.components()
    try:
        parsed = [kinds[part["kind"]].model_validate(part) for part in json.loads(components)]
    except (ValidationError, LookupError):
        return None
    keys = {number: _keys(parsed, number) for number in numbers}
    compared = {number: _for_regions(keys[number], number) for number in numbers}
    now = compared[regions]
    parts = tuple(catalogue.published_slas()[key] for key in keys[regions])
    return Promise(regions, now.independent, now.shared, parts, tuple(compared.values()))


def _keys(components: Sequence[Component], regions: int) -> tuple[str, ...]:
    """Each published SLA once, in the order in which the components name them: two functions are one Lambda."""
    return tuple(dict.fromkeys(key for component in components for key in component.sla(regions)))


@cache
def _for_regions(keys: tuple[str, ...], regions: int) -> ForRegions:
    slas = [catalogue.published_slas()[key] for key in keys]
    inside = [from_percent(sla.percent) for sla in slas if sla.scope == "region"]
    across = [from_percent(sla.percent) for sla in slas if sla.scope == "global"]
    return ForRegions(
        regions,
        service_availability(inside, regions, shared=across),
        service_availability(inside, regions, shared=across, beta=SHARED_CAUSE),
    )
