"""Record resources → what Route 53 answers from, wanted (Specs) or standing (the inventory) alike. Pure.

What is known only after apply is named by whose output it is: an answer tells then which domain, not its address.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from deployments.plan.model import Out, Params
from deployments.routing.record import Alias, Record


def read_record(params: Params, context: Mapping[str, Any]) -> Record:
    """One record resource, by its params and the context that says which region it leads to."""
    alias, values = params["alias"], params["values"]
    check = params["health_check_id"]
    return Record(
        name=_named(params["name"]).lower().removesuffix("."),
        type=params["type"],
        ttl=params["ttl"],
        values=tuple(map(_named, values or ())),
        alias=Alias(
            _named(alias["dns_name"]).lower().removesuffix("."),
            _named(alias["zone_id"]),
            bool(alias["evaluate_target_health"]),
        )
        if alias
        else None,
        set_identifier=params["set_identifier"],
        policy={key: _plain(value) for key, value in params["policy"].items()},
        health_check=None if check is None else _named(check),
        region=context.get("region"),
    )


def health_of(records: Iterable[Record], down: Collection[str]) -> dict[str, bool]:
    """Check → healthy: one that a record names is unhealthy where the region that it leads to is `down`."""
    return {one.health_check: one.region not in down for one in records if one.health_check is not None}


def _named(value: Any) -> str:
    return f"{value.ref} {value.attribute}" if isinstance(value, Out) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return _named(value) if isinstance(value, Out) else value
