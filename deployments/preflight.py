"""The preflight of one plan: quotas as AWS tells them, cost and waits. Changes nothing, and never fails a plan: what
can't be read is told as unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from threading import Thread

from deployments.desired import ReleasedService, desired
from deployments.inventory import Inventory
from deployments.models import Artifact, Resource, Stack
from deployments.plan import cost, quota
from deployments.plan.duration import Standing, estimate
from deployments.plan.model import KNOWN_AFTER_APPLY, Action, Change, Known, Out, Params, Plan, Ref, Spec, State
from deployments.plan.preflight import Preflight
from deployments.providers.protocol import Provider
from deployments.routing import switches
from regions.models import Account


def preflight(account: Account, wanted: ReleasedService | None, plan: Plan, provider: Provider) -> Preflight:
    """What a person should know before `plan` is carried out in `account`; `wanted` is what it leads to (None: nothing
    is left)."""
    specs = {spec.ref: spec for spec in desired(wanted)} if wanted else {}
    known = _known(account, plan)
    beneath = _beneath(specs, plan.changes)
    whole = replace(plan, changes=(*plan.changes, *beneath))
    added = quota.asks(_weighed(account, whole), provider.demand)
    after = {ref: cost.Thing(spec.params, spec.edges(), spec.context) for ref, spec in specs.items()}
    after |= {change.ref: cost.Thing(change.params, context=change.context) for change in beneath}
    held = {ref: cost.Thing(row.params, row.edges, row.context) for ref, row in known.items()}
    time = estimate(
        plan,
        demand=provider.demand,
        standing=_standing(known) | _standing(specs),
        regions=wanted.manifest.region_codes if wanted else (),
        rates_s=provider.wait_s(plan),
    )
    return Preflight(
        quotas=quota.judged(added, provider.usage(added)),
        costs=cost.added(cost.before(whole, after, held), after),
        waits=time.waits,
        about_s=time.about_s,
    )


@contextmanager
def reading_ahead(account: Account, wanted: ReleasedService | None, provider: Provider) -> Iterator[None]:
    """Quotas are read while the plan is being made: those that it will probably add to. The preflight then has them."""
    likely = _likely(account, wanted) if wanted else Plan()
    added = quota.asks(_weighed(account, likely), provider.demand)
    if not added:
        yield
        return
    reader = Thread(target=provider.usage, args=(added,), name="usage", daemon=True)
    reader.start()
    try:
        yield
    finally:
        reader.join()


def _likely(account: Account, wanted: ReleasedService) -> Plan:
    """The creation of all that the inventory does not hold."""
    held = set(
        Resource.objects.filter(stack__account=account, stack__name=wanted.manifest.name)
        .exclude(state=State.PENDING)
        .values_list("kind", "scope", "name")
    )
    specs = list(desired(wanted))
    own = [
        Change(spec.ref, Action.CREATE, "", params=_unresolved(spec.params), context=spec.context)
        for spec in specs
        if spec.ref[1:] not in held
    ]
    return Plan((*own, *_beneath({spec.ref: spec for spec in specs}, own)))


def _beneath(specs: Mapping[Ref, Spec], changes: Iterable[Change]) -> list[Change]:
    """What the account's foundation will make for it: the checks of the switches that it is the first to use."""
    made = [specs[change.ref] for change in changes if change.action is Action.CREATE and change.ref in specs]
    needed = {out.ref for spec in made for out in spec.outs if out.ref.stack != spec.ref.stack}
    if not needed:
        return []
    held = Resource.objects.filter(stack__name__in={ref.stack for ref in needed}).exclude(state=State.PENDING)
    standing = set(held.values_list("kind", "scope", "name"))
    checked = {"type": "HTTPS", "interval_s": switches.CHECK_INTERVAL_S}
    return [
        Change(ref, Action.CREATE, "", params=checked, context={"switch": True})
        for ref in sorted(needed)
        if ref[1:] not in standing
    ]


def _unresolved(params: Params) -> Params:
    return {name: KNOWN_AFTER_APPLY if isinstance(value, Out) else value for name, value in params.items()}


def _known(account: Account, plan: Plan) -> dict[Ref, Known]:
    """The inventory of the plan's stack; a plan that changes nothing needs none."""
    stack = Stack.objects.filter(account=account, name__in={change.ref.stack for change in plan.changes}).first()
    return Inventory(stack).known if stack else {}


def _weighed(account: Account, plan: Plan) -> Plan:
    """The plan with the size of each artifact that a change brings to AWS."""
    wanted = {str(artifact) for change in plan.changes if (artifact := change.context.get("artifact"))}
    if not wanted:
        return plan
    found = Artifact.objects.filter(service__account=account, sha256__in=wanted)
    sizes = dict(found.values_list("sha256", "size_bytes"))
    return replace(plan, changes=tuple(_with_size(change, sizes) for change in plan.changes))


def _with_size(change: Change, sizes: dict[str, int]) -> Change:
    size = sizes.get(str(change.context.get("artifact")))
    return change if size is None else replace(change, context={**change.context, "artifact_bytes": size})


def _standing(rows: Mapping[Ref, Spec] | Mapping[Ref, Known]) -> dict[Ref, Standing]:
    return {ref: Standing(row.lane, row.drain_s) for ref, row in rows.items()}
