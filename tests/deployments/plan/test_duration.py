"""About how long a plan takes: along the longest chain of waits."""

from __future__ import annotations

import pytest

from deployments.plan.demand import Demand
from deployments.plan.duration import PROVEN_S, Estimate, Standing, Wait, estimate
from deployments.plan.model import GLOBAL, Action, Change, Plan, Ref, Waiting

DEMANDS = {
    "table": Demand(made_s=180.0, first_s=15.0, gone_s=60.0, waits_for="table or replica", why="One at a time."),
    "certificate": Demand(made_s=180.0, waits_for="certificate to be issued", why="Minutes as a rule."),
    "record": Demand(made_s=60.0, changed_s=60.0, gone_s=60.0),
    "function": Demand(made_s=3.0, changed_s=6.0),
}
REGIONS = ("eu-west-1", "us-west-2", "us-east-1")


def ref(kind: str, scope: str = GLOBAL, name: str = "one") -> Ref:
    return Ref("kv", kind, scope, name)


def change(what: Ref, action: Action = Action.CREATE, *after: Ref, serving: bool = False) -> Change:
    return Change(what, action, "", waiting=tuple(Waiting("first", other) for other in after), serving=serving)


def told(*changes: Change, rates_s: float = 0.0, **standing: Standing) -> Estimate:
    """`standing`: by the scope of a resource."""
    rows = {each.ref: standing.get(each.ref.scope.replace("-", "_"), Standing()) for each in changes}
    return estimate(
        Plan(changes),
        demand=lambda kind: DEMANDS.get(kind, Demand()),
        standing=rows,
        regions=REGIONS,
        rates_s=rates_s,
    )


def test_nothing_to_do_takes_no_time() -> None:
    assert told() == Estimate((), 0.0)


def test_what_waits_for_another_comes_after_it_and_the_rest_side_by_side() -> None:
    certificate, domain, other = ref("certificate"), ref("domain"), ref("function")
    plan = told(change(certificate), change(domain, Action.CREATE, certificate), change(other))
    assert plan == Estimate((Wait("1 × certificate to be issued", 180.0, "Minutes as a rule."),), 181.0)


def test_what_a_change_waits_for_outside_the_plan_costs_nothing() -> None:
    assert told(change(ref("function"), Action.CREATE, ref("elsewhere"))).about_s == 3.0


@pytest.mark.parametrize(("action", "seconds"), [(Action.CREATE, 3.0), (Action.UPDATE, 6.0), (Action.DELETE, 1.0)])
def test_each_action_takes_its_own_time(action: Action, seconds: float) -> None:
    assert told(change(ref("function"), action)).about_s == seconds


@pytest.mark.parametrize("action", [Action.RETAIN, Action.FORGET])
def test_what_calls_nothing_takes_no_time(action: Action) -> None:
    assert told(change(ref("table"), action)) == Estimate((), 0.0)


def test_replicas_of_a_table_come_one_after_the_other() -> None:
    """The first is a table, which takes seconds; each replica takes minutes."""
    tables = [change(ref("table", region)) for region in REGIONS]
    lane = Standing(lane="keyvalues")
    plan = told(*tables, eu_west_1=lane, us_west_2=lane, us_east_1=lane)
    assert plan == Estimate((Wait("3 × table or replica", 15.0 + 180.0 + 180.0, "One at a time."),), 375.0)


def test_a_replica_of_a_table_that_stands_is_not_the_first() -> None:
    lane = Standing(lane="keyvalues")
    new, standing = ref("table", "us-east-1"), ref("table", "eu-west-1")
    plan = estimate(
        Plan((change(new),)),
        demand=lambda kind: DEMANDS[kind],
        standing={new: lane, standing: lane},
        regions=REGIONS,
        rates_s=0.0,
    )
    assert plan.about_s == 180.0


def test_serving_replicas_are_updated_one_region_at_a_time_and_proven() -> None:
    updates = [change(ref("function", region), Action.UPDATE, serving=True) for region in reversed(REGIONS)]
    plan = told(*updates)
    assert plan.about_s == 3 * (6.0 + PROVEN_S)
    assert [wait.what for wait in plan.waits] == ["3 regions, one after the other"]


def test_one_region_alone_rolls_nothing_out() -> None:
    plan = told(change(ref("function", "us-east-1"), Action.UPDATE, serving=True))
    assert plan == Estimate((), 6.0)


def test_what_a_removed_record_pointed_to_stays_while_it_drains() -> None:
    record, domain = ref("record"), ref("domain", "eu-west-1")
    plan = told(change(record, Action.DELETE), change(domain, Action.DELETE, record), **{GLOBAL: Standing(drain_s=360)})
    why = "Resolvers keep the old answer for its TTL; then comes the drain."
    assert plan == Estimate((Wait("users to leave what is removed", 360.0, why),), 60.0 + 360.0 + 1.0)


def test_api_rates_come_on_top() -> None:
    plan = told(change(ref("function")), rates_s=150.0)
    why = "AWS limits how many such calls an account may make."
    assert plan == Estimate((Wait("API rates", 150.0, why),), 153.0)


def test_the_longest_wait_is_told_first() -> None:
    plan = told(change(ref("certificate")), change(ref("table", "eu-west-1")), rates_s=400.0)
    assert [wait.seconds for wait in plan.waits] == sorted((wait.seconds for wait in plan.waits), reverse=True)


def test_what_is_under_way_is_waited_for() -> None:
    certificate = ref("certificate")
    plan = estimate(
        Plan((change(ref("domain"), Action.CREATE, certificate),), underway=((certificate, Waiting("PENDING")),)),
        demand=lambda kind: DEMANDS.get(kind, Demand()),
        standing={},
        regions=(),
        rates_s=0.0,
    )
    assert (plan.about_s, [wait.what for wait in plan.waits]) == (181.0, ["1 × certificate to be issued"])


def test_a_circle_of_waits_ends() -> None:
    """No plan has one; were there one, the estimate must not hang."""
    one, other = ref("function", name="one"), ref("function", name="other")
    assert told(change(one, Action.CREATE, other), change(other, Action.CREATE, one)).about_s == 6.0
