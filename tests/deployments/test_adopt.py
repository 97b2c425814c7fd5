"""Adopting: what stands in the way of a service is taken over by an explicit act, and never otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from audit.context import acting
from audit.models import Entry
from deployments.actions.abandon import Abandon
from deployments.actions.actor import Actor
from deployments.actions.adopt import Adopt
from deployments.actions.deploy import Deploy
from deployments.actions.destroy import Destroy
from deployments.actions.refused import ActionRefused
from deployments.apply import Failed, Succeeded
from deployments.models import Operation, Resource, Service, Stack
from deployments.plan.model import Difference, Ref
from deployments.providers.memory import Memory, Thing
from deployments.worlds import installation
from tests import builders
from tests.deployments.worlds import Clock, look

pytestmark = pytest.mark.django_db

HOME = Ref("ledger", "dynamodb_table", "us-west-2", "entries")
PARAMS = {"table_name": "ledger-entries", "key": [{"name": "id", "type": "S", "role": "HASH"}], "tags": {}}
WHY = "the table from before the move"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """Ours; in it stands a table that somebody made by hand, where the service wants one."""
    made = Memory(owner=str(installation().pk))
    by_hand = {**PARAMS, "tags": {"made-by": "hand"}}
    made.things["by-hand"] = Thing(HOME, "by-hand", by_hand, "", owner="")
    monkeypatch.setattr("deployments.actions.adopt.provider_of", lambda account: made)
    return made


@pytest.fixture
def ledger() -> Service:
    builders.account()
    return builders.service()


def adopt(service: Service, **changes: Any) -> Adopt:
    fields = {"kind": HOME.kind, "region": HOME.scope, "name": HOME.name, "actor": builders.COMMAND, "reason": WHY}
    return Adopt(service, **{**fields, **changes})


def deployed(service: Service, world: Memory, **consent: Any) -> object:
    Deploy(service, builders.COMMAND, **consent).execute()
    return look(Stack.objects.get(), world, Clock())


def code(act: Adopt) -> str:
    with pytest.raises(ActionRefused) as refused:
        act.execute()
    assert not Resource.objects.filter(state="adopted").exists()
    return refused.value.code


def test_before_it_a_deploy_leaves_the_namesake_alone(ledger: Service, world: Memory) -> None:
    assert isinstance(deployed(ledger, world), Failed)
    assert (world.things["by-hand"].owner, world.things["by-hand"].params["tags"]) == ("", {"made-by": "hand"})


def test_the_preview_shows_what_a_deploy_would_change_and_changes_nothing(ledger: Service, world: Memory) -> None:
    standing = adopt(ledger).check()

    assert standing.differences == (
        Difference("tags.antipode:ref", None, str(HOME)),
        Difference("tags.made-by", "hand", None),
    )
    assert not Resource.objects.exists()


def test_adopted_it_is_brought_to_what_is_wanted_and_marked(ledger: Service, world: Memory) -> None:
    row = adopt(ledger).execute()
    assert (row.state, row.physical_id, row.ref) == ("adopted", "by-hand", HOME)
    assert world.history == [], "adopting changes nothing in AWS"

    assert isinstance(deployed(ledger, world), Succeeded)

    row.refresh_from_db()
    thing = world.things["by-hand"]
    assert (row.state, row.physical_id) == ("live", "by-hand")
    assert (thing.owner, thing.params) == (world.owner, PARAMS)
    assert [line for line in world.history if "us-west-2" in line] == [f"update {HOME}"]


def test_adopted_after_a_deploy_has_failed_at_it(ledger: Service, world: Memory) -> None:
    """Its row is there already: it was about to be created."""
    assert isinstance(deployed(ledger, world), Failed)
    adopt(ledger).execute()
    assert isinstance(deployed(ledger, world), Succeeded)
    assert Resource.objects.get(scope="us-west-2").physical_id == "by-hand"


def test_then_it_goes_with_the_service_as_what_we_made(ledger: Service, world: Memory) -> None:
    adopt(ledger).execute()
    deployed(ledger, world)
    Destroy(ledger, builders.COMMAND, ["entries"]).execute()
    assert isinstance(look(Stack.objects.get(), world, Clock()), Succeeded)
    assert world.things == {}


def test_adopted_and_never_taken_in_use_it_survives_the_service(ledger: Service, world: Memory) -> None:
    """It never carried our mark, so it is not ours to delete, whatever anybody consents to."""
    adopt(ledger).execute()
    Destroy(ledger, builders.COMMAND, ["entries"]).execute()
    assert isinstance(look(Stack.objects.get(), world, Clock()), Succeeded)
    assert list(world.things) == ["by-hand"]
    assert not Resource.objects.exists()


def test_abandoned_it_is_a_namesake_again(ledger: Service, world: Memory) -> None:
    row = adopt(ledger).execute()
    Abandon(row, builders.COMMAND, "the wrong one").execute()
    assert not Resource.objects.exists()
    assert isinstance(deployed(ledger, world), Failed)
    assert list(world.things) == ["by-hand", *(name for name in world.things if name != "by-hand")]


def test_it_is_on_the_audit_log(ledger: Service, world: Memory) -> None:
    with acting("command", actor="alice"):
        row = adopt(ledger).execute()
        Abandon(row, builders.COMMAND, "the wrong one").execute()
    adopted, abandoned, forgotten = (
        Entry.objects.get(action=f"resource.{verb}") for verb in ("adopted", "abandoned", "forgotten")
    )
    assert (adopted.service, adopted.account, adopted.actor) == ("ledger", "demo", "alice")
    assert adopted.details == {"reason": WHY, "mark": None}
    assert abandoned.details == {"reason": "the wrong one", "physical_id": "by-hand", "state": "adopted"}
    assert forgotten.details["reason"] == "the wrong one"


def test_another_installations_is_taken_only_by_naming_that(ledger: Service, world: Memory) -> None:
    world.things["by-hand"].owner = "them"
    assert code(adopt(ledger)) == "foreign_installation"
    assert code(adopt(ledger, from_installation="others")) == "foreign_installation"
    adopt(ledger, from_installation="them").execute()
    assert isinstance(deployed(ledger, world), Succeeded)
    assert world.things["by-hand"].owner == world.owner


def test_that_of_another_service_of_ours_is_never_taken(ledger: Service, world: Memory) -> None:
    world.observe = lambda targets: {  # type: ignore[method-assign,assignment]  # marked as another ref of ours
        target.ref: _marked(Memory.observe(world, [target])[target.ref], world.owner) for target in targets
    }
    assert code(adopt(ledger)) == "held_by_another"


def _marked(seen: Any, owner: str) -> Any:
    from dataclasses import replace

    from deployments.plan.model import Mark

    return replace(seen, ours=False, mark=Mark(owner, "books/dynamodb_table/us-west-2/entries"))


def test_what_another_service_has_in_its_inventory_is_never_taken(ledger: Service, world: Memory) -> None:
    stack = Stack.objects.create(name="books", account=ledger.account)
    Resource.objects.create(
        stack=stack, kind=HOME.kind, scope=HOME.scope, name="entries", state="live", physical_id="by-hand"
    )
    assert code(adopt(ledger)) == "held_by_another"


def test_what_can_never_become_what_is_wanted_is_refused(ledger: Service, world: Memory) -> None:
    world.things["by-hand"].params["key"] = [{"name": "other", "type": "N", "role": "HASH"}]
    assert code(adopt(ledger)) == "fixed"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "nothing"}, "not_desired"),
        ({"region": "ap-southeast-1"}, "not_desired"),
        ({"region": "eu-central-1"}, "nothing_there"),
        ({"physical_id": "another"}, "nothing_there"),
        ({"reason": "  "}, "reason_missing"),
        ({"reason": "x" * 301}, "reason_too_long"),
    ],
)
def test_refused(ledger: Service, world: Memory, changes: dict[str, Any], expected: str) -> None:
    assert code(adopt(ledger, **changes)) == expected


def test_not_while_aws_is_at_work_on_it(ledger: Service, world: Memory) -> None:
    world.things["by-hand"].not_ready = 3
    assert code(adopt(ledger)) == "at_work"


def test_not_where_nobody_can_look(ledger: Service, world: Memory) -> None:
    world.out = {"us-west-2"}
    assert code(adopt(ledger)) == "unobserved"


def test_not_while_an_operation_is_open(ledger: Service, world: Memory) -> None:
    Deploy(ledger, builders.COMMAND).execute()
    assert code(adopt(ledger)) == "operation_open"


def test_not_twice(ledger: Service, world: Memory) -> None:
    adopt(ledger).execute()
    with pytest.raises(ActionRefused) as refused:
        adopt(ledger).execute()
    assert refused.value.code == "already_ours"


def test_a_viewer_may_neither_look_nor_adopt(ledger: Service, world: Memory) -> None:
    act = adopt(ledger, actor=Actor(builders.viewer(), "api"))
    for attempt in (act.check, act.execute):
        with pytest.raises(ActionRefused) as refused:
            attempt()
        assert refused.value.status == 403
    assert not Operation.objects.exists()
