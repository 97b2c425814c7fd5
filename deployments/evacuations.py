"""Regions that are out of rotation by their switches, and the objects that do it.

Rows only: `actions/` writes the objects.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from deployments.models import Evacuation, Resource, Stack
from deployments.plan.guard import Guard
from deployments.plan.model import State
from deployments.routing.switches import Foundation, Switch, foundation_name, key
from regions.models import Account

STANDS = (State.LIVE, State.ADOPTED)
BUCKET = "s3_bucket"

Object = dict[str, Any]
"""{"bucket", "region", "key", "written_at", "error"}: where one side of a switch is, and what became of it."""


@dataclass(frozen=True)
class Concerned:
    """One service that is led away from a region or back to it, and what guards say of that."""

    stack: Stack
    guards: tuple[Guard, ...]


def out_of_rotation(stack: Stack) -> dict[str, Evacuation]:
    """The regions that a stack is evacuated from now, and by what; its own evacuation before that of all."""
    return by_stack([stack])[stack.pk]


def by_stack(stacks: Iterable[Stack]) -> defaultdict[int, dict[str, Evacuation]]:
    """The same for many, with one query."""
    stacks = list(stacks)
    accounts = {stack.account_id for stack in stacks}
    rows = standing().filter(Q(stack__in=stacks) | Q(stack=None, account__in=accounts))
    found: defaultdict[int, dict[str, Evacuation]] = defaultdict(dict)
    for row in sorted(rows.select_related("region", "created_by"), key=lambda row: row.stack_id is not None):
        for stack in stacks:
            if row.stack_id == stack.pk or (row.stack_id is None and row.account_id == stack.account_id):
                found[stack.pk][row.region.code] = row
    return found


def standing() -> Any:
    """Those that took effect and are not whole undone: until the last object is gone, the region is out."""
    return Evacuation.objects.filter(effective_at__isnull=False, restored_at=None)


def switches(account: Account, region: str) -> list[Switch]:
    """The switches that there are for a region: the shared one first, then those of services."""
    release = Stack.objects.filter(account=account, foundation=True).values_list("release__manifest", flat=True).first()
    if not release:
        return []
    found = [each for each in Foundation.read(release).switches if each.region == region]
    return sorted(found, key=lambda each: each.service or "")


def objects(account: Account, wanted: Sequence[Switch]) -> list[Object]:
    """One object in each bucket for each switch; none where the buckets are not there yet."""
    rows = Resource.objects.filter(stack__name=foundation_name(account.name), kind=BUCKET, state__in=STANDS)
    buckets = sorted((row.name, row.scope, row.outputs.get("name") or row.physical_id) for row in rows)
    return [
        {"bucket": name, "region": region, "key": key(*one), "written_at": None, "error": ""}
        for one in wanted
        for _, region, name in buckets
    ]


def needed_elsewhere(evacuation: Evacuation) -> set[tuple[str, str]]:
    """(bucket, key) of objects that another evacuation, which still stands, has written too."""
    others = Evacuation.objects.filter(account=evacuation.account_id, region=evacuation.region_id, restored_at=None)
    return {
        (each["bucket"], each["key"])
        for row in others.filter(restoring_at=None).exclude(pk=evacuation.pk)
        for each in row.switches
    }


def told(evacuation: Evacuation) -> Mapping[str, Any]:
    """For people and programs: since when, by whom, why, and what is still to be written or removed."""
    return {
        "of": "service" if evacuation.stack_id else "region",
        "since": evacuation.effective_at,
        "by": evacuation.created_by.get_username() if evacuation.created_by else None,
        "reason": evacuation.reason,
        "restoring": evacuation.restoring_at is not None,
        "incomplete": sum(bool(each["error"]) for each in evacuation.switches),
    }
