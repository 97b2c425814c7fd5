"""A release's manifest as values. It was valid when approved, and is read by the same schema."""

from __future__ import annotations

from collections.abc import Mapping

from deployments.desired import ReleasedService
from deployments.manifest import Manifest, parse
from deployments.models import Release, Stack
from deployments.routing.switches import Foundation
from regions import catalogue


def manifest_of(release: Release) -> Manifest:
    return parse(release.manifest, known_regions=catalogue.regions(), accounts=[release.manifest["account"]])


def released(stack: Stack) -> ReleasedService | None:
    """What the stack's approved release wants; None where nothing should exist."""
    release = stack.release
    return released_service(release, stack.account.account_id, stack.ramps) if release else None


def released_service(release: Release, account_id: str, ramps: Mapping[str, int] | None = None) -> ReleasedService:
    document = release.manifest
    if "foundation" in document:
        foundation = Foundation.read(document)
        empty = Manifest.model_construct(name=foundation.stack, account=document["account"], regions=(), components=())
        return ReleasedService(empty, account_id, foundation=foundation)
    return ReleasedService(manifest_of(release), account_id, release.zone_id or None, ramps or {})
