"""The journal of an operation: a step a change, told before its call and with the outcome after."""

from typing import Any

import pytest

from deployments.inventory import moment
from deployments.journal import Journal
from deployments.models import Operation, Step
from deployments.plan.model import Action, Change, Difference, Plan, Problem, Ref, Waiting
from deployments.providers.errors import Transient
from tests.deployments.worlds import approve, stack_of

ROLE = Ref("kv", "iam_role", "us-west-2", "service")
TABLE = Ref("kv", "dynamodb_table", "us-west-2", "orders")
NEEDS_ROLE = Waiting("is not there yet", ROLE)
CREATE = Change(ROLE, Action.CREATE, "it is not there yet")
UPDATE = Change(TABLE, Action.UPDATE, "differs in a", differences=(Difference("a", 1, 2),), waiting=(NEEDS_ROLE,))
NOW = 1_700_000_000.0

pytestmark = pytest.mark.django_db


@pytest.fixture
def operation() -> Operation:
    return approve(stack_of(), None)


def following(operation: Operation, *changes: Change, **named: Any) -> Journal:
    journal = Journal(operation)
    journal.follow(Plan(changes, **named), busy=(), now=NOW)
    return journal


def step(of: Ref = ROLE) -> Step:
    return Step.objects.get(kind=of.kind)


def test_each_change_of_the_plan_is_a_step_in_its_order(operation: Operation) -> None:
    following(operation, CREATE, UPDATE)
    names = ("position", "kind", "scope", "name", "action", "reason", "diff", "status", "waiting_for", "attempts")
    assert list(Step.objects.values_list(*names)) == [
        (0, "iam_role", "us-west-2", "service", "create", "it is not there yet", [], "waiting", "", 0),
        (
            1,
            "dynamodb_table",
            "us-west-2",
            "orders",
            "update",
            "differs in a",
            [{"path": "a", "before": 1, "after": 2}],
            "waiting",
            "iam_role service (us-west-2) is not there yet",
            0,
        ),
    ]


def test_a_step_runs_before_its_call_and_has_succeeded_after(operation: Operation) -> None:
    journal = following(operation, CREATE)
    journal.start([CREATE], now=NOW)
    assert (step().status, step().started_at, step().finished_at) == ("running", moment(NOW), None)
    journal.succeed([CREATE], now=NOW + 2)
    assert (step().status, step().attempts) == ("succeeded", 1)
    assert (step().started_at, step().finished_at) == (moment(NOW), moment(NOW + 2))


def test_what_an_earlier_holder_left_running_is_read_as_running(operation: Operation) -> None:
    """It is neither done nor failed: nobody heard."""
    following(operation, CREATE).start([CREATE], now=NOW)
    journal = Journal(operation)
    assert (journal.attempts(CREATE), journal.refused, journal.failed()) == (0, frozenset(), [])
    journal.follow(Plan(), busy=(), now=NOW + 9)  # a look showed that it was done
    assert (step().status, step().attempts, step().finished_at) == ("succeeded", 1, moment(NOW + 9))


def test_a_step_says_what_it_waits_for_until_it_does_not(operation: Operation) -> None:
    journal = following(operation, UPDATE)
    free = Change(TABLE, Action.UPDATE, "differs in a")
    journal.follow(Plan((free,)), busy=(), now=NOW)
    assert step(TABLE).waiting_for == ""


def test_a_created_step_is_done_once_aws_is_done(operation: Operation) -> None:
    journal = following(operation, CREATE)
    journal.start([CREATE], now=NOW)
    journal.follow(Plan(underway=((ROLE, Waiting("CREATING", ROLE)),)), busy=(), now=NOW)
    assert (step().status, step().waiting_for) == ("running", "CREATING")
    journal.follow(Plan(), busy={ROLE}, now=NOW)
    assert step().status == "running"
    journal.follow(Plan(), busy=(), now=NOW + 5)
    assert (step().status, step().waiting_for, step().finished_at) == ("succeeded", "", moment(NOW + 5))


def test_what_could_not_be_looked_at_is_not_called_done(operation: Operation) -> None:
    journal = following(operation, CREATE)
    journal.start([CREATE], now=NOW)
    journal.follow(Plan(problems=(Problem(ROLE, "unobserved", "", ""),)), busy=(), now=NOW)
    assert (step().status, step().waiting_for) == ("running", "")


def test_a_change_that_turned_out_not_to_be_needed_is_no_step(operation: Operation) -> None:
    """What was known after apply is the same as before."""
    journal = following(operation, CREATE, UPDATE)
    journal.follow(Plan((CREATE,)), busy=(), now=NOW)
    assert [s.kind for s in Step.objects.all()] == ["iam_role"]
    assert Journal(operation).steps.keys() == journal.steps.keys() == {(ROLE, "create")}


def test_an_update_of_several_calls_is_one_step(operation: Operation) -> None:
    update = Change(ROLE, Action.UPDATE, "differs in a")
    journal = following(operation, update)
    for _ in range(2):
        journal.start([update], now=NOW)
        journal.succeed([update], now=NOW)
        journal.follow(Plan((update,)), busy=(), now=NOW)
    assert (step().status, step().attempts, step().finished_at) == ("running", 2, None)


def test_a_failed_try_is_an_attempt_and_tells_its_error(operation: Operation) -> None:
    journal = following(operation, CREATE)
    journal.start([CREATE], now=NOW)
    journal.note(CREATE, Transient("slow down", code="Throttling", mend="wait"), waiting=False)
    assert (step().status, step().attempts) == ("running", 1)
    assert (step().error_code, step().error, step().mend) == ("Throttling", "slow down", "wait")
    journal.succeed([CREATE], now=NOW)
    assert (step().attempts, step().error_code, step().error, step().mend) == (2, "", "", "")


def test_waiting_is_no_attempt(operation: Operation) -> None:
    journal = following(operation, CREATE)
    journal.note(CREATE, Transient("the role is not assumable yet"), waiting=True)
    assert (step().attempts, step().waiting_for, step().error) == (0, "the role is not assumable yet", "")


def test_what_a_person_must_mend_is_not_tried_again_in_this_operation(operation: Operation) -> None:
    journal = following(operation, CREATE, UPDATE)
    journal.fail(ROLE, Action.CREATE, code="AccessDenied", message="no", mend="allow it", now=NOW)
    assert (step().status, step().attempts, step().finished_at) == ("failed", 1, moment(NOW))
    assert (step().error_code, step().error, step().mend) == ("AccessDenied", "no", "allow it")
    again = Journal(operation)
    assert again.refuses(CREATE)
    assert not again.refuses(UPDATE)
    assert again.refused == {ROLE}
    assert [s.name for s in again.failed()] == ["service"]


def test_a_failure_belongs_to_the_step_that_its_resource_has(operation: Operation) -> None:
    journal = following(operation, UPDATE)
    journal.fail(TABLE, Action.CREATE, code="gave_up", message="", mend="", now=NOW)
    assert [(s.action, s.status) for s in Step.objects.all()] == [("update", "failed")]


def test_a_failure_of_what_had_no_step_makes_one(operation: Operation) -> None:
    Journal(operation).fail(ROLE, Action.CREATE, code="gave_up", message="still CREATING", mend="look", now=NOW)
    assert (step().status, step().error, step().started_at) == ("failed", "still CREATING", moment(NOW))


def test_what_never_began_is_cancelled_when_the_operation_ends(operation: Operation) -> None:
    journal = following(operation, CREATE, UPDATE)
    journal.start([CREATE], now=NOW)
    journal.succeed([CREATE], now=NOW)
    Journal(operation).close(now=NOW + 1)
    assert {s.kind: (s.status, s.finished_at) for s in Step.objects.all()} == {
        "iam_role": ("succeeded", moment(NOW)),
        "dynamodb_table": ("cancelled", moment(NOW + 1)),
    }


def test_what_has_no_step_was_never_tried(operation: Operation) -> None:
    assert Journal(operation).attempts(CREATE) == 0
    assert not Journal(operation).refuses(CREATE)
