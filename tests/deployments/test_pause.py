"""The stop button and skipped steps: what an operation does not do, how it tells so, and how it goes on."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from deployments import models, reconcile
from deployments.actions.actor import Actor
from deployments.actions.pause import Pause, Resume
from deployments.actions.refused import ActionRefused
from deployments.apply import Cancelled, Failed, Later, Succeeded
from deployments.models import Operation, Stack, Step
from deployments.pauses import standing
from deployments.plan.model import Ref
from deployments.providers.errors import Refused
from deployments.providers.memory import Memory
from regions.models import Endpoint, Status
from tests import builders
from tests.deployments.test_apply import CENTRAL, WEST, Deployer, Trouble, function, served, service, statuses, table
from tests.deployments.worlds import approve

pytestmark = pytest.mark.django_db


def press(stack: Stack | None, reason: str = "Route 53 misbehaves") -> models.Pause:
    return models.Pause.objects.create(stack=stack, reason=reason)


# -- the engine


@pytest.mark.parametrize("of_all", [True, False])
def test_a_paused_stack_is_not_even_looked_at(of_all: bool) -> None:
    deployer, calls = Deployer(), list[str]()
    deployer.world.chaos = lambda when, call: calls.append(call)
    press(None if of_all else deployer.stack)
    outcome = deployer.deploy(service(table()))
    assert isinstance(outcome, Later)
    assert calls == []
    assert Operation.objects.get().status == "queued"

    models.Pause.objects.all().delete()
    assert deployer.look() == Succeeded()


def test_a_pause_in_the_middle_lets_what_runs_end_and_begins_nothing() -> None:
    """Its worker gives the lease back; a look after the resume goes on from there, nothing twice."""
    deployer = Deployer(Memory(delay=lambda ref: 2))

    def pause(when: str, call: str) -> None:
        if (when, call) == ("after", "create iam_role") and not models.Pause.objects.exists():
            press(None)

    deployer.world.chaos = pause
    assert isinstance(deployer.deploy(service(function())), Later)
    made = deployer.done("create")
    assert f"create kv/lambda_function/{WEST}/get" not in made
    assert Operation.objects.get().status == "running"
    assert all(
        "paused by a command: Route 53 misbehaves" in s.waiting_for for s in Step.objects.filter(status="waiting")
    )
    assert Step.objects.filter(status="waiting").exists()

    assert isinstance(deployer.look(), Later)
    assert deployer.done("create") == made

    deployer.world.chaos = lambda when, call: None
    models.Pause.objects.all().delete()
    assert deployer.look() == Succeeded()
    assert len(deployer.done("create")) == len(set(deployer.done("create")))


def test_a_paused_operation_can_be_cancelled() -> None:
    deployer = Deployer()
    press(deployer.stack)
    approve(deployer.stack, service(table()))
    deployer.look()
    Operation.objects.update(cancel_requested=True)
    Stack.objects.update(next_look_at=timezone.now())
    assert reconcile.due_stacks() == [deployer.stack.pk]
    assert deployer.look() == Cancelled()
    assert deployer.done() == []


def test_beat_leaves_what_is_paused_alone() -> None:
    deployer = Deployer()
    approve(deployer.stack, service(table()))
    Stack.objects.update(next_look_at=timezone.now())
    for stack in (deployer.stack, None):
        held = press(stack)
        assert reconcile.due_stacks() == []
        held.delete()
    assert reconcile.due_stacks() == [deployer.stack.pk]


# -- the actions


@pytest.fixture
def stack() -> Stack:
    builders.account()
    return builders.deployed(builders.service())


@pytest.mark.parametrize("of_all", [True, False])
def test_pressing_twice_and_letting_go_twice_changes_nothing_more(stack: Stack, of_all: bool) -> None:
    about = None if of_all else stack.service
    first = Pause(about, builders.COMMAND, "first").execute()
    assert Pause(about, builders.COMMAND, "second").execute() == first
    held = standing(stack)
    assert held is not None
    assert (held.pk, held.reason) == (first.pk, "first")
    assert [Resume(about, builders.COMMAND).execute() for _ in range(2)] == [True, False]
    assert standing(stack) is None


def test_resuming_everything_leaves_a_service_s_own_pause(stack: Stack) -> None:
    Pause(None, builders.COMMAND).execute()
    Pause(stack.service, builders.COMMAND, "its own").execute()
    Resume(None, builders.COMMAND).execute()
    held = standing(stack)
    assert held is not None
    assert held.reason == "its own"


def test_resuming_wakes_what_waits(stack: Stack) -> None:
    Operation.objects.create(stack=stack, verb="deploy", title="Deploy keyvalue r2")
    Pause(None, builders.COMMAND).execute()
    Stack.objects.update(next_look_at=None)
    Resume(None, builders.COMMAND).execute()
    stack.refresh_from_db()
    assert stack.next_look_at is not None
    assert reconcile.due_stacks() == [stack.pk]


def test_a_service_that_was_never_deployed_can_be_paused() -> None:
    builders.account()
    draft = builders.service()
    assert Resume(draft, builders.COMMAND).execute() is False
    assert Pause(draft, builders.COMMAND).execute().stack is not None


def test_who_may_not_operate_is_refused(stack: Stack) -> None:
    actor = Actor(builders.viewer(), "page")
    for about in (stack.service, None):
        for action in (Pause(about, actor), Resume(about, actor)):
            with pytest.raises(ActionRefused) as refused:
                action.execute()
            assert refused.value.status == 403
    assert not models.Pause.objects.exists()


def test_a_reason_that_nobody_reads_is_refused(stack: Stack) -> None:
    with pytest.raises(ActionRefused) as refused:
        Pause(None, builders.COMMAND, "x" * 301).execute()
    assert (refused.value.status, refused.value.code) == (400, "reason_too_long")


# -- skipped steps


def skip(kind: str, action: str = "create", scope: str = WEST, name: str = "get") -> None:
    operation = Operation.objects.latest("id")
    said = {"ref": str(Ref("kv", kind, scope, name)), "action": action, "reason": "quota", "by": "alice"}
    operation.skips = [*operation.skips, said]
    operation.save(update_fields=["skips"])


def converged() -> bool:
    return Stack.objects.get().converged


def test_a_skipped_step_and_what_needs_it_are_left_out_and_the_operation_succeeds() -> None:
    deployer = Deployer()
    approve(deployer.stack, service(table(), function()))
    skip("log_group")
    outcome = deployer.look()
    assert isinstance(outcome, Succeeded)
    assert outcome.left_out == 4
    operation = Operation.objects.get()
    assert (operation.status, operation.mend) == (
        "succeeded",
        "Not done: 4, left out or in need of what is. Deploy again to do it.",
    )
    assert statuses() == {
        "create iam_role": "succeeded",
        "create dynamodb_table": "succeeded",
        "create log_group": "skipped",
        "create iam_role_policy": "skipped",
        "create lambda_function": "skipped",
        "create lambda_alias": "skipped",
    }
    assert Step.objects.get(kind="log_group").waiting_for == "left out by alice: quota"
    assert not converged()

    assert deployer.deploy(service(table(), function())) == Succeeded()
    assert converged()
    assert len(deployer.done("create")) == len(set(deployer.done("create"))) == 6


def test_a_step_that_failed_is_skipped_while_the_operation_runs() -> None:
    deployer = Deployer(Memory(delay=lambda ref: 3 if ref.kind == "dynamodb_table" else 0))
    refused = Trouble("create log_group", Refused("no more of them", code="LimitExceeded"), left=99)

    def chaos(when: str, call: str) -> None:
        failed = call == "observe dynamodb_table" and Step.objects.filter(status="failed").exists()
        if failed and not Operation.objects.get().skips:
            skip("log_group")
        refused(when, call)

    deployer.world.chaos = chaos
    outcome = deployer.deploy(service(table(), function()))
    assert isinstance(outcome, Succeeded)
    assert outcome.left_out == 4
    assert Step.objects.get(kind="log_group").status == "skipped"


def test_a_skip_does_not_hide_what_else_failed() -> None:
    deployer = Deployer()
    deployer.world.chaos = Trouble("create dynamodb_table", Refused("no", code="AccessDenied"), left=99)
    approve(deployer.stack, service(table(), function()))
    skip("log_group")
    outcome = deployer.look()
    assert isinstance(outcome, Failed)
    assert "dynamodb_table orders" in outcome.error
    assert not converged()


def test_later_regions_do_not_wait_for_an_update_that_was_left_out() -> None:
    deployer = Deployer()
    deployer.deployed(served(WEST, CENTRAL))
    Endpoint.objects.update(status=Status.UP)
    approve(deployer.stack, served(WEST, CENTRAL, memory_mb=256))
    skip("lambda_function", "update")
    outcome = deployer.look()
    assert isinstance(outcome, Succeeded)
    assert {line.split("/")[2] for line in deployer.done("update")} == {CENTRAL}


def test_what_never_becomes_ready_can_be_left_out() -> None:
    """A certificate that hangs: its step's create went through, and is not waited for any longer."""
    deployer = Deployer(Memory(delay=lambda ref: 10**6 if ref.kind == "dynamodb_table" else 0))
    approve(deployer.stack, service(table()))
    skip("dynamodb_table", name="orders")
    models.Operation.objects.update(skips=[])
    outcomes: list[Any] = []

    def sleep(seconds: float) -> None:
        deployer.clock.now += seconds
        if deployer.done("create") and not outcomes:
            outcomes.append(1)
            skip("dynamodb_table", name="orders")

    deployer.clock.sleep = sleep  # type: ignore[method-assign]
    outcome = deployer.look()
    assert outcome == Succeeded(left_out=1)
    assert Step.objects.get(kind="dynamodb_table").status == "skipped"
