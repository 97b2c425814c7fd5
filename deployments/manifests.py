"""Draft rows ⇄ manifest: the one place that knows which column or row holds which part of it.

Rows are written by `save` alone, in the canonical form, so that reading them back (`document_of`) only puts them
together, and a draft is compared with a release by `==`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deployments import plugins
from deployments.manifest import Manifest, parse, render
from deployments.models import Component, Placement, Release, Service
from deployments.rows import settle
from regions.models import Account, Region

Document = dict[str, Any]
"""A manifest in its canonical form: JSON values."""

COMPONENT = ("position", "kind", "params")
PLACEMENT = ("position", "overrides")
"""What changes of a row that stays."""


def read(source: str | bytes | Mapping[str, Any]) -> Manifest:
    """The manifest that a text or an object stands for, among the regions and accounts known here (two queries).

    Raises ManifestError.
    """
    return parse(
        source,
        known_regions=list(Region.objects.values_list("code", flat=True)),
        accounts=list(Account.objects.values_list("name", flat=True)),
    )


def document_of(service: Service) -> Document:
    """The draft as a manifest's canonical form. Queries nothing that was fetched along: account, components,
    placements and their regions."""
    optional = {
        "stage": service.stage,
        "tags": service.tags,
        "hostname": service.hostname,
        "zone": {"name": service.zone} if service.zone else None,
        "slo": service.slo,
    }
    return {
        "schema": 1,
        "name": service.name,
        "account": service.account.name,
        **{field: value for field, value in optional.items() if value},
        "regions": [_region(placement) for placement in service.placements.all()],
        "components": [
            {"kind": component.kind, "name": component.name, **in_order(component.kind, component.params)}
            for component in service.components.all()
        ],
        "routing": service.routing,
        "health_check": service.health_check,
        "safety": service.safety,
    }


def manifest_of(service: Service) -> Manifest:
    """The draft as a manifest. Raises ManifestError where it became invalid since it was saved."""
    return read(document_of(service))


def save(manifest: Manifest, service: Service | None = None) -> Service:
    """Write the draft of a new service, or of `service`, whose row the caller holds. Its artifacts stay.

    The revision grows where anything changed.
    """
    document = render(manifest)
    account = Account.objects.get(name=manifest.account)
    if service is None:
        service = Service(name=manifest.name, account=account, revision=0)
    elif document_of(service) == document:
        return service
    service.account = account
    service.hostname = manifest.hostname
    service.zone = manifest.zone.name if manifest.zone else ""
    service.stage = manifest.stage or ""
    for field in ("tags", "slo", "routing", "health_check", "safety"):
        setattr(service, field, document.get(field, {}))
    service.revision += 1
    service.save()
    settle(service.components.order_by("pk"), _components(document, service), key="name", fields=COMPONENT)
    settle(service.placements.order_by("pk"), _placements(document, service), key="region_id", fields=PLACEMENT)
    service.__dict__.pop("_prefetched_objects_cache", None)
    return service


def pending(service: Service, release: Release | None) -> bool:
    """The draft says something that is not released: shown, never applied by itself, never drift."""
    return release is None or document_of(service) != release.manifest


def region_codes(document: Mapping[str, Any]) -> list[str]:
    """The regions that a canonical manifest names, in its order."""
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in document["regions"]]


def in_order(kind: str, params: Mapping[str, Any]) -> Document:
    """A component's params in the order in which its schema names them: PostgreSQL's jsonb keeps none."""
    known = plugins.components().get(kind)
    order = {field: index for index, field in enumerate(known.model_fields)} if known else {}
    return dict(sorted(params.items(), key=lambda item: order.get(item[0], len(order))))


def _region(placement: Placement) -> str | Document:
    return {placement.region.code: placement.overrides} if placement.overrides else placement.region.code


def _components(document: Document, service: Service) -> Iterator[Component]:
    for position, entry in enumerate(document["components"]):
        params = {field: value for field, value in entry.items() if field not in {"kind", "name"}}
        yield Component(service=service, position=position, kind=entry["kind"], name=entry["name"], params=params)


def _placements(document: Document, service: Service) -> Iterator[Placement]:
    regions = {region.code: region for region in Region.objects.filter(code__in=region_codes(document))}
    for position, entry in enumerate(document["regions"]):
        ((code, overrides),) = entry.items() if isinstance(entry, dict) else ((entry, {}),)
        yield Placement(service=service, region=regions[code], position=position, overrides=overrides)
