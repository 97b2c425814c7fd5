"""A release's manifest as values. It was valid when approved, and is read by the same schema."""

from __future__ import annotations

from deployments.manifest import Manifest, parse
from deployments.models import Release
from regions import catalogue


def manifest_of(release: Release) -> Manifest:
    return parse(release.manifest, known_regions=catalogue.regions(), accounts=[release.manifest["account"]])
