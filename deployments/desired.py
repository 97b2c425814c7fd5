"""Release → Specs: everything that a service should have in AWS. Pure.

Asks each component, adds the role and policy of each region where code runs, and the edge where something has routes.
A region's Specs don't depend on the other regions, except that a table's context names them all, so that adding or
removing a region touches nothing that lives elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from deployments.components.component import Context
from deployments.manifest import Manifest, ManifestError, Problem
from deployments.names import POLICY_LIMIT, ROLE_LIMIT, physical_name
from deployments.plan.model import Out, Spec
from deployments.routing.checks import Checks
from deployments.routing.edge import Edge
from deployments.routing.ramps import ramped
from deployments.routing.switches import Foundation, foundation_name
from regions.catalogue import published_slas


@dataclass(frozen=True)
class ReleasedService:
    """An approved manifest and what it stands on: the account's number, and the zone's id where it has routes.

    ramps       regions that come back step by step, and the per cent of their users that they get now
    foundation  what it is instead of a service: the foundation of an account, whose manifest is empty
    """

    manifest: Manifest
    account_id: str
    zone_id: str | None = None
    ramps: Mapping[str, int] = field(default_factory=dict)
    foundation: Foundation | None = None


def desired(release: ReleasedService) -> tuple[Spec, ...]:
    """All Specs, in an order that depends on the manifest alone. Raises ManifestError where routes lack a zone."""
    if release.foundation is not None:
        return tuple(release.foundation.specs())
    context = _context(release)
    return (*_roles(context), *_components(context), *_edge(release, context))


def sla_components(manifest: Manifest) -> list[tuple[str, str]]:
    """(key of the published SLA, per cent as text) of everything that one region stands on, each once."""
    regions = len(manifest.regions)
    keys = [key for component in manifest.components for key in component.sla(regions)]
    if manifest.routes:
        keys.append("route53")
    return [(key, f"{published_slas()[key].percent:f}") for key in dict.fromkeys(keys)]


def _context(release: ReleasedService) -> Context:
    manifest = release.manifest
    return Context(
        stack=manifest.name,
        account_id=release.account_id,
        regions=manifest.region_codes,
        siblings={component.name: component for component in manifest.components},
        stage=manifest.stage,
        tags={**manifest.tags, **({"stage": manifest.stage} if manifest.stage else {})},
        overrides={placement.region: placement for placement in manifest.regions},
    )


def _components(context: Context) -> Iterator[Spec]:
    for component in context.siblings.values():
        yield from component.expand(context)


def _roles(context: Context) -> Iterator[Spec]:
    """A role for each region, so that removing a region edits nothing that lives (names of roles are global in IAM)."""
    if not any(component.needs_role for component in context.siblings.values()):
        return
    for region in context.regions:
        role = context.ref("iam_role", region, "service")
        grants = [component.grant(region, context) for component in context.siblings.values()]
        yield Spec(
            role,
            params={
                "role_name": physical_name(context.stack, region, limit=ROLE_LIMIT, stage=context.stage),
                "tags": dict(context.tags),
            },
        )
        yield Spec(
            context.ref("iam_role_policy", region, "service"),
            params={
                "role": Out(role, "name"),
                "policy_name": physical_name(context.stack, limit=POLICY_LIMIT, stage=context.stage),
                "policy": {
                    "Version": "2012-10-17",
                    "Statement": [dict(statement) for grant in grants for statement in grant.statements],
                },
            },
            after=frozenset(ref for grant in grants for ref in grant.after),
        )


def _edge(release: ReleasedService, context: Context) -> Iterator[Spec]:
    manifest = release.manifest
    if not manifest.routes:
        return
    if manifest.hostname is None or release.zone_id is None:
        raise ManifestError(
            [
                Problem(
                    "hostname",
                    manifest.hostname,
                    f"no hosted zone of the account {manifest.account} is known that holds {manifest.hostname}",
                    "create the zone in Route 53 and sync, or choose a hostname in another zone",
                    "no_zone",
                )
            ]
        )
    yield from Edge(
        hostname=manifest.hostname,
        zone_id=release.zone_id,
        tree=ramped(manifest.tree, release.ramps),
        ttl_s=manifest.routing.ttl,
        drain_s=manifest.safety.drain_s,
        checks=Checks(
            hostname=manifest.hostname,
            path=manifest.health_check.path,
            interval_s=manifest.health_check.interval,
            failure_threshold=manifest.health_check.failure_threshold,
            own_switch=manifest.routing.switch == "service",
            foundation=foundation_name(manifest.account or ""),
        ),
        routes=manifest.routes,
    ).specs(context)
