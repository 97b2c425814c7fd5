"""What a draft must pass before it is planned or deployed: the manifest anew, and what it needs of the world we know.

Reads rows and artifacts; asks AWS nothing. Refuses with all problems at once, in the form of the manifest's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deployments import artifacts, manifests
from deployments.actions.refused import ActionRefused
from deployments.manifest import Manifest, ManifestError, Problem, render
from deployments.models import Artifact, Release, Service
from regions.models import AccountRegion, HostedZone

SYNC = "Run the sync of this account (manage.py sync), or choose another."


@dataclass(frozen=True)
class Approved:
    """A manifest that may be deployed, and the hosted zone that its records go to ("" without records)."""

    manifest: Manifest
    zone_id: str

    def release(self, service: Service) -> Release:
        """The release that deploying makes, not saved: the newest where that says the same, else its successor."""
        newest = Release.objects.filter(service_name=service.name).order_by("-number").first()
        document = render(self.manifest)
        if newest and newest.manifest == document and newest.zone_id == self.zone_id:
            return newest
        number = newest.number + 1 if newest else 1
        return Release(service_name=service.name, number=number, manifest=document, zone_id=self.zone_id)


def approve(service: Service, manifest: Manifest | None = None) -> Approved:
    """Approve the draft, or `manifest` in its place. Raises ActionRefused with `errors`."""
    try:
        wanted = manifest or manifests.manifest_of(service)
    except ManifestError as error:
        raise invalid(error.problems) from None
    zone = _zone(service, wanted)
    problems = [*_regions(service, wanted), *_artifacts(service, wanted), *_hostname(wanted, zone)]
    if problems:
        raise _refused(problems)
    return Approved(wanted, zone.zone_id if zone else "")


def invalid(problems: tuple[Problem, ...] | list[Problem], status: int = 400) -> ActionRefused:
    """The refusal of a manifest that is no valid one."""
    return _refusal(status, "invalid_manifest", problems)


def _refused(problems: list[Problem]) -> ActionRefused:
    """A valid manifest that can't be deployed now. A missing artifact has a code of its own: uploading mends it."""
    codes = {problem.code for problem in problems}
    return _refusal(409, codes.pop() if len(codes) == 1 else "not_deployable", problems)


def _refusal(status: int, code: str, problems: tuple[Problem, ...] | list[Problem]) -> ActionRefused:
    first = problems[0]
    detail = str(first) if len(problems) == 1 else f"{first} (and {len(problems) - 1} more)"
    return ActionRefused(status, code, detail, first.mend, errors=[as_json(problem) for problem in problems])


def as_json(problem: Problem) -> dict[str, Any]:
    """The shape of `errors` in the API."""
    return {
        "field": problem.path,
        "value": problem.value,
        "message": problem.message,
        "mend": problem.mend,
        "code": problem.code,
    }


def _regions(service: Service, manifest: Manifest) -> Iterator[Problem]:
    rows = AccountRegion.objects.filter(account=service.account, region__code__in=manifest.region_codes)
    usable = {row.region.code: row.usable and row.region.enabled for row in rows.select_related("region")}
    for index, code in enumerate(manifest.region_codes):
        if not usable.get(code):
            yield Problem(
                f"regions[{index}]",
                code,
                f'{code} is not opted in to by the account "{service.account.name}", not enabled, or not read yet',
                SYNC,
                "region_unusable",
            )


def _artifacts(service: Service, manifest: Manifest) -> Iterator[Problem]:
    uploaded = {artifact.sha256: artifact for artifact in Artifact.objects.filter(service=service)}
    for index, component in enumerate(manifest.components):
        named: str | None = getattr(component, "artifact", None)
        if named is None:
            continue
        artifact = uploaded.get(named.removeprefix("sha256:"))
        if artifact is None:
            yield Problem(
                f"components[{index}].artifact",
                named,
                "this artifact is not uploaded yet",
                f"Upload the zip to /api/v1/services/{service.name}/artifacts/, or in the admin.",
                "artifact_missing",
            )
            continue
        handler: str = getattr(component, "handler", "")
        why = artifacts.check_handler(artifact.names, handler, getattr(component, "runtime", ""))
        if why:
            mend = "Name a function of the artifact, or upload the artifact that has it."
            yield Problem(f"components[{index}].handler", handler, why, mend, "handler_missing")


def _zone(service: Service, manifest: Manifest) -> HostedZone | None:
    """The longest hosted zone of the account that holds the hostname, or the one that the manifest names."""
    if not manifest.hostname or not manifest.routes:
        return None
    zones = HostedZone.objects.filter(account=service.account, gone_at=None)
    if manifest.zone:
        zones = zones.filter(name=manifest.zone.name)
    holding = [zone for zone in zones if f".{manifest.hostname}".endswith(f".{zone.name}")]
    return max(holding, key=lambda zone: (len(zone.name), zone.zone_id), default=None)


def _hostname(manifest: Manifest, zone: HostedZone | None) -> Iterator[Problem]:
    if manifest.hostname and manifest.routes and zone is None:
        where = f"in the zone {manifest.zone.name}" if manifest.zone else "inside any hosted zone"
        yield Problem(
            "hostname", manifest.hostname, f"{manifest.hostname} is not {where} of the account", SYNC, "zone_missing"
        )
