"""A service's draft beside what is released: the manifest to read, and whether it says something else by now."""

from __future__ import annotations

from dataclasses import dataclass

from deployments import manifests
from deployments.manifest import ManifestError, Problem, to_yaml
from deployments.models import Service


@dataclass(frozen=True)
class Draft:
    """`pending`: it differs from the release, or nothing is released. `problems`: why it does not read any more."""

    yaml: str
    pending: bool
    problems: tuple[Problem, ...] = ()


def draft_of(name: str) -> Draft | None:
    """None where there is no draft any more."""
    service = Service.objects.select_related("account", "stack__release").filter(name=name).first()
    if service is None:
        return None
    stack = getattr(service, "stack", None)
    pending = manifests.pending(service, stack.release if stack else None)
    try:
        return Draft(to_yaml(manifests.manifest_of(service)), pending)
    except ManifestError as error:
        return Draft("", pending, tuple(error.problems))
