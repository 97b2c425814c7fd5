"""Consent to lose data: the components that somebody named when asking for a deploy or a destroy."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from deployments import manifests
from deployments.actions.refused import ActionRefused
from deployments.components.component import Context
from deployments.manifest import Manifest, ManifestError
from deployments.models import Service, Stack
from deployments.providers.aws.provider import discover


def check_consent(service: Service, stack: Stack | None, names: Collection[str]) -> None:
    """Raise 400 unless every name is a component with data: drafted, released or still in the inventory."""
    if not names:
        return
    holding = holding_data(service, stack)
    unknown = [name for name in names if name not in holding]
    if unknown:
        known = f"These hold data: {', '.join(sorted(holding))}." if holding else "No component of it holds data."
        raise ActionRefused(
            400,
            "invalid",
            f'destroy_data: "{unknown[0]}" is no component of {service.name} that holds data.',
            known,
            errors=[
                {"field": "destroy_data", "value": name, "message": "holds no data", "mend": known, "code": "no_data"}
                for name in unknown
            ],
        )


def holding_data(service: Service, stack: Stack | None) -> set[str]:
    """Names of the components whose loss would be a loss of data."""
    kinds = data_kinds()
    names = {name for manifest in _manifests(service, stack) for name in _with_data(manifest, kinds)}
    if stack is not None:
        names |= set(stack.resources.filter(kind__in=kinds).values_list("name", flat=True))
    return names


def data_kinds() -> frozenset[str]:
    """The kinds of AWS resources that hold data."""
    return frozenset(name for name, kind in discover().items() if kind.traits.data)


def _manifests(service: Service, stack: Stack | None) -> Iterator[Manifest]:
    documents = [manifests.document_of(service)]
    if stack is not None and stack.release is not None:
        documents.append(stack.release.manifest)
    for document in documents:
        try:
            yield manifests.read(document)
        except ManifestError:  # a draft may be incomplete; approving it is somebody else's refusal
            continue


def _with_data(manifest: Manifest, kinds: Collection[str]) -> Iterator[str]:
    siblings = {component.name: component for component in manifest.components}
    context = Context(manifest.name, "", manifest.region_codes, siblings)
    for component in manifest.components:
        if any(spec.ref.kind in kinds for spec in component.expand(context)):
            yield component.name
