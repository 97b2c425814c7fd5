"""A step that can't be done is left out, with a reason; the rest comes to its end, and a plan goes on showing it."""

from __future__ import annotations

import pytest

from audit.models import Entry
from deployments.actions.actor import Actor
from deployments.actions.deploy import Deploy
from deployments.actions.refused import ActionRefused
from deployments.actions.retry import Retry
from deployments.actions.skip import Skip
from deployments.apply import Failed, Succeeded
from deployments.models import Operation, Stack, Step
from deployments.providers.errors import Refused
from deployments.providers.memory import Memory
from deployments.worlds import installation
from tests import builders
from tests.deployments.worlds import Clock, look

pytestmark = pytest.mark.django_db

WHY = "the quota there is raised next week"


@pytest.fixture
def world() -> Memory:
    """It refuses every table in the second region."""
    made = Memory(owner=str(installation().pk))
    begun = []

    def refuses(when: str, call: str) -> None:
        if (when, call) == ("before", "create dynamodb_table"):
            begun.append(call)
            if len(begun) > 1:
                raise Refused("no more tables", code="LimitExceededException", mend="Ask AWS for more.")

    made.chaos = refuses
    return made


@pytest.fixture
def failed(world: Memory) -> Operation:
    builders.account()
    operation = Deploy(builders.service(), builders.COMMAND).execute()
    assert isinstance(look(operation.stack, world, Clock()), Failed)
    operation.refresh_from_db()
    return operation


def step_of(operation: Operation) -> Step:
    return operation.steps.get(scope="eu-central-1")


def code(act: Skip) -> str:
    with pytest.raises(ActionRefused) as refused:
        act.execute()
    return refused.value.code


def test_of_a_failed_operation_a_new_one_goes_on_without_it(failed: Operation, world: Memory) -> None:
    again = Skip(failed, step_of(failed), builders.COMMAND, WHY).execute()

    ref = "ledger/dynamodb_table/eu-central-1/entries"
    assert again.skips == [{"ref": ref, "action": "create", "reason": WHY, "by": "command"}]
    assert (again.verb, again.release, again.title) == (failed.verb, failed.release, failed.title)
    assert isinstance(look(again.stack, world, Clock()), Succeeded)
    again.refresh_from_db()
    stack = Stack.objects.get()
    assert (again.status, step_of(again).status, stack.converged) == ("succeeded", "skipped", False)


def test_of_an_open_one_it_goes_on_itself(failed: Operation, world: Memory) -> None:
    again = Retry(failed, builders.COMMAND).execute()
    step = Step.objects.create(
        operation=again,
        position=0,
        kind="dynamodb_table",
        scope="eu-central-1",
        name="entries",
        action="create",
        status="failed",
        error="no more tables",
    )

    assert Skip(again, step, builders.COMMAND, WHY).execute() == again

    assert isinstance(look(again.stack, world, Clock()), Succeeded)
    step.refresh_from_db()
    assert step.status == "skipped"


def test_what_was_skipped_before_stays_skipped(failed: Operation) -> None:
    step = step_of(failed)
    again = Skip(failed, step, builders.COMMAND, WHY).execute()
    Operation.objects.filter(pk=again.pk).update(status="failed")
    again.refresh_from_db()
    other = Step.objects.create(
        operation=again,
        position=0,
        kind="iam_role",
        scope="us-west-2",
        name="service",
        action="create",
        status="failed",
    )

    third = Skip(again, other, builders.COMMAND, "and this").execute()

    assert [skip["reason"] for skip in third.skips] == [WHY, "and this"]


def test_it_is_on_the_audit_log(failed: Operation) -> None:
    again = Skip(failed, step_of(failed), builders.COMMAND, WHY).execute()
    entry = Entry.objects.get(action="step.skipped")
    assert (entry.name, entry.service) == ("create ledger/dynamodb_table/eu-central-1/entries", "ledger")
    assert entry.details == {"reason": WHY, "operation": again.pk, "error": "no more tables"}


@pytest.mark.parametrize("status", ["succeeded", "cancelled", "skipped"])
def test_what_is_done_with_can_not_be_skipped(failed: Operation, status: str) -> None:
    step = step_of(failed)
    step.status = status
    step.save()
    assert code(Skip(failed, step, builders.COMMAND, WHY)) == "step_not_stuck"


def test_a_step_of_another_operation_can_not_be_skipped(failed: Operation) -> None:
    again = Retry(failed, builders.COMMAND).execute()
    assert code(Skip(again, step_of(failed), builders.COMMAND, WHY)) == "step_not_stuck"


def test_only_of_the_newest_operation(failed: Operation) -> None:
    Operation.objects.filter(pk=Retry(failed, builders.COMMAND).execute().pk).update(status="failed")
    assert code(Skip(failed, step_of(failed), builders.COMMAND, WHY)) == "operation_superseded"


def test_a_reason_is_needed(failed: Operation) -> None:
    assert code(Skip(failed, step_of(failed), builders.COMMAND, "")) == "reason_missing"


def test_a_viewer_may_not(failed: Operation) -> None:
    assert code(Skip(failed, step_of(failed), Actor(builders.viewer(), "api"), WHY)) == "permission_denied"
