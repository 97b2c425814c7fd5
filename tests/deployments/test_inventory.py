"""The inventory of a stack: written before and after each call, and the same when it is read again."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from deployments.inventory import Inventory, moment
from deployments.models import Resource
from deployments.plan.model import Action, Change, Known, Observed, Out, Ref, Spec, State
from deployments.providers.protocol import Target
from tests.deployments.worlds import stack_of

ROLE = Ref("kv", "iam_role", "us-west-2", "service")
FUNCTION = Ref("kv", "lambda_function", "us-west-2", "get")
NOW = 1_700_000_000.0
SPEC = Spec(
    FUNCTION,
    {"role": Out(ROLE, "arn")},
    context={"artifact": "a"},
    lane="lane",
    drain_s=30,
    group="group",
    shape="simple",
)
SPECS = {FUNCTION: SPEC}
LOOK = Observed("fn-1", {"role": "r"}, {"arn": "arn:fn"})

pytestmark = pytest.mark.django_db


def change(action: Action = Action.CREATE, of: Ref = FUNCTION, **params: Any) -> Change:
    return Change(of, action, "", params=params or {"role": "r"})


def inventory() -> Inventory:
    return Inventory(stack_of())


def row() -> Resource:
    return Resource.objects.get(kind=FUNCTION.kind)


def made() -> Inventory:
    """The function is created and stands as wanted."""
    found = inventory()
    found.begin([change()], SPECS)
    found.landed({FUNCTION: LOOK}, SPECS, now=NOW)
    found.settled([SPEC])
    return found


def test_what_is_about_to_be_created_is_known_to_whoever_reads_next() -> None:
    found = inventory()
    found.begin([change()], SPECS)
    pending = Known(
        FUNCTION,
        State.PENDING,
        params={"role": "r"},
        context={"artifact": "a"},
        edges=frozenset({ROLE}),
        lane="lane",
        drain_s=30,
        group="group",
        shape="simple",
    )
    assert found.known == inventory().known == {FUNCTION: pending}
    assert len(row().token) == 32


def test_what_landed_is_live_with_its_id_and_outputs() -> None:
    found = made()
    known = found.known[FUNCTION]
    assert (known.state, known.physical_id, known.outputs) == (State.LIVE, "fn-1", {"arn": "arn:fn"})
    assert found.known == inventory().known


def test_a_create_whose_answer_got_lost_keeps_its_token() -> None:
    found = inventory()
    found.begin([change()], SPECS)
    token = row().token
    inventory().begin([change()], SPECS)
    assert row().token == token


def test_a_new_create_takes_a_new_token_and_forgets_the_old_thing() -> None:
    token = made().rows[FUNCTION].token
    found = inventory()
    found.begin([change()], SPECS)
    assert row().token != token
    known = found.known[FUNCTION]
    assert (known.state, known.physical_id, known.outputs) == (State.PENDING, "", {})


def test_old_and_new_edges_hold_while_an_update_is_under_way() -> None:
    table = Ref("kv", "dynamodb_table", "us-west-2", "orders")
    moved = Spec(FUNCTION, {"table": Out(table, "name")})
    found = made()
    found.begin([change(Action.UPDATE, table="orders")], {FUNCTION: moved})
    known = found.known[FUNCTION]
    assert (known.edges, known.state, known.params) == (frozenset({ROLE, table}), State.LIVE, {"table": "orders"})
    found.settled([moved])
    assert found.known[FUNCTION].edges == {table}
    assert found.known == inventory().known


def test_a_delete_writes_nothing_before_its_call() -> None:
    found = made()
    before = found.known[FUNCTION]
    found.begin([change(Action.DELETE)], {})
    assert found.known == inventory().known == {FUNCTION: before}


def test_it_is_told_since_when_something_is_not_ready() -> None:
    found = made()
    pending = Observed("fn-1", {}, ready=False)
    for now in (NOW, NOW + 5):
        found.landed({FUNCTION: pending}, SPECS, now=now)
    assert found.not_ready_since(FUNCTION) == inventory().not_ready_since(FUNCTION) == NOW
    found.landed({FUNCTION: LOOK}, SPECS, now=NOW + 6)
    assert found.not_ready_since(FUNCTION) is None
    assert found.not_ready_since(ROLE) is None


def test_nothing_is_written_where_nothing_is_new() -> None:
    found = made()
    then = datetime(2024, 1, 1, tzinfo=UTC)
    Resource.objects.update(updated_at=then)
    found.landed({FUNCTION: LOOK}, SPECS, now=NOW)
    found.settled([SPEC])
    assert row().updated_at == then


def test_what_was_adopted_stays_adopted_until_it_carries_our_mark() -> None:
    made()
    Resource.objects.update(state=State.ADOPTED)
    found = inventory()
    found.landed({FUNCTION: replace(LOOK, ours=False)}, SPECS, now=NOW)
    found.settled([SPEC])
    assert found.known[FUNCTION].state is State.ADOPTED
    assert found.target(FUNCTION, {}, {}).adopted
    found.landed({FUNCTION: LOOK}, SPECS, now=NOW)
    assert found.known[FUNCTION].state is State.LIVE


def test_what_is_no_longer_wanted_is_noted_but_does_not_come_to_life() -> None:
    found = inventory()
    found.begin([change()], SPECS)
    found.landed({FUNCTION: LOOK}, {}, now=NOW)
    known = found.known[FUNCTION]
    assert (known.state, known.physical_id) == (State.PENDING, "fn-1")


def test_what_is_retained_is_left_as_it_is_until_it_is_wanted_again() -> None:
    found = made()
    found.retain(FUNCTION)
    found.landed({FUNCTION: Observed("other", {})}, {}, now=NOW)
    assert found.known[FUNCTION].state is State.RETAINED
    assert found.known[FUNCTION].physical_id == "fn-1"
    found.settled([SPEC])
    assert inventory().known[FUNCTION].state is State.LIVE


def test_a_removed_record_drains_from_when_its_removal_is_everywhere() -> None:
    found = made()
    found.draining(FUNCTION, change_id="C1")
    known = found.known[FUNCTION]
    assert (known.state, known.hold_until) == (State.DRAINING, None)
    assert known.outputs == {"arn": "arn:fn", "change_id": "C1"}
    found.drained(FUNCTION, until=NOW)
    assert found.known[FUNCTION].hold_until == NOW
    assert found.known == inventory().known


def test_what_is_forgotten_is_gone() -> None:
    found = made()
    found.forget(FUNCTION)
    assert found.known == inventory().known == {}


def test_what_was_never_attempted_is_nobody_s_row() -> None:
    found = inventory()
    found.landed({FUNCTION: LOOK}, SPECS, now=NOW)
    found.settled([SPEC])
    assert found.known == {}
    assert found.landed_at(FUNCTION) == 0.0
    assert found.target(FUNCTION, {"a": 1}, {"b": 2}) == Target(FUNCTION, {"a": 1}, {"b": 2})


def test_a_target_carries_what_finds_it_again() -> None:
    found = made()
    token = row().token
    assert found.target(FUNCTION, {"a": 1}, {}) == Target(FUNCTION, {"a": 1}, {}, "fn-1", token, {"arn": "arn:fn"})
    assert found.landed_at(FUNCTION) == row().updated_at.timestamp()


def test_a_stack_knows_only_its_own() -> None:
    made()
    assert Inventory(stack_of("other")).known == {}


def test_a_moment_is_a_time_of_utc() -> None:
    assert moment(0.5) == datetime(1970, 1, 1, microsecond=500_000, tzinfo=UTC)
