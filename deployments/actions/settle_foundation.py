"""The foundation of an account, kept in step with what its services use: nobody asks for it by itself.

Called where what is used may have changed: by a deploy or retry in its own transaction, after an operation has ended,
and by beat. A switch stays as long as a release or a check that still stands uses it; with the last one all of it goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from deployments.actions.actor import Actor
from deployments.actions.operations import begin
from deployments.models import Operation, Release, Resource, Stack
from deployments.models.record import OPEN
from deployments.plan.model import Ref
from deployments.plugins import policies
from deployments.routing.switches import SIDES, Bucket, Foundation, Switch, foundation_name
from deployments.worlds import installation
from regions.models import Account, AccountRegion

# Two regions far apart, none of them us-east-1, in which Route 53's own control plane lives.
PREFERRED = ("us-west-2", "eu-west-1", "us-east-2", "eu-central-1", "ap-southeast-1", "ap-northeast-1")


BEAT = Actor(None, "beat")


def settle_all(accounts: Iterable[Account]) -> None:
    """For when nobody did it: the worker died right after an operation had ended."""
    for account in accounts:
        settle(account, BEAT)


def waited_for() -> Iterable[Account]:
    """Accounts in which an operation of a service is open and none of the foundation is."""
    unfinished = Operation.objects.filter(stack__account=OuterRef("pk"), status__in=OPEN)
    return Account.objects.filter(
        Exists(unfinished.filter(stack__foundation=False)), ~Exists(unfinished.filter(stack__foundation=True))
    )


def settle(account: Account, actor: Actor, *, again: bool = False) -> Operation | None:
    """The operation that brings the foundation to what is used; None where it is, or where one is open (its end settles
    again). `again`: one that failed before is tried again."""
    with transaction.atomic():
        used = frozenset(_used(account))
        name = foundation_name(account.name)
        if used:
            Stack.objects.get_or_create(name=name, defaults={"account": account, "foundation": True})
        stack = Stack.objects.select_for_update(of=("self",)).select_related("release").filter(name=name).first()
        if stack is None or stack.operations.filter(status__in=OPEN).exists():
            return None
        document = _foundation(account, stack, used).document(account.name) if used else None
        before = stack.release.manifest if stack.release else None
        left = document is None and not stack.resources.exists()
        if left or (document == before and (stack.converged or not again)):
            return None
        stack.release = _release(name, document) if document else None
        return begin(
            stack,
            verb="deploy" if document else "destroy",
            title=_title(account, before, document),
            release=stack.release,
            consent=(),
            actor=actor,
        )


def _used(account: Account) -> Iterator[Switch]:
    stacks = Stack.objects.filter(account=account, foundation=False)
    for name, manifest in stacks.filter(release__isnull=False).values_list("name", "release__manifest"):
        yield from used_by(name, manifest)
    standing = Resource.objects.filter(stack__in=stacks, kind="route53_calculated_check")
    for edges in standing.values_list("edges", flat=True):
        for ref in map(Ref.parse, edges):
            if ref.stack == foundation_name(account.name) and ref.kind == "route53_health_check":
                _, region, service = f"{ref.name} ".split(" ", 2)
                yield Switch(region, service.strip() or None)


def used_by(name: str, manifest: Mapping[str, Any]) -> Iterator[Switch]:
    """The switches that a released manifest (in its canonical form) needs."""
    routing = manifest["routing"]
    serves = manifest.get("hostname") and any(part.get("routes") for part in manifest["components"])
    if serves and policies()[routing["policy"]].checked:
        for entry in manifest["regions"]:
            region = entry if isinstance(entry, str) else next(iter(entry))
            yield Switch(region, name if routing.get("switch") == "service" else None)


def switched(stack: Stack, region: str) -> bool:
    """Whether a switch leads the users of a service away from a region: not where it could lead them nowhere else."""
    return stack.release is not None and any(
        each.region == region for each in used_by(stack.name, stack.release.manifest)
    )


def _foundation(account: Account, stack: Stack, used: frozenset[Switch]) -> Foundation:
    """The buckets that it has, or new ones in two regions that the account can use."""
    if stack.release is not None:
        return Foundation(stack.name, Foundation.read(stack.release.manifest).buckets, used)
    rows = AccountRegion.objects.filter(account=account, region__enabled=True).select_related("region")
    usable = {row.region.code for row in rows if row.usable}
    homes = [*(code for code in PREFERRED if code in usable), *sorted(usable - set(PREFERRED))][:2]
    homes = homes or [next(iter(sorted(used))).region]
    owner = str(installation().pk)[:8]
    buckets = {
        side: Bucket(region, f"antipode-{account.account_id}-{owner}-switch-{side}")
        for side, region in zip(SIDES, (homes[0], homes[-1]), strict=True)
    }
    return Foundation(stack.name, buckets, used)


def _release(name: str, document: dict[str, Any]) -> Release:
    newest = Release.objects.filter(service_name=name).order_by("-number").first()
    if newest and newest.manifest == document:
        return newest
    return Release.objects.create(service_name=name, number=newest.number + 1 if newest else 1, manifest=document)


def _title(account: Account, before: Mapping[str, Any] | None, document: Mapping[str, Any] | None) -> str:
    """ "Switches of demo: + eu-central-1 keyvalue" """
    was, now = (
        {(each["region"], each.get("service", "")) for each in told["foundation"]["switches"]} if told else set()
        for told in (before, document)
    )
    changes = [f"+ {' '.join(filter(None, one))}" for one in sorted(now - was)]
    changes += [f"− {' '.join(filter(None, one))}" for one in sorted(was - now)]
    told = ", ".join(changes[:3]) + (f" and {len(changes) - 3} more" if len(changes) > 3 else "")
    return f"Switches of {account.name}: {told}" if told else f"Switches of {account.name}"
