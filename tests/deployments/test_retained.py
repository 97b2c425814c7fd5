"""Retained data: what it costs to keep, and how a person gets rid of it, or of its row."""

from __future__ import annotations

from decimal import Decimal

import pytest

from deployments.access import EVERYWHERE
from deployments.actions.abandon import Abandon
from deployments.actions.actor import Actor
from deployments.actions.deploy import Deploy
from deployments.actions.destroy import Destroy
from deployments.actions.destroy_retained import DestroyRetained
from deployments.actions.measure import Measure
from deployments.actions.refused import ActionRefused
from deployments.apply import Succeeded
from deployments.models import Operation, Resource, Service, Stack
from deployments.overview import inventory
from deployments.providers.errors import Transient
from deployments.providers.memory import Memory
from deployments.worlds import installation
from tests import builders
from tests.deployments.worlds import Clock, look

pytestmark = pytest.mark.django_db

GB = 10**9


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Memory:
    made = Memory(owner=str(installation().pk))
    monkeypatch.setattr("deployments.actions.measure.provider_of", lambda account: made)
    return made


@pytest.fixture
def stack(world: Memory) -> Stack:
    """What is left of a service that was destroyed without consent: its table, in two regions."""
    builders.account()
    service = builders.service()
    Deploy(service, builders.COMMAND).execute()
    stack = Stack.objects.get()
    assert isinstance(look(stack, world, Clock()), Succeeded)
    Destroy(service, builders.COMMAND).execute()
    assert isinstance(look(stack, world, Clock()), Succeeded)
    assert not Service.objects.exists()
    assert set(stack.resources.values_list("state", flat=True)) == {"retained"}
    stack.refresh_from_db()
    return stack


def code(act: DestroyRetained | Abandon) -> str:
    with pytest.raises(ActionRefused) as refused:
        act.execute()
    return refused.value.code


def regions(world: Memory) -> list[str]:
    return sorted(thing.ref.scope for thing in world.things.values())


def test_it_goes_where_its_name_was_typed_and_only_there(stack: Stack, world: Memory) -> None:
    """Also where the service itself is gone."""
    row = stack.resources.get(scope="us-west-2")

    operation = DestroyRetained(row, builders.COMMAND, "entries").execute()

    assert (operation.verb, operation.consent) == ("destroy_data", ["us-west-2/entries"])
    assert isinstance(look(stack, world, Clock()), Succeeded)
    assert regions(world) == ["eu-central-1"]
    assert [row.scope for row in stack.resources.all()] == ["eu-central-1"]


def test_a_service_that_lives_on_is_not_touched(world: Memory) -> None:
    """Its release stays, and so does all that it wants: only the region that it left is cleared."""
    builders.account()
    service = builders.service()
    Deploy(service, builders.COMMAND).execute()
    stack = Stack.objects.get()
    look(stack, world, Clock())
    draft = builders.service(builders.table_only("other"))
    draft.delete()
    service.placements.filter(region__code="eu-central-1").delete()
    Deploy(service, builders.COMMAND).execute()
    assert isinstance(look(stack, world, Clock()), Succeeded)
    row = stack.resources.get(state="retained")
    stack.refresh_from_db()
    release = stack.release

    DestroyRetained(row, builders.COMMAND, "entries").execute()

    assert isinstance(look(stack, world, Clock()), Succeeded)
    stack.refresh_from_db()
    assert (stack.release, stack.service, regions(world)) == (release, service, ["us-west-2"])


def test_another_name_is_no_consent(stack: Stack) -> None:
    row = stack.resources.get(scope="us-west-2")
    assert code(DestroyRetained(row, builders.COMMAND, "entrie")) == "mistyped"
    assert not Operation.objects.filter(verb="destroy_data").exists()


def test_what_is_in_use_is_not_destroyed(stack: Stack) -> None:
    row = stack.resources.get(scope="us-west-2")
    row.state = "live"
    row.save()
    assert code(DestroyRetained(row, builders.COMMAND, "entries")) == "not_retained"


def test_abandoned_it_stays_in_aws_and_nobody_knows_it(stack: Stack, world: Memory) -> None:
    Abandon(stack.resources.get(scope="us-west-2"), builders.COMMAND, "moves to another team").execute()
    assert regions(world) == ["eu-central-1", "us-west-2"]
    assert [row.scope for row in stack.resources.all()] == ["eu-central-1"]


def test_not_while_an_operation_is_open(stack: Stack) -> None:
    west, east = stack.resources.order_by("-scope")
    DestroyRetained(west, builders.COMMAND, "entries").execute()
    assert code(DestroyRetained(east, builders.COMMAND, "entries")) == "operation_open"
    assert code(Abandon(east, builders.COMMAND, "why not")) == "operation_open"


def test_abandoning_needs_a_reason(stack: Stack) -> None:
    assert code(Abandon(stack.resources.get(scope="us-west-2"), builders.COMMAND, " ")) == "reason_missing"


def test_a_viewer_may_do_neither(stack: Stack) -> None:
    row, viewer = stack.resources.get(scope="us-west-2"), Actor(builders.viewer(), "page")
    assert code(DestroyRetained(row, viewer, "entries")) == "permission_denied"
    assert code(Abandon(row, viewer, "why not")) == "permission_denied"
    with pytest.raises(ActionRefused) as refused:
        Measure(viewer).execute()
    assert refused.value.status == 403


def measured(world: Memory, monkeypatch: pytest.MonkeyPatch, size_bytes: int) -> None:
    monkeypatch.setattr(world, "facts", lambda target: {"size_bytes": size_bytes, "items": 3})
    assert Measure(builders.COMMAND).execute() == 2


def test_before_it_is_measured_nobody_knows_what_it_costs(stack: Stack) -> None:
    kept = inventory.retained(EVERYWHERE)
    assert [(row.measured_at, row.cost and row.cost.monthly_usd) for row in kept] == [(None, None)] * 2
    totals = inventory.totals(EVERYWHERE, kept)
    assert (totals.retained, totals.monthly_usd, totals.unknown) == (2, 0, 2)


def test_measured_it_has_a_cost_and_a_time(stack: Stack, world: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    measured(world, monkeypatch, 10 * GB)

    kept = inventory.retained(EVERYWHERE)

    assert [row.facts for row in kept] == [{"size_bytes": 10 * GB, "items": 3}] * 2
    assert all(row.measured_at is not None and row.gone for row in kept)
    costs = [row.cost.monthly_usd for row in kept if row.cost is not None and row.cost.monthly_usd is not None]
    assert len(costs) == 2
    assert all(cost > Decimal(1) for cost in costs)
    totals = inventory.totals(EVERYWHERE, kept)
    assert (totals.monthly_usd, totals.unknown) == (sum(costs), 0)


def test_the_dearest_comes_first(stack: Stack, world: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"us-west-2": 5 * GB, "eu-central-1": 7 * GB}
    monkeypatch.setattr(world, "facts", lambda target: {"size_bytes": sizes[target.ref.scope]})
    Measure(builders.COMMAND).execute()
    assert [row.region for row in inventory.retained(EVERYWHERE)] == ["eu-central-1", "us-west-2"]


def test_what_can_not_be_looked_at_keeps_what_was_known(
    stack: Stack, world: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(world, monkeypatch, 10 * GB)
    before = dict(Resource.objects.values_list("scope", "outputs"))

    def out(target: object) -> dict[str, int]:
        raise Transient("it does not answer", code="timeout")

    monkeypatch.setattr(world, "facts", out)
    with pytest.raises(ActionRefused) as refused:
        Measure(builders.COMMAND).execute()

    assert refused.value.status == 502
    assert dict(Resource.objects.values_list("scope", "outputs")) == before
