"""What the REST API tells of services and operations, as JSON values. Changes nothing; pages read through `overview/`.

The number of queries does not grow with the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from deployments import evacuations, manifests, overview
from deployments.access import EVERYWHERE, Scope
from deployments.evacuations import Concerned
from deployments.models import Component, Evacuation, Operation, Pause, Placement, Replica, Service, Step
from deployments.models.record import OPEN
from deployments.overview import addresses, drift, health
from deployments.overview.drift import DriftRow, DriftSummary
from deployments.overview.health import WINDOW, Health
from deployments.overview.pauses import PauseRow, by_stack, pauses
from deployments.overview.routing import failover_of
from deployments.resolving import Resolved
from deployments.routing.failover_time import FailoverTime
from deployments.routing.record import User
from deployments.routing.switches import TAKES_EFFECT_S
from deployments.routing.users import Effect
from regions import availability
from regions.availability import Measured, exact_percent, exact_seconds
from regions.models import Account, Endpoint
from regions.places import LATENCY_ERROR
from regions.verdict import Status

Json = dict[str, Any]
MOST_CITIES = 10
WORST_FIRST = (Status.DOWN, Status.DEGRADED, Status.UNKNOWN, Status.UP)


def services(scope: Scope = EVERYWHERE) -> QuerySet[Service]:
    """Services with all that `tell_services` needs of them: five queries."""
    rows = Service.objects.filter(scope.rows(account="account", service="pk"))
    return rows.select_related("account", "stack__release").prefetch_related(
        Prefetch("components", Component.objects.order_by("position", "id")),
        Prefetch("placements", Placement.objects.select_related("region").order_by("position", "id")),
        Prefetch("stack__replicas", Replica.objects.select_related("release").order_by("id")),
        Prefetch("stack__operations", Operation.objects.filter(status__in=OPEN), to_attr="unfinished"),
    )


def tell_services(rows: Sequence[Service], now: datetime) -> list[Json]:
    """Each service with its draft, its release and its replicas as they are: six more queries for all of them."""
    stacks = [row.stack for row in rows if hasattr(row, "stack")]
    seen = health.read(Endpoint.objects.filter(replica__stack__in=stacks), now)
    prefixes = addresses.prefixes({row.account_id for row in rows})
    paused, drifted, out = by_stack(stacks), drift.summaries(stacks), evacuations.by_stack(stacks)
    return [
        {
            **_service(row, seen, prefixes, out[row.stack.pk] if hasattr(row, "stack") else {}),
            **_paused(paused.get(row.stack.pk) if hasattr(row, "stack") else None),
            "drift": _drift_summary(drifted[row.stack.pk] if hasattr(row, "stack") else drift.NOTHING),
        }
        for row in rows
    ]


def tell_service(row: Service, now: datetime) -> Json:
    return tell_services([row], now)[0]


def _service(
    row: Service, seen: Mapping[int, Health], prefixes: addresses.Prefixes, out: Mapping[str, Evacuation]
) -> Json:
    stack = getattr(row, "stack", None)
    release = stack.release if stack else None
    standing = {seen[replica.endpoint_id].region: replica for replica in stack.replicas.all()} if stack else {}
    released = manifests.region_codes(release.manifest) if release else []
    replicas = [
        _replica(code, standing.get(code), seen, prefixes.get((row.account_id, code)), out.get(code))
        for code in dict.fromkeys([*released, *standing])
    ]
    counts = Counter(replica["status"] for replica in replicas)
    unfinished = stack.unfinished if stack else []
    return {
        "name": row.name,
        "account": row.account.name,
        "manifest": manifests.document_of(row),
        "pending": manifests.pending(row, release),
        "release": release.number if release else None,
        "operation": unfinished[0].pk if unfinished else None,
        "health": {
            "status": next((status.value for status in WORST_FIRST if counts[status]), Status.UNKNOWN.value),
            **{status.value: counts[status] for status in Status},
        },
        "replicas": replicas,
        "failover": _failover(failover_of(release.manifest) if release else None),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _failover(time: FailoverTime | None) -> Json | None:
    return {"worst_s": time.worst_s, "evacuation_s": time.evacuation_s, "formula": time.formula} if time else None


def _replica(
    code: str,
    replica: Replica | None,
    seen: Mapping[int, Health],
    prefix: str | None,
    out: Evacuation | None,
) -> Json:
    """A region of the release or one that still stands; without a row nothing has routes there, or not yet."""
    if replica is None:
        return {
            "region": code,
            "url": None,
            "hostname": None,
            "in_rotation": False,
            "evacuated": None,
            "status": Status.UNKNOWN.value,
            "release": None,
        }
    return {
        "region": code,
        "url": addresses.opens_at(replica.hostname, prefix),
        "hostname": replica.hostname,
        "in_rotation": replica.in_rotation and out is None,
        "evacuated": evacuations.told(out) if out else None,
        "status": seen[replica.endpoint_id].status.value,
        "release": replica.release.number if replica.release else None,
    }


def tell_switch_preview(account: Account, region: str, service: Service | None, concerned: Sequence[Concerned]) -> Json:
    """What evacuating a region would mean."""
    switches = evacuations.switches(account, region)
    wanted = [each for each in switches if service is None or each.service == service.name]
    out = evacuations.standing().filter(account=account, region__code=region)
    return {
        "region": region,
        "account": account.name,
        "evacuated": out.filter(Q(stack=None) | Q(stack__service=service)).exists(),
        "takes_effect_s": TAKES_EFFECT_S,
        "switches": [f"{e['region']} {e['bucket']}/{e['key']}" for e in evacuations.objects(account, wanted)],
        "services": [
            {"service": one.stack.name, "guards": [guard.as_json() for guard in one.guards]} for one in concerned
        ],
    }


def tell_resolved(found: Resolved, user: User) -> Json:
    """What a user gets, and why."""
    return {
        "outcome": found.answer.outcome,
        "region": found.answer.region,
        "answers": list(found.answer.values),
        "ttl_s": found.answer.ttl,
        "latency_ms": _tenth(found.latency_ms),
        "latency_error": dict(LATENCY_ERROR),
        "why": list(found.answer.why),
        "user": {
            "latitude": user.point.latitude,
            "longitude": user.point.longitude,
            "country": user.country,
            "continent": user.continent,
            "subdivision": user.subdivision,
            "address": str(user.address) if user.address else None,
        },
        "out": dict(found.out),
        "chances": [
            {"share": share, "region": each.region, "answers": list(each.values)} for share, each in found.chances
        ],
    }


def tell_effect(found: Effect) -> Json:
    """Who goes where, before and after."""
    return {
        "users": "the world's cities of over a million people",
        "before": dict(sorted(found.before.items())),
        "after": dict(sorted(found.after.items())),
        "moved": found.moved,
        "unserved": found.unserved,
        "median_ms": _before_after(found.median_before_ms, found.median_after_ms),
        "p95_ms": _before_after(found.p95_before_ms, found.p95_after_ms),
        "latency_error": dict(LATENCY_ERROR),
        "moves": [
            {
                "from": move.before,
                "to": move.after,
                "share": move.share,
                "cities": list(move.names[:MOST_CITIES]),
                "median_ms": _before_after(move.before_ms, move.after_ms),
                "worst": move.worst,
                "worst_ms": _tenth(move.worst_ms),
            }
            for move in found.moves
        ],
    }


def _before_after(before: float | None, after: float | None) -> Json:
    return {"before": _tenth(before), "after": _tenth(after)}


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def tell_health(row: Service, now: datetime) -> Json:
    """The verdict on each replica, and what it rests on."""
    stack = getattr(row, "stack", None)
    seen = health.read(Endpoint.objects.filter(replica__stack=stack), now) if stack else {}
    by_region = {one.region: one for one in seen.values()}
    released = manifests.region_codes(stack.release.manifest) if stack and stack.release else []
    return {"regions": [_region_health(code, by_region.get(code)) for code in dict.fromkeys([*released, *by_region])]}


def _region_health(code: str, one: Health | None) -> Json:
    if one is None:
        why = "nothing is watched there: it has no routes, or is not made yet"
        empty = {"since": None, "latency_ms": None, "error": None}
        return {"region": code, "status": Status.UNKNOWN.value, **empty, "why": why}
    return {
        "region": code,
        "status": one.status.value,
        "since": one.since,
        "latency_ms": one.latency_ms,
        "error": one.error or None,
        "why": one.why,
    }


def tell_availability(name: str, now: datetime) -> Json:
    """What is promised by those that it stands on, what was measured, and what is left of the error budget."""
    row = overview.service(name, now)
    assert row is not None
    return {
        "computed": _computed(row.promise),
        "measured": {
            "window_s": _seconds(WINDOW),
            "service": _measured(row.measured) if row.measured else None,
            "regions": [
                {
                    "region": replica.region,
                    **_measured(availability.measure(replica.flips, now - WINDOW, now)),
                }
                for replica in row.replicas
            ],
        },
        "error_budget": _budget(row.measured, row.slo) if row.measured and row.slo is not None else None,
    }


def _computed(promise: overview.Promise | None) -> Json | None:
    if promise is None:
        return None
    return {
        "regions": promise.regions,
        "availability": exact_percent(promise.independent),
        "downtime_s_per_year": exact_seconds(availability.downtime_s_per_year(promise.independent)),
        "components": [
            {
                "key": part.key,
                "service": part.service,
                "percent": f"{part.percent:f}",
                "as_of": part.as_of,
                "source": part.source,
            }
            for part in promise.parts
        ],
        "by_regions": [
            {
                "regions": each.regions,
                "availability": exact_percent(each.independent),
                "downtime_s_per_year": exact_seconds(availability.downtime_s_per_year(each.independent)),
                "availability_with_shared_cause": exact_percent(each.shared),
            }
            for each in promise.by_regions
        ],
        "shared_cause": exact_percent(overview.SHARED_CAUSE),
    }


def _measured(measured: Measured) -> Json:
    share = measured.availability
    return {
        "availability": None if share is None else exact_percent(share),
        "up_s": _seconds(measured.up),
        "degraded_s": _seconds(measured.degraded),
        "down_s": _seconds(measured.down),
        "unknown_s": _seconds(measured.unknown),
    }


def _budget(measured: Measured, objective: Fraction) -> Json:
    budget = availability.budget(measured, objective)
    burn = availability.burn_rate(measured, objective)
    return {
        "objective": exact_percent(objective),
        "window_s": _seconds(WINDOW),
        "allowed_s": _seconds(budget.allowed),
        "spent_s": _seconds(budget.spent),
        "left_s": _seconds(budget.left),
        "burn_rate": None if burn is None else round(float(burn), 4),
    }


def _seconds(duration: timedelta) -> float:
    return round(duration.total_seconds(), 3)


def _paused(pause: PauseRow | None) -> Json:
    return {"paused": pause is not None, "pause": _pause(pause) if pause else None}


def _pause(pause: PauseRow) -> Json:
    return {
        "of": "all" if pause.of_all else "service",
        "service": pause.service or None,
        "by": pause.by or None,
        "since": pause.since,
        "reason": pause.reason,
    }


def tell_pauses(scope: Scope) -> Json:
    """The stop button: of all, and of each service."""
    rows = pauses(scope)
    return {
        **_paused(next((row for row in rows if row.of_all), None)),
        "services": [_pause(row) for row in rows if not row.of_all],
    }


def tell_paused(row: Service) -> Json:
    stack = getattr(row, "stack", None)
    return {"service": row.name, **_paused(by_stack([stack]).get(stack.pk) if stack else None)}


def _drift_summary(summary: DriftSummary) -> Json:
    return {
        "count": summary.count,
        "since": summary.since,
        "checked_at": summary.checked_at,
        "error": summary.error or None,
    }


def tell_drift(name: str) -> Json:
    """What differs from the approved release of a service, and what did."""
    repair = Operation.objects.filter(stack__name=name, verb="repair", status__in=OPEN).first()
    return {
        "service": name,
        **_drift_summary(drift.summary(name)),
        "repair": repair.pk if repair else None,
        "resources": [_drift_row(row) for row in drift.standing(service=name)],
        "ended": [_drift_row(row) for row in drift.ended(name)],
    }


def _drift_row(row: DriftRow) -> Json:
    return {
        "kind": row.kind,
        "region": row.region,
        "name": row.name,
        "action": row.action or None,
        "reason": row.reason,
        "diff": row.diff,
        "waits_for": row.waits_for or None,
        "state": row.state,
        "found_at": row.found_at,
        "seen_at": row.seen_at,
        "ended_at": row.ended_at,
        "operation": row.operation,
    }


def operations(scope: Scope = EVERYWHERE) -> QuerySet[Operation]:
    """Operations with all that `tell_operation` needs: two queries."""
    rows = Operation.objects.filter(scope.rows(account="stack__account", service="stack__service"))
    holding = Pause.objects.filter(Q(stack=OuterRef("stack")) | Q(stack=None))
    found = rows.annotate(held=Exists(holding)).select_related("stack", "release", "requested_by")
    return found.prefetch_related(Prefetch("steps", Step.objects.order_by("position", "id")))


def tell_operation(row: Operation) -> Json:
    steps = [_step(step) for step in row.steps.all()]
    return {
        "id": row.pk,
        "service": row.stack.name,
        "verb": row.verb,
        "title": row.title,
        "status": row.status,
        "release": row.release.number if row.release else None,
        "destroy_data": row.consent,
        "skips": row.skips,
        "cancel_requested": row.cancel_requested,
        "paused": row.open and bool(getattr(row, "held", False)),
        "progress": {"done": sum(step["status"] == "succeeded" for step in steps), "total": len(steps)},
        "error": row.error or None,
        "mend": row.mend or None,
        "requested_by": row.requested_by.get_username() if row.requested_by else None,
        "requested_via": row.requested_via,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "steps": steps,
    }


def _step(step: Step) -> Json:
    return {
        "id": step.pk,
        "kind": step.kind,
        "region": step.scope,
        "name": step.name,
        "action": step.action,
        "reason": step.reason,
        "diff": step.diff,
        "status": step.status,
        "waiting_for": step.waiting_for or None,
        "attempts": step.attempts,
        "error_code": step.error_code or None,
        "error": step.error or None,
        "mend": step.mend or None,
        "started_at": step.started_at,
        "finished_at": step.finished_at,
    }


@dataclass(frozen=True)
class Progress:
    """How far an operation is, for a bar: two queries."""

    status: str
    done: int
    total: int
    waiting_for: str
    error: str
    mend: str

    @property
    def finished(self) -> bool:
        return self.status not in OPEN


def progress(operation_id: int) -> Progress:
    row = Operation.objects.get(pk=operation_id)
    steps = list(Step.objects.filter(operation=row).order_by("position", "id"))
    waiting = [step for step in steps if step.waiting_for and step.status in {"waiting", "running"}]
    refused = [step for step in steps if step.error]
    told = next((step for step in refused if step.status == "failed"), refused[0] if refused else None)
    return Progress(
        status=row.status,
        done=sum(step.status == "succeeded" for step in steps),
        total=len(steps),
        waiting_for=f"{waiting[0]}: {waiting[0].waiting_for}" if waiting else "",
        error=row.error or (f"{told}: {told.error}" if told else ""),
        mend=row.mend or (told.mend if told else ""),
    )
