"""What is drift, and what of it may be mended without asking anybody."""

from __future__ import annotations

import pytest

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
    Waiting,
)
from deployments.plan.repair import DESTROYS, EMPTY, NEEDS, NEEDS_UNKNOWN, UNKNOWN, Finding, judge

WEST, CENTRAL = "us-west-2", "eu-central-1"


def table(region: str, name: str = "orders", lane: str | None = "orders") -> Spec:
    return Spec(Ref("kv", "dynamodb_table", region, name), {}, lane=lane)


def function(region: str = WEST) -> Spec:
    return Spec(Ref("kv", "lambda_function", region, "get"), {})


def traits(kind: str) -> Traits:
    return Traits(data=kind == "dynamodb_table")


def create(spec: Spec, *needs: Ref) -> Change:
    waiting = tuple(Waiting("is not there yet", need) for need in needs)
    return Change(spec.ref, Action.CREATE, "it is gone from AWS", waiting=waiting)


def update(spec: Spec, *differences: Difference, needs: tuple[Ref, ...] = ()) -> Change:
    waiting = tuple(Waiting("is known after apply", need) for need in needs)
    return Change(spec.ref, Action.UPDATE, "differs", differences=differences, waiting=waiting)


def why(plan: Plan, *specs: Spec) -> dict[Ref, str]:
    return {finding.ref: finding.waits_for for finding in judge(plan, specs, traits).findings}


def test_nothing_differs() -> None:
    judgement = judge(Plan(), [function()], traits)
    assert (judgement.findings, judgement.unknown, judgement.left, judgement.mendable) == ((), (), {}, ())


def test_what_is_gone_or_differs_is_mended() -> None:
    memory = Difference("memory_mb", 1024, 128)
    plan = Plan((create(function(WEST)), update(function(CENTRAL), memory)))
    judgement = judge(plan, [function(WEST), function(CENTRAL)], traits)
    assert (
        judgement.findings
        == judgement.mendable
        == (
            Finding(function(WEST).ref, Action.CREATE, "it is gone from AWS"),
            Finding(function(CENTRAL).ref, Action.UPDATE, "differs", (memory,)),
        )
    )


def test_data_is_made_anew_only_where_a_replica_of_it_stands() -> None:
    both = (table(WEST), table(CENTRAL))
    assert why(Plan((create(table(WEST)),)), *both) == {table(WEST).ref: ""}
    assert why(Plan((create(table(WEST)), create(table(CENTRAL)))), *both) == dict.fromkeys(
        [s.ref for s in both], EMPTY
    )


@pytest.mark.parametrize("other", [table(CENTRAL, lane=None), table(CENTRAL, "users", "users"), function(CENTRAL)])
def test_only_a_replica_of_the_same_data_will_do(other: Spec) -> None:
    assert why(Plan((create(table(WEST)),)), table(WEST), other) == {table(WEST).ref: EMPTY}


def test_a_replica_that_could_not_be_looked_at_is_none() -> None:
    """It may be gone as well."""
    problem = Problem(table(CENTRAL).ref, "unobserved", "it does not answer", "")
    judgement = judge(Plan((create(table(WEST)),), (), (problem,)), [table(WEST), table(CENTRAL)], traits)
    assert judgement.unknown == (problem,)
    assert judgement.left == {table(WEST).ref: EMPTY, table(CENTRAL).ref: UNKNOWN}
    assert [finding.ref for finding in judgement.findings] == [table(WEST).ref]


@pytest.mark.parametrize("action", [Action.DELETE, Action.RETAIN])
def test_nothing_is_destroyed(action: Action) -> None:
    plan = Plan((Change(function().ref, action, "it is no longer wanted"),))
    assert why(plan) == {function().ref: DESTROYS}


def test_forgetting_what_is_gone_is_no_drift() -> None:
    judgement = judge(Plan((Change(function().ref, Action.FORGET, "it is gone from AWS"),)), [], traits)
    assert (judgement.findings, judgement.left) == ((), {})


@pytest.mark.parametrize("code", ["conflict", "fixed"])
def test_a_problem_is_a_person_s(code: str) -> None:
    plan = Plan((), (), (Problem(table(WEST).ref, code, "a namesake", "Rename it."),))
    assert judge(plan, [table(WEST)], traits).findings == (
        Finding(table(WEST).ref, None, "a namesake", waits_for="Rename it."),
    )


def test_what_needs_a_person_s_or_the_unknown_waits_as_well() -> None:
    role = Spec(Ref("kv", "iam_role", CENTRAL, "service"), {})
    plan = Plan(
        (create(function(WEST), table(WEST).ref), create(function(CENTRAL), role.ref)),
        (),
        (Problem(table(WEST).ref, "conflict", "", "Rename it."), Problem(role.ref, "unobserved", "", "")),
    )
    assert why(plan, table(WEST), role, function(WEST), function(CENTRAL)) == {
        function(WEST).ref: NEEDS,
        function(CENTRAL).ref: NEEDS_UNKNOWN,
        table(WEST).ref: "Rename it.",
    }


def test_what_differs_only_by_what_another_change_will_tell_is_no_drift_of_its_own() -> None:
    check = Spec(Ref("kv", "route53_health_check", "global", WEST), {})
    record = Spec(Ref("kv", "route53_record", "global", f"kv.example.test A {WEST}"), {})
    later = update(record, Difference("health_check_id", "old", KNOWN_AFTER_APPLY), needs=(check.ref,))
    judgement = judge(Plan((create(check), later)), [check, record], traits)
    assert [finding.ref for finding in judgement.findings] == [check.ref]
    assert judgement.left == {}
