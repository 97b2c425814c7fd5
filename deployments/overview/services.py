"""Services × regions: what is released, what is only drafted, how it is, what was measured and what is promised.

Eleven queries, for all services or for one. Never judges routing: `in_rotation` is as the last pass saw it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any

from django.db.models import Q, QuerySet

from deployments import evacuations, manifests
from deployments.access import EVERYWHERE, Scope
from deployments.models import Component, Operation, Placement, Replica, Service, Stack
from deployments.models.record import OPEN
from deployments.overview import addresses, health
from deployments.overview.promise import Promise, promise
from regions.availability import Flip, Measured, any_of, from_percent, measure
from regions.models import Account, Endpoint
from regions.verdict import Status

WORST_FIRST = (Status.DOWN, Status.DEGRADED, Status.UNKNOWN, Status.UP)


@dataclass(frozen=True)
class ReplicaRow:
    """A service in one region, as it is. `flips` cover the measured window."""

    region: str
    hostname: str
    url: str
    in_rotation: bool
    release: int | None
    status: Status
    since: datetime | None
    why: str
    latency_ms: float | None
    error: str
    probed_at: datetime | None
    flips: tuple[Flip, ...]
    evacuated: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ServiceRow:
    """One service with its replicas.

    drafted    regions that only the draft names
    unwatched  regions of the release in which nothing is watched: it has no routes, or is not made yet
    adding     regions that the open operation brings
    leaving    the draft is gone; what is left is being removed
    measured   over the window, any healthy replica being enough; None: there is no replica
    components name and kind, as released, or as drafted where nothing is released
    operation  id of the open one
    """

    name: str
    account: str
    hostname: str
    slo: Fraction | None
    release: int | None
    revision: int
    leaving: bool
    replicas: tuple[ReplicaRow, ...]
    drafted: tuple[str, ...]
    unwatched: tuple[str, ...]
    measured: Measured | None
    promise: Promise | None
    components: tuple[Mapping[str, Any], ...]
    operation: int | None
    adding: frozenset[str]

    @property
    def status(self) -> Status | None:
        """The worst of its replicas; None without any."""
        return min((replica.status for replica in self.replicas), key=WORST_FIRST.index, default=None)

    @property
    def served(self) -> bool | None:
        """Whether some replica answers its users; None where nobody knows."""
        statuses = {replica.status for replica in self.replicas if replica.in_rotation}
        if statuses & {Status.UP, Status.DEGRADED}:
            return True
        return None if Status.UNKNOWN in statuses or not statuses else False

    @property
    def misses_slo(self) -> bool:
        """Measured is below what is owed."""
        availability = self.measured.availability if self.measured else None
        return availability is not None and self.slo is not None and availability < self.slo


def services(now: datetime, scope: Scope = EVERYWHERE) -> list[ServiceRow]:
    """All services, trouble first, then by name; stacks whose service is gone while something is left of them too."""
    left = Q(service=None) & (~Q(replicas=None) | Q(operations__status__in=OPEN))
    stacks = _stacks(scope).filter(Q(service__isnull=False) | left).distinct()
    return sorted(_rows(_drafts(scope), stacks, now), key=_trouble_first)


def service(name: str, now: datetime, scope: Scope = EVERYWHERE) -> ServiceRow | None:
    """One service, or what is left of it; None where neither a draft nor a stack of that name is to be seen."""
    rows = _rows(_drafts(scope).filter(name=name), _stacks(scope).filter(name=name), now)
    return rows[0] if rows else None


def _drafts(scope: Scope) -> QuerySet[Service]:
    return Service.objects.filter(scope.rows(account="account", service="pk"))


def _stacks(scope: Scope) -> QuerySet[Stack]:
    return Stack.objects.filter(scope.rows(account="account", service="service"), foundation=False)


def _rows(drafts: QuerySet[Service], stacks: QuerySet[Stack], now: datetime) -> list[ServiceRow]:
    found = {draft.name: draft for draft in drafts.order_by("name")}
    of_stack = {stack.name: stack for stack in stacks.select_related("release").order_by("name")}
    accounts = dict(Account.objects.values_list("id", "name"))
    released = {stack.name for stack in of_stack.values() if stack.release_id}
    placed, parts = _draft(found.values(), released)
    replicas = _replicas(of_stack.values(), now)
    open_operations = {
        operation.stack_id: operation
        for operation in Operation.objects.filter(stack__in=list(of_stack.values()), status__in=OPEN).select_related(
            "release"
        )
    }
    rows = []
    for name in sorted(found.keys() | of_stack.keys()):
        draft, stack = found.get(name), of_stack.get(name)
        account_id = draft.account_id if draft else of_stack[name].account_id
        rows.append(
            _row(
                name,
                draft,
                stack,
                account=accounts[account_id],
                placed=placed[draft.pk] if draft else [],
                parts=parts[draft.pk] if draft else [],
                replicas=replicas[stack.pk] if stack else [],
                operation=open_operations.get(stack.pk) if stack else None,
                now=now,
            )
        )
    return rows


def _row(
    name: str,
    draft: Service | None,
    stack: Stack | None,
    *,
    account: str,
    placed: Sequence[str],
    parts: Sequence[Mapping[str, Any]],
    replicas: Sequence[ReplicaRow],
    operation: Operation | None,
    now: datetime,
) -> ServiceRow:
    release = stack.release if stack else None
    manifest = release.manifest if release else {}
    components = tuple(manifest.get("components", ()) if release else parts)
    released = manifests.region_codes(manifest) if release else []
    standing = {replica.region for replica in replicas}
    arriving = operation.release.manifest if operation and operation.release else None
    adding = frozenset(manifests.region_codes(arriving)) - standing if arriving else frozenset()
    return ServiceRow(
        name=name,
        account=account,
        hostname=(manifest.get("hostname") if release else draft.hostname if draft else "") or "",
        slo=_slo(manifest.get("slo") if release else draft.slo if draft else {}),
        release=release.number if release else None,
        revision=draft.revision if draft else 0,
        leaving=draft is None,
        replicas=tuple(replicas),
        drafted=tuple(region for region in placed if region not in standing and region not in released),
        unwatched=tuple(region for region in released if region not in standing and region not in adding),
        measured=_measured(replicas, now),
        promise=promise(components, len(released if release else placed)),
        components=components,
        operation=operation.pk if operation else None,
        adding=adding,
    )


def _draft(
    drafts: Collection[Service], released: Collection[str]
) -> tuple[defaultdict[int, list[str]], defaultdict[int, list[dict[str, Any]]]]:
    """Regions placed, by service; and the components of those of which nothing is released."""
    ids = [draft.pk for draft in drafts]
    placed: defaultdict[int, list[str]] = defaultdict(list)
    for service_id, code in Placement.objects.filter(service_id__in=ids).values_list("service_id", "region__code"):
        placed[service_id].append(code)
    parts: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    unreleased = [draft.pk for draft in drafts if draft.name not in released]
    rows = Component.objects.filter(service_id__in=unreleased).values_list("service_id", "kind", "name", "params")
    for service_id, kind, name, params in rows:
        parts[service_id].append({"kind": kind, "name": name, **params})
    return placed, parts


def _replicas(stacks: Iterable[Stack], now: datetime) -> defaultdict[int, list[ReplicaRow]]:
    of_stack = {stack.pk: stack for stack in stacks}
    rows = Replica.objects.filter(stack_id__in=of_stack).order_by("stack_id", "id")
    seen = health.read(Endpoint.objects.filter(replica__stack_id__in=of_stack), now)
    prefixes = addresses.prefixes({stack.account_id for stack in of_stack.values()})
    out = evacuations.by_stack(of_stack.values())
    found: defaultdict[int, list[ReplicaRow]] = defaultdict(list)
    for stack_id, endpoint_id, hostname, in_rotation, release in rows.values_list(
        "stack_id", "endpoint_id", "hostname", "in_rotation", "release__number"
    ):
        now_there = seen[endpoint_id]
        prefix = prefixes.get((of_stack[stack_id].account_id, now_there.region))
        evacuation = out[stack_id].get(now_there.region)
        found[stack_id].append(
            ReplicaRow(
                region=now_there.region,
                hostname=hostname,
                url=addresses.opens_at(hostname, prefix),
                in_rotation=in_rotation and evacuation is None,
                evacuated=evacuations.told(evacuation) if evacuation else None,
                release=release,
                status=now_there.status,
                since=now_there.since,
                why=now_there.why,
                latency_ms=now_there.latency_ms,
                error=now_there.error,
                probed_at=now_there.probed_at,
                flips=now_there.flips,
            )
        )
    return found


def _measured(replicas: Sequence[ReplicaRow], now: datetime) -> Measured | None:
    if not replicas:
        return None
    return measure(any_of([replica.flips for replica in replicas]), now - health.WINDOW, now)


def _slo(slo: Mapping[str, Any] | None) -> Fraction | None:
    objective = (slo or {}).get("availability")
    return None if objective is None else _fraction(str(objective))


_fraction = lru_cache(maxsize=1024)(from_percent)


def _trouble_first(row: ServiceRow) -> tuple[int, str]:
    order = (*WORST_FIRST, None)
    return (order.index(row.status), row.name)
