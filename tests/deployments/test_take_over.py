"""A host name of another installation: taken over by an explicit act that touches its owner record alone."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import Entry
from deployments.actions.actor import Actor
from deployments.actions.deploy import Deploy
from deployments.actions.refused import ActionRefused
from deployments.actions.retry import Retry
from deployments.actions.take_over import TakeOver
from deployments.apply import Failed, Succeeded
from deployments.models import HostnameOwner, Lease, Operation, Service, Stack, Step
from deployments.providers.errors import Transient
from deployments.providers.memory import Memory
from deployments.providers.protocol import Claim
from deployments.worlds import installation
from tests import builders
from tests.deployments.worlds import Clock, look

pytestmark = pytest.mark.django_db

NAME = "keyvalue.example.test"
WHY = "the old control plane is switched off"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Memory:
    made = Memory(owner=str(installation().pk), owners={NAME: ("them", 7)})
    monkeypatch.setattr("deployments.actions.take_over.provider_of", lambda account: made)
    return made


@pytest.fixture
def keyvalue() -> Service:
    builders.account()
    return builders.uploaded(builders.service(builders.manifest()))


def take_over(service: Service, **changes: Any) -> TakeOver:
    return TakeOver(service, **{"actor": builders.COMMAND, "reason": WHY, **changes})


def refused(act: TakeOver) -> ActionRefused:
    with pytest.raises(ActionRefused) as told:
        act.execute()
    return told.value


def test_it_is_told_whose_the_name_is(keyvalue: Service, world: Memory) -> None:
    found = take_over(keyvalue).check()
    assert (found.hostname, found.claim, found.ours) == (NAME, Claim("them", 7), False)
    assert world.history == []


def test_the_owner_record_becomes_ours_a_generation_later(keyvalue: Service, world: Memory) -> None:
    found = take_over(keyvalue).execute()

    assert (found.claim, found.ours) == (Claim(world.owner, 8), True)
    assert (world.owners, world.history) == ({NAME: (world.owner, 8)}, [f"owner {NAME}: 7 → 8"])
    row = HostnameOwner.objects.get()
    assert (row.hostname, row.generation, row.present, row.sending, row.stack) == (
        NAME,
        8,
        True,
        None,
        Stack.objects.get(),
    )
    entry = Entry.objects.get(action="hostname.taken_over")
    assert (entry.name, entry.service) == (NAME, "keyvalue")
    assert entry.details == {"reason": WHY, "from": "them", "from_generation": 7, "generation": 8}


def test_a_deploy_that_it_stopped_goes_through_then(keyvalue: Service, world: Memory) -> None:
    Deploy(keyvalue, builders.COMMAND).execute()
    stack = Stack.objects.get(service=keyvalue)
    assert isinstance(look(stack, world, Clock()), Failed)
    assert Step.objects.filter(status="failed", error_code="conflict").exists()
    assert world.owners[NAME] == ("them", 7)

    take_over(keyvalue).execute()
    Retry(Operation.objects.get(stack__service=keyvalue), builders.COMMAND).execute()

    assert isinstance(look(stack, world, Clock()), Succeeded)
    owner, generation = world.owners[NAME]
    assert (owner, generation > 8) == (world.owner, True)


def test_generations_never_restart(keyvalue: Service, world: Memory) -> None:
    """We had the name before, further on than they are."""
    HostnameOwner.objects.create(hostname=NAME, zone_id="Z000000000000", generation=40)
    assert take_over(keyvalue).execute().claim == Claim(world.owner, 41)


def test_what_was_seen_must_still_stand(keyvalue: Service, world: Memory) -> None:
    told = refused(take_over(keyvalue, seen=Claim("them", 6)))
    assert (told.status, told.code) == (409, "owner_moved")
    assert world.owners == {NAME: ("them", 7)}


def test_what_moves_in_between_is_left_alone(keyvalue: Service, world: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their batch lands between our look and our call: Route 53 refuses ours."""

    def theirs(when: str, call: str) -> None:
        if (when, call) == ("before", "change owner"):
            world.owners[NAME] = ("them", 8)

    world.chaos = theirs
    assert refused(take_over(keyvalue)).code == "owner_moved"
    assert world.owners == {NAME: ("them", 8)}
    row = HostnameOwner.objects.get()
    assert (row.present, row.sending) == (False, None)


def lost(world: Memory, *calls: str) -> None:
    """The answers of these calls get lost after they were done."""

    def chaos(when: str, call: str) -> None:
        if when == "after" and call in calls:
            raise Transient("no answer", code="timeout", unknown_outcome=True)
        if when == "before" and call in calls and world.owners.get(NAME, ("",))[0] == world.owner:
            raise Transient("no answer", code="timeout")

    world.chaos = chaos


def test_a_lost_answer_is_read_from_the_record(keyvalue: Service, world: Memory) -> None:
    lost(world, "change owner")
    assert take_over(keyvalue).execute().claim == Claim(world.owner, 8)
    assert HostnameOwner.objects.get().generation == 8


def test_a_lost_answer_that_can_not_be_read_is_found_by_the_next_look(keyvalue: Service, world: Memory) -> None:
    lost(world, "change owner", "observe owner")
    assert refused(take_over(keyvalue)).status == 502
    assert HostnameOwner.objects.get().sending == 8, "what may have been done is not forgotten"

    world.chaos = lambda when, call: None
    assert refused(take_over(keyvalue)).code == "already_ours"
    row = HostnameOwner.objects.get()
    assert (row.generation, row.present, row.sending) == (8, True, None)
    assert Entry.objects.filter(action="hostname.taken_over").count() == 1


def test_nobodys_name_is_not_taken(keyvalue: Service, world: Memory) -> None:
    world.owners.clear()
    assert refused(take_over(keyvalue)).code == "no_owner"


def test_our_own_is_ours_already(keyvalue: Service, world: Memory) -> None:
    world.owners[NAME] = (world.owner, 7)
    assert refused(take_over(keyvalue)).code == "already_ours"


def test_a_service_without_records_has_nothing_to_take(world: Memory) -> None:
    builders.account()
    assert refused(take_over(builders.service())).code == "no_hostname"


def test_not_while_an_operation_is_open(keyvalue: Service, world: Memory) -> None:
    Deploy(keyvalue, builders.COMMAND).execute()
    assert refused(take_over(keyvalue)).code == "operation_open"


def test_not_while_somebody_changes_the_zone(keyvalue: Service, world: Memory) -> None:
    from deployments import leases

    zone = take_over(keyvalue).check().zone_id
    leases.acquire(f"zone:{zone}")
    assert refused(take_over(keyvalue)).code == "busy"
    assert Lease.objects.get(name__startswith="stack:").holder == "", "what it took itself is given back"


def test_a_reason_is_needed(keyvalue: Service, world: Memory) -> None:
    assert refused(take_over(keyvalue, reason="")).code == "reason_missing"


def test_a_viewer_may_neither_look_nor_take(keyvalue: Service, world: Memory) -> None:
    act = take_over(keyvalue, actor=Actor(builders.viewer(), "api"))
    for attempt in (act.check, act.execute):
        with pytest.raises(ActionRefused) as told:
            attempt()
        assert told.value.status == 403
    assert world.owners == {NAME: ("them", 7)}
