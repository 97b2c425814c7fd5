"""One DNS record: read together with all others of its hostname, changed only in batches (`records.py`).

Created once by its natural name: name, type and set identifier. It carries no tag: it is ours where the owner record
of its hostname names this installation. Ready when the change that brought it is INSYNC.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache

from deployments.plan.demand import Demand, Use
from deployments.plan.model import Mark, Observed, Params, Ref, Traits
from deployments.providers.aws import records
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World
from deployments.providers.errors import Refused
from deployments.providers.protocol import Target

Key = tuple[str, str, str | None]

_ZONE = "arn:aws:route53:::hostedzone/{zone}"


class Route53Record(Kind):
    """params: zone_id, name, type, ttl, values, alias, set_identifier, policy, health_check_id. outputs: name, and
    change_id while that is PENDING."""

    name = "route53_record"
    traits = Traits(batched=True, poll_after_s=0.5)
    # "Generally within 60 seconds": developer guide, "How Route 53 checks and propagates changes".
    demand = Demand(
        (Use("route53", "records_per_zone", of="zone_id"),),
        made_s=60.0,
        changed_s=60.0,
        gone_s=60.0,
        waits_for="record to reach all name servers",
        why="A change is INSYNC within a minute as a rule.",
    )
    grants = (
        grant("route53:ListResourceRecordSets", on=_ZONE),
        grant("route53:ChangeResourceRecordSets", on=_ZONE, inside=True),
        grant("route53:GetChange", on="arn:aws:route53:::change/*"),
    )

    def __init__(self) -> None:
        self._in_sync: set[str] = set()  # changes never go back to PENDING

    def together(self, target: Target) -> Hashable:
        return str(target.params["zone_id"])

    def observe_many(self, world: World, targets: Sequence[Target]) -> Mapping[Ref, Observed | None]:
        zone_id = targets[0].params["zone_id"]
        roots = records.roots(target.params["name"] for target in targets)
        standing = {_key(params): params for root in roots for params in records.under(world, zone_id, root)}
        pending = self._pending(world, {target.outputs.get("change_id", "") for target in targets} - {""})

        @cache
        def whose(name: str) -> str:
            """By the owner record of the name or of a name above it, the nearest first; "": nobody's."""
            owner_record = standing.get((records.owner_name(name), "TXT", None))
            if owner_record is None and not any(records.is_under(name, root) for root in roots):
                owner_record = records.read(world, zone_id, records.owner_name(name), "TXT")
            if owner_record is None:
                above = name.partition(".")[2]
                return whose(above) if "." in above else ""
            claim = records.claim(owner_record)
            return claim.owner if claim else ""

        return {
            target.ref: _observed(world, target, params, pending, whose)
            for target in targets
            for params in [standing.get(_key(target.params))]
        }

    def observe(self, world: World, target: Target) -> Observed | None:
        return self.observe_many(world, [target])[target.ref]

    def create(self, world: World, target: Target) -> Observed:
        raise _only_in_batches(target)

    def update(self, world: World, target: Target, before: Params) -> Observed:
        raise _only_in_batches(target)

    def delete(self, world: World, target: Target) -> None:
        raise _only_in_batches(target)

    def _pending(self, world: World, change_ids: set[str]) -> frozenset[str]:
        pending = set()
        for change_id in sorted(change_ids - self._in_sync):
            if records.insync(world, change_id):
                self._in_sync.add(change_id)
            else:
                pending.add(change_id)
        return frozenset(pending)


def _observed(
    world: World, target: Target, params: Params | None, pending: frozenset[str], whose: Callable[[str], str]
) -> Observed | None:
    if params is None:
        return None
    values, wanted = params["values"], target.params["values"]
    if values is not None and wanted is not None and sorted(values) == sorted(wanted):
        params = {**params, "values": wanted}  # a record's values have no order
    if params["policy"] != target.params["policy"] and records.same_policy(params["policy"], target.params["policy"]):
        params = {**params, "policy": target.params["policy"]}
    change_id = target.outputs.get("change_id", "")
    waiting = change_id in pending
    owner = whose(params["name"])
    return Observed(
        physical_id="/".join(part for part in _key(params) if part),
        params=params,
        outputs={"name": params["name"], **({"change_id": change_id} if waiting else {})},
        ready=not waiting,
        status="PENDING" if waiting else "",
        # The inventory's word for one that we made; else the owner record's.
        ours=(bool(target.physical_id) and not target.adopted) or owner == world.owner,
        mark=None if owner in ("", world.owner) else Mark(owner),
    )


def _key(params: Params) -> Key:
    return params["name"], params["type"], params["set_identifier"]


def _only_in_batches(target: Target) -> Refused:
    return Refused(
        f"{target.ref} can only change in a batch with its owner record",
        code="batched",
        mend="A defect: send record changes with change_records.",
    )
