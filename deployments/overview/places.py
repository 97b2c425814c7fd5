"""Regions as places where services stand: the catalogue's facts, what accounts may do there, what is watched there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from deployments.access import EVERYWHERE, Scope
from deployments.models import Replica
from deployments.overview import health
from deployments.overview.health import Health
from regions import catalogue
from regions.models import AccountRegion, Endpoint, Region, Zone


@dataclass(frozen=True)
class AccountThere:
    """A region as one account sees it."""

    account: str
    opt_in: str
    usable: bool


@dataclass(frozen=True)
class Watched:
    """An endpoint in the region; `service` is empty for one that a person added."""

    service: str
    health: Health


@dataclass(frozen=True)
class Place:
    """One region; `facts` is None for a code that the catalogue does not know."""

    code: str
    enabled: bool
    facts: catalogue.RegionFacts | None
    accounts: tuple[AccountThere, ...]
    zones: tuple[str, ...]
    watched: tuple[Watched, ...]


def places(now: datetime, scope: Scope = EVERYWHERE) -> list[Place]:
    """All regions that operators may place services in, in the catalogue's order."""
    order = list(catalogue.regions())
    return sorted(_places(Region.objects.all(), now, scope), key=lambda one: (_index(order, one.code), one.code))


def place(code: str, now: datetime, scope: Scope = EVERYWHERE) -> Place | None:
    """One region."""
    return next(iter(_places(Region.objects.filter(code=code), now, scope)), None)


def _places(found: QuerySet[Region], now: datetime, scope: Scope) -> list[Place]:
    codes = {region.pk: region for region in found}
    accounts: defaultdict[int, list[AccountThere]] = defaultdict(list)
    theirs = scope.rows(account="account", service="account__services")
    for there in AccountRegion.objects.filter(theirs, region_id__in=codes).distinct().select_related("account"):
        accounts[there.region_id].append(
            AccountThere(
                there.account.name,
                "gone" if there.gone_at else there.get_opt_in_display(),
                there.usable,
            )
        )
    zones: defaultdict[int, list[str]] = defaultdict(list)
    for region_id, zone_id in Zone.objects.filter(region_id__in=codes, gone_at=None).values_list(
        "region_id", "zone_id"
    ):
        zones[region_id].append(zone_id)
    shown = scope.rows(account="account", service="replica__stack__service")
    seen = health.read(Endpoint.objects.filter(shown, region_id__in=codes, enabled=True), now)
    of_service = dict(
        Replica.objects.filter(endpoint_id__in=seen).values_list("endpoint_id", "stack__name").order_by("endpoint_id")
    )
    watched: defaultdict[str, list[Watched]] = defaultdict(list)
    for endpoint_id, one in seen.items():
        watched[one.region].append(Watched(of_service.get(endpoint_id, ""), one))
    return [
        Place(
            code=region.code,
            enabled=region.enabled,
            facts=catalogue.regions().get(region.code),
            accounts=tuple(accounts[pk]),
            zones=tuple(zones[pk]),
            watched=tuple(sorted(watched[region.code], key=lambda one: one.service or one.health.name)),
        )
        for pk, region in codes.items()
    ]


def _index(order: list[str], code: str) -> int:
    return order.index(code) if code in order else len(order)
