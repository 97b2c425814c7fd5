"""The values of planning: names that can be read back, and edges that need not be written down."""

import pytest

from deployments.plan.model import Action, Change, Out, Plan, Problem, Ref, Spec, Text, Waiting, outs

ROLE = Ref("kv", "iam_role", "us-west-2", "service")
TABLE = Ref("kv", "dynamodb_table", "us-west-2", "orders")
ROUTE = Ref("kv", "apigatewayv2_route", "us-west-2", "GET /{key}")
FUNCTION = Ref("kv", "lambda_function", "us-west-2", "get")


@pytest.mark.parametrize("ref", [ROLE, ROUTE, Ref("kv", "iam_role", "global", "")])
def test_a_ref_is_read_back_from_its_text(ref: Ref) -> None:
    assert Ref.parse(str(ref)) == ref


def test_only_the_name_of_a_ref_may_hold_slashes() -> None:
    assert str(ROUTE) == "kv/apigatewayv2_route/us-west-2/GET /{key}"


def test_outputs_are_found_at_any_depth_of_a_value() -> None:
    arn, name = Out(ROLE, "arn"), Out(TABLE, "name", early=True)
    value = {"role": arn, "environment": {"T": [Text(("table ", name)), 3]}, "peers": (name, None), "memory_mb": 128}
    assert list(outs(value)) == [arn, name, name]


def test_edges_are_what_params_ask_for_and_what_must_come_before() -> None:
    spec = Spec(FUNCTION, {"role": Out(ROLE, "arn"), "name": "get"}, after=frozenset({TABLE}))
    assert spec.edges() == {ROLE, TABLE}
    assert spec.outs == (Out(ROLE, "arn"),)
    assert Spec(ROLE, {"name": "r"}).edges() == frozenset()


def test_a_change_is_ready_when_it_waits_for_nothing() -> None:
    ready = Change(ROLE, Action.CREATE, "")
    waiting = Change(TABLE, Action.CREATE, "", waiting=(Waiting("is not there yet", ROLE),))
    assert Plan((ready, waiting)).ready() == (ready,)


@pytest.mark.parametrize(
    "plan",
    [
        Plan(changes=(Change(ROLE, Action.FORGET, ""),)),
        Plan(underway=((ROLE, Waiting("CREATING", ROLE)),)),
        Plan(problems=(Problem(ROLE, "conflict", "", ""),)),
    ],
)
def test_a_plan_is_empty_only_with_nothing_to_do_to_wait_for_or_to_mend(plan: Plan) -> None:
    assert not plan.empty
    assert Plan().empty
