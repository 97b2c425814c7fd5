"""`manage.py adopt`, `take_over` and `inventory`: without a reason they only show."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from deployments.models import HostnameOwner, Resource
from deployments.providers.memory import Memory, Thing
from deployments.worlds import installation
from tests import builders
from tests.deployments.test_adopt import HOME, PARAMS

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Memory:
    made = Memory(owner=str(installation().pk))
    for verb in ("adopt", "take_over", "measure"):
        monkeypatch.setattr(f"deployments.actions.{verb}.provider_of", lambda account: made)
    builders.account()
    return made


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_adopt_shows_what_stands_there_and_acts_with_a_reason(world: Memory) -> None:
    builders.service()
    world.things["by-hand"] = Thing(HOME, "by-hand", {**PARAMS, "tags": {"made-by": "hand"}}, "", owner="")
    asked = ("adopt", "ledger", "dynamodb_table", "us-west-2", "entries")

    shown = said(*asked)
    assert "by-hand stands there, marked by nobody" in shown
    assert "a deploy changes tags.made-by: 'hand' -> None" in shown
    assert "nothing was done" in shown
    assert not Resource.objects.exists()

    assert "adopted as entries of ledger" in said(*asked, "--reason", "from before the move")
    assert Resource.objects.get().state == "adopted"


def test_adopt_tells_a_refusal_with_its_mend(world: Memory) -> None:
    builders.service()
    with pytest.raises(CommandError, match="stands there that ledger could adopt"):
        said("adopt", "ledger", "dynamodb_table", "us-west-2", "entries")


def test_take_over_shows_whose_it_is_and_acts_with_a_reason(world: Memory) -> None:
    builders.uploaded(builders.service(builders.manifest()))
    world.owners["keyvalue.example.test"] = ("them", 7)

    assert "generation 7 of them" in said("take_over", "keyvalue")
    assert not HostnameOwner.objects.exists()

    assert "is ours, at generation 8" in said("take_over", "keyvalue", "--reason", "switched off")
    assert world.owners["keyvalue.example.test"] == (world.owner, 8)


def test_inventory_tells_what_is_retained_first(world: Memory) -> None:
    stack = builders.deployed(builders.service())
    row = stack.resources.get(scope="us-west-2")
    row.state, row.physical_id = "retained", "ledger-entries"
    row.save()
    world.things["t"] = Thing(row.ref, "ledger-entries", {}, "", owner=world.owner)

    lines = said("inventory").splitlines()
    assert lines[0].startswith("retained  ledger")
    assert "cost unknown" in lines[0]
    assert lines[1] == "1 retained: 0.00 USD a month for 0 of them"
    assert lines[2].startswith("live      ledger")

    assert "0.00 USD a month (0 bytes stored" in said("inventory", "--measure", "--retained").splitlines()[0]
    assert said("inventory", "--service", "nobody") == "nothing is retained\n"
