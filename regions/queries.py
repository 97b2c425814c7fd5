"""What doors read of regions, with what they show fetched along: a constant number of queries."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet

from regions import availability, catalogue
from regions.models import Account, AccountRegion, Flip, Region, Zone
from regions.verdict import Status


def regions(accounts: QuerySet[Account]) -> QuerySet[Region]:
    """Regions with their zones and what each of these accounts may do there: three queries."""
    theirs = AccountRegion.objects.filter(account__in=accounts).select_related("account")
    return Region.objects.prefetch_related(
        Prefetch("account_regions", theirs),
        Prefetch("zones", Zone.objects.order_by("zone_id")),
    )


def latencies() -> dict[str, dict[str, float | None]]:
    """Measured round trips from each enabled region to each, in milliseconds; None where nobody measured: one query."""
    codes = list(Region.objects.filter(enabled=True).order_by("code").values_list("code", flat=True))
    return {a: {b: catalogue.latency_ms(a, b) for b in codes} for a in codes}


def flips_between(endpoint_ids: Collection[int], start: datetime, end: datetime) -> dict[int, list[availability.Flip]]:
    """The flips of endpoints from `start` to `end`, in order, after the one that stood at `start`: one query.

    Every id has its list; an empty one means that nothing is known of that time.
    """
    of_them = Flip.objects.filter(endpoint_id__in=endpoint_ids)
    at_start = of_them.filter(at__lte=start).order_by("endpoint_id", "-at", "-pk").distinct("endpoint_id")
    rows = of_them.filter(Q(at__gt=start, at__lt=end) | Q(pk__in=at_start.values("pk"))).order_by("at", "pk")
    found: dict[int, list[availability.Flip]] = {endpoint_id: [] for endpoint_id in endpoint_ids}
    for endpoint_id, at, status in rows.values_list("endpoint_id", "at", "status"):
        found[endpoint_id].append(availability.Flip(at, Status(status)))
    return found
