"""What of a plan is drift, and what of that may be mended without asking anybody. Pure.

gone, or differs                        mended
gone, held data, a replica of it stands mended: it is copied from there
gone, held data, none stands            a person: a new one would be empty
to be deleted or retained               a person: a repair never destroys
conflict, fixed                         a person: the problem's own mend
needs one of these                      a person, too
could not be looked at                  unknown: no drift, and nothing that needs it is mended
differs only in what another change
will tell                               mended along, and no drift of its own
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from deployments.plan.left_out import leave_out, refs
from deployments.plan.model import (
    KNOWN_AFTER_APPLY,
    Action,
    Change,
    Difference,
    Plan,
    Problem,
    Ref,
    Spec,
    Traits,
)

DESTROYS = "a repair never destroys or retains: deploy to let it go"
EMPTY = "it held data and no replica of it stands: a new one would be empty. Restore it, or deploy to make an empty one"
UNKNOWN = "could not be looked at"
NEEDS = "it needs what waits for a person"
NEEDS_UNKNOWN = "it needs what could not be looked at"
GOING = frozenset({Action.DELETE, Action.RETAIN})


@dataclass(frozen=True)
class Finding:
    """One difference. `action` is None for a problem; `waits_for`: why it is not mended by itself, "" where it is."""

    ref: Ref
    action: Action | None
    reason: str
    differences: tuple[Difference, ...] = ()
    waits_for: str = ""


@dataclass(frozen=True)
class Judgement:
    """findings  what differs
    unknown      what could not be looked at
    left         what a repair must not do, and why
    """

    findings: tuple[Finding, ...]
    unknown: tuple[Problem, ...]
    left: Mapping[Ref, str]

    @property
    def mendable(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if not finding.waits_for)


def judge(plan: Plan, specs: Iterable[Spec], traits: Callable[[str], Traits]) -> Judgement:
    """`plan`: the approved release against the world."""
    wanted = {spec.ref: spec for spec in specs}
    unknown = tuple(problem for problem in plan.problems if problem.code == "unobserved")
    left = {problem.ref: UNKNOWN for problem in unknown}
    needs_unknown = leave_out(plan, left)[1]
    left |= {problem.ref: problem.mend for problem in plan.problems if problem.code != "unobserved"}
    standing = wanted.keys() - refs(plan)
    for change in plan.changes:
        if change.action in GOING:
            left[change.ref] = DESTROYS
        elif (
            change.action is Action.CREATE
            and traits(change.ref.kind).data
            and not any(_replicates(wanted[ref], wanted[change.ref]) for ref in standing)
        ):
            left[change.ref] = EMPTY
    all_left = leave_out(plan, left)[1]

    def why(ref: Ref) -> str:
        if ref in left or ref not in all_left:
            return left.get(ref, "")
        return NEEDS_UNKNOWN if ref in needs_unknown else NEEDS

    findings = [
        Finding(change.ref, change.action, change.reason, change.differences, why(change.ref))
        for change in plan.changes
        if _drifted(change)
    ]
    findings += [
        Finding(problem.ref, None, problem.message, waits_for=problem.mend)
        for problem in plan.problems
        if problem.code != "unobserved"
    ]
    return Judgement(tuple(findings), unknown, left)


def _replicates(other: Spec, spec: Spec) -> bool:
    """Whether one holds the data of the other: replicas of a table share its lane."""
    return other.ref.kind == spec.ref.kind and other.lane is not None and other.lane == spec.lane


def _drifted(change: Change) -> bool:
    if change.action is Action.FORGET:  # our own book alone
        return False
    known = [each for each in change.differences if each.after != KNOWN_AFTER_APPLY]
    return change.action is not Action.UPDATE or bool(known)
