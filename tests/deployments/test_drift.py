"""Drift: found, told, mended where that may be, and never in anybody's way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from deployments import drift, models
from deployments.actions import check_drift
from deployments.actions.actor import Actor
from deployments.actions.cancel import Cancel
from deployments.actions.check_drift import BEAT, CheckDrift, Checked
from deployments.actions.deploy import Deploy
from deployments.actions.operations import begin
from deployments.actions.refused import ActionRefused
from deployments.actions.repair import Repair
from deployments.apply import Cancelled, Failed, Succeeded
from deployments.models import Drift, Operation, Service, Stack, Step
from deployments.plan.model import Ref
from deployments.plan.repair import EMPTY
from deployments.providers.errors import Refused, Transient
from deployments.providers.memory import Memory
from tests import builders
from tests.deployments.test_apply import CENTRAL, HOSTNAME, WEST, Deployer, Trouble, function, served, service, table

pytestmark = pytest.mark.django_db


@pytest.fixture
def deployer(monkeypatch: pytest.MonkeyPatch) -> Deployer:
    made = Deployer()
    monkeypatch.setattr(check_drift, "provider_for", lambda stack: made.world)
    return made


def check(deployer: Deployer) -> Checked:
    return check_drift.look(deployer.stack.pk, BEAT)


def lose(world: Memory, kind: str, scope: str = WEST) -> None:
    """Somebody deletes it behind our back."""
    world.things = {
        key: thing for key, thing in world.things.items() if (thing.ref.kind, thing.ref.scope) != (kind, scope)
    }


def found() -> dict[str, tuple[str, str]]:
    """kind → (state, what it waits for)"""
    return {row.kind: (row.state, row.waits_for) for row in Drift.objects.order_by("id")}


def reporting(manifest: dict[str, Any]) -> dict[str, Any]:
    return {**manifest, "safety": {**manifest["safety"], "repair": "report"}}


# -- finding and mending


def test_what_is_as_released_is_told_so(deployer: Deployer) -> None:
    deployer.deployed(service(table(), function()))
    Stack.objects.update(drift_checked_at=None)
    assert check(deployer) == Checked(counts=True)
    deployer.stack.refresh_from_db()
    assert deployer.stack.drift_checked_at is not None
    assert (deployer.stack.drift_error, found()) == ("", {})


def test_what_somebody_deleted_is_made_again(deployer: Deployer) -> None:
    deployer.deployed(served(WEST, CENTRAL))
    lose(deployer.world, "route53_health_check", "global")
    checked = check(deployer)
    assert checked.repair is not None
    assert (checked.repair.verb, checked.repair.title) == ("repair", "Repair kv: 4 resources")
    assert (checked.repair.requested_by, checked.repair.requested_via) == (None, "drift")
    assert found() == dict.fromkeys(("route53_health_check", "route53_calculated_check"), ("found", ""))

    assert deployer.look() == Succeeded()
    made = [Ref.parse(line.split(" ", 1)[1]) for line in deployer.done("create")]
    assert [ref.kind for ref in made] == ["route53_health_check"] * 2
    assert {ref.name.split(" ")[0] for ref in made} == {WEST, CENTRAL}
    assert {(row.state, row.operation_id) for row in Drift.objects.all()} == {("repaired", checked.repair.pk)}
    assert all(row.ended_at for row in Drift.objects.all())
    deployer.stack.refresh_from_db()
    assert deployer.stack.converged
    assert check(deployer) == Checked(counts=True)


def test_a_record_that_somebody_deleted_or_changed_is_set_right(deployer: Deployer) -> None:
    deployer.deployed(served(WEST, CENTRAL))
    before = dict(deployer.world.records)
    changed, gone = (HOSTNAME, "A", WEST), (HOSTNAME, "AAAA", CENTRAL)
    deployer.world.records[changed] = {**before[changed], "policy": {"region": "elsewhere"}}
    del deployer.world.records[gone]
    assert check(deployer).repair is not None
    assert {row.name: row.action for row in Drift.objects.all()} == {
        f"{HOSTNAME} A {WEST}": "update",
        f"{HOSTNAME} AAAA {CENTRAL}": "create",
    }
    assert deployer.look() == Succeeded()
    assert deployer.world.records == before


def test_a_lost_replica_of_a_table_is_copied_and_a_lost_table_is_a_person_s(deployer: Deployer) -> None:
    deployer.deployed(service(table(), regions=(WEST, CENTRAL)))
    lose(deployer.world, "dynamodb_table", CENTRAL)
    assert check(deployer).repair is not None
    assert deployer.look() == Succeeded()

    for region in (WEST, CENTRAL):
        lose(deployer.world, "dynamodb_table", region)
    deployer.world.history.clear()
    assert check(deployer) == Checked(counts=True)
    assert found() == {"dynamodb_table": ("found", EMPTY)}
    assert deployer.done() == []


def test_a_repair_does_what_it_may_and_leaves_the_rest_to_a_person(deployer: Deployer) -> None:
    deployer.deployed(service(table(), function()))
    lose(deployer.world, "dynamodb_table")
    lose(deployer.world, "log_group")
    checked = check(deployer)
    assert checked.repair is not None
    assert checked.repair.title == "Repair kv: 1 resource"
    outcome = deployer.look()
    assert isinstance(outcome, Succeeded)
    assert outcome.left_out > 0
    assert deployer.done("create") == [f"create kv/log_group/{WEST}/get"]
    assert {row.kind: row.state for row in Drift.objects.all()} == {"dynamodb_table": "found", "log_group": "repaired"}


def test_a_foreign_namesake_is_never_touched(deployer: Deployer) -> None:
    deployer.deployed(service(table(), function()))
    thing = next(t for t in deployer.world.things.values() if t.ref.kind == "log_group")
    thing.owner, thing.params = "them", {"theirs": True}
    assert check(deployer) == Checked(counts=True)
    [row] = Drift.objects.all()
    assert (row.kind, row.action, row.state) == ("log_group", "", "found")
    assert row.waits_for
    assert (thing.params, deployer.done()) == ({"theirs": True}, [])


def test_report_only_reports(deployer: Deployer) -> None:
    deployer.deployed(reporting(service(function())))
    lose(deployer.world, "log_group")
    assert check(deployer) == Checked(counts=True)
    assert found() == {"log_group": ("found", "safety.repair is report")}


def test_after_a_failed_operation_it_only_reports(deployer: Deployer) -> None:
    deployer.deployed(service(function()))
    deployer.world.chaos = Trouble("update lambda_function", Refused("no", code="AccessDenied"), left=99)
    assert isinstance(deployer.deploy(service(function(memory_mb=256))), Failed)
    deployer.world.chaos = lambda when, call: None
    assert check(deployer) == Checked(counts=True)
    assert found()["lambda_function"] == ("found", drift.UNFINISHED)


def test_while_paused_it_is_looked_for_and_not_mended(deployer: Deployer) -> None:
    deployer.deployed(service(function()))
    pause = models.Pause.objects.create(stack=None, reason="a quiet night")
    lose(deployer.world, "log_group")
    assert check(deployer) == Checked(counts=True)
    assert found() == {"log_group": ("found", "paused by a command: a quiet night")}
    pause.delete()
    assert check(deployer).repair is not None
    assert found() == {"log_group": ("found", "")}


# -- telling


def test_what_is_found_again_keeps_its_time_and_what_is_gone_by_itself_vanishes(deployer: Deployer) -> None:
    deployer.deployed(reporting(service(function())))
    group = next(t for t in deployer.world.things.values() if t.ref.kind == "log_group")
    group.params["retention_d"] = 1
    check(deployer)
    first = Drift.objects.get()
    check(deployer)
    again = Drift.objects.get()
    assert (again.found_at, again.seen_at > first.seen_at) == (first.found_at, True)
    assert again.diff == [{"path": "retention_d", "before": 1, "after": 30}]
    group.params["retention_d"] = 30
    check(deployer)
    assert Drift.objects.get().state == "vanished"


def test_a_region_that_can_not_be_looked_at_is_unknown_not_drift(deployer: Deployer) -> None:
    """What was found there before stays found."""
    deployer.deployed(reporting(service(function(), regions=(WEST, CENTRAL))))
    lose(deployer.world, "log_group", CENTRAL)
    check(deployer)
    lose(deployer.world, "log_group", WEST)
    deployer.world.out = {CENTRAL}
    check(deployer)
    assert {(row.scope, row.state) for row in Drift.objects.all()} == {(CENTRAL, "found"), (WEST, "found")}
    deployer.stack.refresh_from_db()
    assert deployer.stack.drift_error == f"{CENTRAL} does not answer"


def test_what_is_read_while_something_begins_does_not_count(deployer: Deployer) -> None:
    deployer.deployed(service(function()))
    lose(deployer.world, "log_group")

    def deploy_meanwhile(when: str, call: str) -> None:
        if not Operation.objects.filter(status="queued").exists():
            Operation.objects.create(stack=deployer.stack, verb="deploy", title="Deploy kv r2")

    deployer.world.chaos = deploy_meanwhile
    assert check(deployer) == Checked(counts=False)
    assert found() == {}


def test_what_a_deploy_sets_right_is_repaired_by_it_and_what_it_gives_up_vanishes(deployer: Deployer) -> None:
    deployer.deployed(reporting(service(function(), table())))
    lose(deployer.world, "log_group")
    lose(deployer.world, "dynamodb_table")
    check(deployer)
    assert deployer.deploy(reporting(service(function()))) == Succeeded()
    states = {row.kind: row.state for row in Drift.objects.all()}
    assert states == {"log_group": "repaired", "dynamodb_table": "vanished"}


# -- whose turn it is


def test_a_deploy_takes_the_place_of_a_repair(deployer: Deployer) -> None:
    """Queued or running: nobody is told to wait, and one worker goes on with both."""
    deployer.deployed(service(function()))
    lose(deployer.world, "log_group")
    repair = check(deployer).repair
    assert repair is not None

    def meanwhile(when: str, call: str) -> None:
        if (when, call) == ("after", "create log_group"):
            deployer.world.chaos = lambda when, call: None
            stack = Stack.objects.get(pk=deployer.stack.pk)
            begin(stack, verb="deploy", title="Deploy kv r1", release=stack.release, consent=(), actor=builders.COMMAND)

    deployer.world.chaos = meanwhile
    assert deployer.look() == Succeeded()
    assert list(Operation.objects.order_by("id").values_list("verb", "status"))[-2:] == [
        ("repair", "cancelled"),
        ("deploy", "succeeded"),
    ]
    repair.refresh_from_db()
    assert repair.mend == '"Deploy kv r1" took its place.'
    assert not Step.objects.filter(operation=repair, status__in=["waiting", "running"]).exists()


def test_a_repair_that_was_cancelled_by_a_person_is_not_begun_again(deployer: Deployer) -> None:
    deployer.deployed(service(function()))
    lose(deployer.world, "log_group")
    check(deployer)
    Operation.objects.filter(verb="repair").update(cancel_requested=True)
    assert deployer.look() == Cancelled()
    assert check(deployer) == Checked(counts=True)
    assert found() == {"log_group": ("found", drift.UNFINISHED)}


def test_a_queued_repair_that_was_cancelled_by_a_person_is_not_begun_again(deployer: Deployer) -> None:
    deployer.deployed(service(function()))
    lose(deployer.world, "log_group")
    repair = check(deployer).repair
    assert repair is not None
    assert Cancel(repair, builders.COMMAND).execute().status == "cancelled"
    assert check(deployer) == Checked(counts=True)


def test_a_worker_that_would_leave_goes_on_with_what_took_its_place(deployer: Deployer) -> None:
    """Else the deploy would wait until the time for which the repair wanted to be looked at again."""
    deployer.deployed(service(function()))
    lose(deployer.world, "log_group")
    check(deployer)

    def chaos(when: str, call: str) -> None:
        if (when, call) == ("before", "create log_group"):
            deployer.world.chaos = lambda when, call: None
            stack = Stack.objects.get(pk=deployer.stack.pk)
            begin(stack, verb="deploy", title="Deploy kv r1", release=stack.release, consent=(), actor=builders.COMMAND)
            raise Transient("not now", waiting=True, retry_after_s=60)

    deployer.world.chaos = chaos
    assert deployer.look() == Succeeded()
    assert Operation.objects.latest("id").status == "succeeded"


def test_a_repair_that_fails_is_tried_again_later_and_later(deployer: Deployer) -> None:
    deployer.deployed(service(function()))
    lose(deployer.world, "log_group")
    deployer.world.chaos = Trouble("create log_group", Refused("no", code="AccessDenied"), left=99)
    repair = check(deployer).repair
    assert repair is not None
    assert isinstance(deployer.look(), Failed)
    assert check(deployer) == Checked(counts=True)
    assert found()["log_group"][1].startswith(f"operation {repair.pk} could not repair it; tried again at ")

    Operation.objects.filter(pk=repair.pk).update(finished_at=timezone.now() - timedelta(hours=1))
    assert check(deployer).repair is not None


@pytest.mark.parametrize(
    ("failures", "intervals"), [(0, None), (1, 1), (2, 2), (3, 4), (11, 288)], ids=lambda value: str(value)
)
def test_patience_doubles_up_to_a_day(failures: int, intervals: int | None) -> None:
    ended, interval = timezone.now(), timedelta(minutes=5)
    failed = [Operation(verb="repair", status="failed", finished_at=ended) for _ in range(failures)]
    newest_first = [*failed, Operation(verb="deploy", status="succeeded"), Operation(verb="repair", status="failed")]
    expected = None if intervals is None else ended + intervals * interval
    assert drift.patience(newest_first, interval) == expected


# -- when


def test_each_deployed_stack_is_given_to_one_caller_and_due_again_within_the_interval(deployer: Deployer) -> None:
    deployer.deployed(service(function()))
    now = timezone.now()
    Stack.objects.update(drift_due_at=now)
    assert drift.claim_due(now) == [deployer.stack.pk]
    assert drift.claim_due(now) == []
    deployer.stack.refresh_from_db()
    assert deployer.stack.drift_due_at is not None
    share = (deployer.stack.drift_due_at - now).total_seconds() / 300
    assert drift.CHECK_AT - drift.JITTER <= share <= drift.CHECK_AT


def test_what_is_not_deployed_or_has_an_open_operation_is_not_checked(deployer: Deployer) -> None:
    now = timezone.now()
    assert drift.claim_due(now) == []
    deployer.deployed(service(function()))
    Stack.objects.update(drift_due_at=None)
    opened = Operation.objects.create(stack=deployer.stack, verb="deploy", title="Deploy kv r2")
    assert drift.claim_due(now) == []
    opened.delete()
    assert drift.claim_due(now) == [deployer.stack.pk]


def test_a_fleet_that_is_due_at_once_is_not_checked_at_once(deployer: Deployer) -> None:
    deployer.deployed(service(function()))
    release = Stack.objects.get().release
    for number in range(200):
        Stack.objects.create(name=f"s{number}", account=deployer.stack.account, release=release)
    now = timezone.now()
    assert len(drift.claim_due(now)) <= 5


# -- doors


def test_checking_what_is_not_deployed_or_being_changed_is_refused() -> None:
    builders.account()
    draft = builders.service()
    for act in (CheckDrift(draft, builders.COMMAND), Repair(draft, builders.COMMAND)):
        with pytest.raises(ActionRefused) as refused:
            act.execute()
        assert (refused.value.status, refused.value.code) == (409, "not_deployed")
    Deploy(draft, builders.COMMAND).execute()
    with pytest.raises(ActionRefused) as refused:
        CheckDrift(draft, builders.COMMAND).execute()
    assert refused.value.code == "operation_open"


@pytest.mark.parametrize("act", [CheckDrift, Repair])
def test_a_viewer_may_neither_check_nor_repair(act: Callable[..., Any]) -> None:
    builders.account()
    stack = builders.deployed(builders.service())
    with pytest.raises(ActionRefused) as refused:
        act(stack.service, Actor(builders.viewer(), "api")).execute()
    assert refused.value.status == 403


def test_a_person_s_repair_deploys_the_same_release_again_and_does_all_of_it(deployer: Deployer) -> None:
    deployer.deployed(service(table()))
    draft = Service.objects.create(name="kv", account=deployer.stack.account)
    Stack.objects.update(service=draft)
    lose(deployer.world, "dynamodb_table")
    release = Stack.objects.get().release
    operation = Repair(draft, builders.COMMAND).execute()
    assert (operation.verb, operation.release, operation.title) == ("deploy", release, "Deploy kv r1 again")
    assert deployer.look() == Succeeded()
    assert [Ref.parse(line.split(" ")[1]).kind for line in deployer.done()] == ["dynamodb_table"]
