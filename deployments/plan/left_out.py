"""What is left out of a plan, and what can't be done without it. Pure.

A person skips steps of an operation; a repair leaves to a person what it may not do by itself. Both end well when
nothing is left but that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deployments.plan.model import Plan, Ref, Waiting


def leave_out(plan: Plan, why: Mapping[Ref, str]) -> tuple[Plan, frozenset[Ref]]:
    """The plan with the changes in `why` waiting for that reason, and all refs that stay as they are: those of `why`
    that the plan has, what waits for them, and what would be sent in one transaction with them."""
    left = {ref for ref in refs(plan) if ref in why}
    if not left:
        return plan, frozenset()
    more = left
    while more:
        whole = {change.atomic for change in plan.changes if change.ref in left} - {None}
        more = {
            change.ref
            for change in plan.changes
            if change.ref not in left and (change.atomic in whole or any(one.ref in left for one in change.waiting))
        }
        left |= more
    changes = []
    for change in plan.changes:
        if change.ref in why:
            change = replace(change, waiting=(Waiting(why[change.ref]),))
        elif change.ref in left and change.ready:
            change = replace(change, waiting=(Waiting("is changed as a whole, and a part of it is left out"),))
        changes.append(change)
    return replace(plan, changes=tuple(changes)), frozenset(left)


def refs(plan: Plan) -> frozenset[Ref]:
    """All that the plan still tells of."""
    return frozenset(
        {change.ref for change in plan.changes}
        | {ref for ref, _ in plan.underway}
        | {problem.ref for problem in plan.problems}
    )
