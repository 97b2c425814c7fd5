"""What stands in the place of a wanted resource, and what adopting it would mean: what the adopt action looks at.

Reads AWS and rows, changes nothing. One look at the resource itself; what it hangs on is taken from the inventory.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from deployments.actions.approval import approve
from deployments.actions.refused import ActionRefused
from deployments.desired import desired
from deployments.inventory import known_of
from deployments.models import Service, Stack
from deployments.plan.diff import diff
from deployments.plan.model import (
    Action,
    Difference,
    Known,
    Observed,
    Params,
    Plan,
    Problem,
    Ref,
    Spec,
    State,
    Unobserved,
    Waiting,
)
from deployments.preview import candidate
from deployments.providers.protocol import Provider, Target
from deployments.released import released


@dataclass(frozen=True)
class Standing:
    """What stands there.

    params       what is wanted, as far as it is known by now
    look         None: nothing; Unobserved: nobody can tell
    differences  what the next deploy changes once it is adopted, our mark included
    fixed        why it can never become what is wanted; None: it can
    waiting      what must be there before that is known in full
    """

    spec: Spec
    params: Params
    look: Observed | Unobserved | None
    differences: tuple[Difference, ...] = ()
    fixed: Problem | None = None
    waiting: tuple[Waiting, ...] = ()


def wanted_spec(service: Service, stack: Stack | None, kind: str, scope: str, name: str) -> Spec | None:
    """What the draft wants under this name, else what the approved release wants; None: neither knows it."""
    refusal: ActionRefused | None = None
    try:
        for spec in _specs(service, stack):
            if (spec.ref.kind, spec.ref.scope, spec.ref.name) == (kind, scope, name):
                return spec
    except ActionRefused as error:  # a draft that can't be deployed wants nothing yet
        refusal = error
    if stack is not None and (wanted := released(stack)) is not None:
        for spec in desired(wanted):
            if (spec.ref.kind, spec.ref.scope, spec.ref.name) == (kind, scope, name):
                return spec
    if refusal is not None:
        raise refusal
    return None


def _specs(service: Service, stack: Stack | None) -> Iterator[Spec]:
    approved = approve(service)
    yield from desired(candidate(approved.manifest, service.account.account_id, approved.zone_id or None))


def survey(spec: Spec, stack: Stack | None, provider: Provider, physical_id: str = "") -> Standing:
    """Look at what stands in the place of `spec`, as if it were adopted already."""
    rows = {row.ref: known_of(row) for row in stack.resources.select_related("stack")} if stack and stack.pk else {}
    hangs_on = {ref: rows[ref] for ref in spec.edges() if ref in rows}
    made = {ref: _as_recorded(known) for ref, known in hangs_on.items() if known.state is not State.PENDING}

    def planned(look: Observed | None, inventory: dict[Ref, Known]) -> Plan:
        return diff([spec], inventory, {**made, spec.ref: look}, traits=provider.traits, now=time.time())

    (create,) = (change for change in planned(None, hangs_on).changes if change.ref == spec.ref)
    target = Target(spec.ref, create.params, spec.context, physical_id, adopted=True)
    look = provider.observe([target])[spec.ref]
    if not isinstance(look, Observed):
        return Standing(spec, create.params, look, waiting=create.waiting)
    adopted = Known(spec.ref, State.ADOPTED, look.physical_id)
    plan = planned(replace(look, ready=True), {**hangs_on, spec.ref: adopted})
    update = next((change for change in plan.changes if change.ref == spec.ref), None)
    return Standing(
        spec,
        create.params,
        look,
        differences=update.differences if update and update.action is Action.UPDATE else (),
        fixed=next((problem for problem in plan.problems if problem.ref == spec.ref), None),
        waiting=create.waiting,
    )


def _as_recorded(known: Known) -> Observed:
    return Observed(known.physical_id, known.params, known.outputs)
