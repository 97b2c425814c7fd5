"""What is left out of a plan, and what can't be done without it."""

from __future__ import annotations

from dataclasses import replace

from deployments.plan.left_out import leave_out, refs
from deployments.plan.model import Action, Change, Plan, Problem, Ref, Waiting

TABLE = Ref("kv", "dynamodb_table", "us-west-2", "orders")
ROLE = Ref("kv", "iam_role", "us-west-2", "service")
FUNCTION = Ref("kv", "lambda_function", "us-west-2", "get")
ALIAS = Ref("kv", "lambda_alias", "us-west-2", "get")
OLD, NEW = Ref("kv", "route53_record", "global", "old"), Ref("kv", "route53_record", "global", "new")


def change(ref: Ref, *needs: Ref, atomic: str | None = None, action: Action = Action.CREATE) -> Change:
    return Change(ref, action, "", waiting=tuple(Waiting("is not there yet", need) for need in needs), atomic=atomic)


def test_nothing_left_out_is_the_plan_itself() -> None:
    plan = Plan((change(TABLE),))
    assert leave_out(plan, {}) == (plan, frozenset())
    assert leave_out(plan, {ROLE: "not in it"}) == (plan, frozenset())


def test_what_needs_it_stays_too_however_far_away() -> None:
    plan = Plan((change(TABLE), change(ROLE), change(FUNCTION, ROLE), change(ALIAS, FUNCTION)))
    told, left = leave_out(plan, {ROLE: "left out by alice: quota"})
    assert left == {ROLE, FUNCTION, ALIAS}
    assert [c.ref for c in told.ready()] == [TABLE]
    assert told.changes[1].waiting == (Waiting("left out by alice: quota"),)
    assert told.changes[2] == plan.changes[2]


def test_what_is_under_way_or_a_problem_may_be_left_out() -> None:
    problem = Problem(TABLE, "conflict", "", "")
    plan = Plan((change(FUNCTION, ROLE), change(ALIAS, TABLE)), ((ROLE, Waiting("CREATING", ROLE)),), (problem,))
    told, left = leave_out(plan, {ROLE: "", TABLE: ""})
    assert (told, left) == (plan, {ROLE, TABLE, FUNCTION, ALIAS})
    assert refs(plan) == left


def test_a_set_that_is_swapped_in_one_transaction_stays_whole() -> None:
    """Half of it would leave the name without an answer, or mix policies."""
    coming, going = change(NEW, atomic="kv A"), change(OLD, atomic="kv A", action=Action.DELETE)
    other = change(TABLE)
    told, left = leave_out(Plan((coming, going, other)), {NEW: "later"})
    assert left == {NEW, OLD}
    assert told.changes == (
        replace(coming, waiting=(Waiting("later"),)),
        replace(going, waiting=(Waiting("is changed as a whole, and a part of it is left out"),)),
        other,
    )
