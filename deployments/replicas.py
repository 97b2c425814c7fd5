"""Replicas as they stand: keeps what is watched in step with the inventory, and asks one replica now.

A replica is watched from when its own name leads to it until its last routing record is gone; so a region that is
still being made is never called down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from deployments.desired import ReleasedService
from deployments.inventory import Inventory
from deployments.models import Replica, Stack
from deployments.plan.guard import Guard
from deployments.plan.model import State
from deployments.providers.errors import ProviderError
from deployments.providers.protocol import Provider
from regions.models import AccountRegion, Endpoint, Region, Status
from regions.probe import probe_once

BEHIND_S = 60
"""Of replication: more is told before a region is taken out or comes back."""

STANDS = {State.LIVE, State.ADOPTED}


def serving(stack: Stack) -> list[str]:
    """Regions whose replica is in rotation and not ill: their updates go one by one."""
    rows = stack.replicas.filter(in_rotation=True, endpoint__status__in=[Status.UP, Status.DEGRADED])
    return sorted(rows.values_list("endpoint__region__code", flat=True))


def probe(stack: Stack, region: str) -> bool:
    """Ask the replica once, as the health checks do. True where nothing is watched there: nothing can be ill."""
    replica = stack.replicas.select_related("endpoint__account").filter(endpoint__region__code=region).first()
    return replica is None or probe_once(replica.endpoint).ok


def behind(stack: Stack, region: str, provider: Provider) -> Iterator[Guard]:
    """A warning where what was written elsewhere is not known to be in a region's tables, or the other way round."""
    rows = stack.resources.filter(kind="dynamodb_table", state=State.LIVE).values_list("scope", "params")
    tables = sorted({str(params["table_name"]) for scope, params in rows if scope == region and "table_name" in params})
    others = sorted({scope for scope, _ in rows} - {region})
    if not tables or not others:
        return
    try:
        lags = provider.replication_lag(region, tables, others)
    except ProviderError as error:
        told = f"how far its data is behind could not be read: {error.code}"
        yield Guard("replication", False, told, {"error": error.code})
        return
    worst = max((lag for lag in lags.values() if lag is not None), default=None)
    if worst is not None and worst > BEHIND_S:
        told = f"its tables are up to {worst:.0f} s behind the other regions"
        yield Guard("replication", False, told, {"behind_s": round(worst, 1), "limit_s": BEHIND_S})


@dataclass
class Watcher:
    """Called whenever the inventory may have changed; writes only when a replica came, went or moved."""

    stack: Stack
    wanted: ReleasedService | None
    seen: frozenset[tuple[str, bool]] | None = field(default=None)

    def __call__(self, inventory: Inventory) -> None:
        now = frozenset(standing(inventory))
        if now != self.seen:
            self.seen = now
            self._write(dict(now))

    def _write(self, standing: dict[str, bool]) -> None:
        existing = {r.endpoint.region.code: r for r in self.stack.replicas.select_related("endpoint__region")}
        for region, in_rotation in standing.items():
            replica = existing.pop(region, None)
            if replica is None:
                self._watch(region, in_rotation)
            elif (replica.in_rotation, replica.release_id) != (in_rotation, self.stack.release_id):
                replica.in_rotation, replica.release_id = in_rotation, self.stack.release_id
                replica.save(update_fields=["in_rotation", "release"])
        for replica in existing.values():
            Endpoint.objects.filter(pk=replica.endpoint_id).update(enabled=False)
            replica.delete()

    def _watch(self, region: str, in_rotation: bool) -> None:
        if self.wanted is None or self.wanted.manifest.hostname is None:
            return
        manifest = self.wanted.manifest
        hostname = f"{region}.{manifest.hostname}"
        placed = AccountRegion.objects.filter(account=self.stack.account, region__code=region).first()
        endpoint, _ = Endpoint.objects.update_or_create(
            region=Region.objects.get_or_create(code=region)[0],
            url=f"https://{hostname}{manifest.health_check.path}",
            defaults={
                "account": self.stack.account,
                "name": manifest.name,
                "connect_to": placed.https_address if placed else "",
                "interval_s": manifest.health_check.interval,
                "failure_threshold": manifest.health_check.failure_threshold,
                "latency_objective_ms": manifest.slo.latency_ms,
                "enabled": True,
                "next_probe_at": None,
            },
        )
        Replica.objects.update_or_create(
            endpoint=endpoint,
            defaults={
                "stack": self.stack,
                "hostname": hostname,
                "in_rotation": in_rotation,
                "release_id": self.stack.release_id,
            },
        )


def standing(inventory: Inventory) -> set[tuple[str, bool]]:
    """(region, in rotation) of each replica whose own name leads to it."""
    checks = {
        str(known.context.get("region")): known
        for ref, known in inventory.known.items()
        if ref.kind == "route53_health_check" and known.state in STANDS
    }
    records = {
        str(known.context.get("region"))
        for known in inventory.known.values()
        if known.group and known.state in STANDS and known.context.get("region")
    }
    return {(region, region in records) for region in checks if region}
