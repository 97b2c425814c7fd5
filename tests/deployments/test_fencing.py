"""The generation of a host name's owner record: counted once, whatever was heard of the batch."""

import pytest

from deployments.fencing import Generations
from deployments.models import HostnameOwner
from deployments.providers.protocol import Fence
from tests.deployments.worlds import ZONE, stack_of

HOSTNAME = "kv.example.test"

pytestmark = pytest.mark.django_db


def generations(zone_id: str = ZONE, stack: str = "kv") -> Generations:
    return Generations.of(HOSTNAME, zone_id, "us", stack_of(stack))


def at(generation: int, *, present: bool = True) -> Generations:
    found = generations()
    found.row.generation, found.row.present = generation, present
    found.row.save()
    return generations()


def written() -> tuple[int, bool, int | None]:
    """What another process would read: (generation, present, sending)."""
    return HostnameOwner.objects.values_list("generation", "present", "sending").get(hostname=HOSTNAME)


def fence(before: int | None, after: int | None) -> Fence:
    return Fence(HOSTNAME, "us", before, after)


def test_the_first_batch_only_creates_the_owner_record() -> None:
    assert generations().next(last=False) == fence(None, 1)


def test_each_batch_moves_the_owner_record_to_the_next_generation() -> None:
    assert at(6).next(last=False) == fence(6, 7)


def test_the_last_batch_only_removes_it() -> None:
    assert at(6).next(last=True) == fence(6, None)


def test_what_is_sent_is_written_before_it_is_sent() -> None:
    found = at(6)
    assert not found.unsure
    found.next(last=False)
    assert written() == (6, True, 7)
    assert generations().unsure


@pytest.mark.parametrize(("last", "after"), [(False, (7, True, None)), (True, (7, False, None))])
def test_a_batch_that_was_done_spends_its_generation(last: bool, after: tuple[int, bool, None]) -> None:
    found = at(6)
    found.sent(found.next(last=last))
    assert written() == after


def test_generations_never_restart() -> None:
    """Neither after the last batch, nor in another zone, nor for another service."""
    found = at(6)
    found.sent(found.next(last=True))
    assert generations().next(last=False) == fence(None, 8)
    moved = generations("Z1OTHER", "other")
    assert (moved.row.zone_id, moved.row.stack) == ("Z1OTHER", stack_of("other"))
    assert moved.next(last=False) == fence(None, 8)


def test_a_refused_batch_leaves_its_generation_free() -> None:
    found = at(6)
    found.next(last=False)
    found.refused()
    assert written() == (6, True, None)
    assert found.next(last=False) == fence(6, 7)


@pytest.mark.parametrize(
    ("found", "after", "following"),
    [
        (7, (7, True, None), fence(7, 8)),  # it was done
        (6, (6, True, None), fence(6, 7)),  # it was not: the record in the zone still has to be removed exactly
        (9, (9, True, None), fence(9, 10)),  # another of ours went on meanwhile
        (None, (7, False, None), fence(None, 8)),  # it was the last one, or somebody removed the record
    ],
)
def test_after_an_answer_that_got_lost_the_record_in_the_zone_is_believed(
    found: int | None, after: tuple[int, bool, None], following: Fence
) -> None:
    generation = at(6)
    generation.next(last=False)
    generation.reread(found)
    assert written() == after
    assert not generation.unsure
    assert generation.next(last=False) == following


def test_the_record_of_another_installation_is_not_ours_to_remove() -> None:
    found = at(6)
    found.next(last=False)
    found.foreign()
    assert written() == (6, False, None)
    assert Generations.held_by(stack_of(), "us") == {}


@pytest.mark.parametrize(
    ("present", "sending", "held"), [(True, None, True), (False, 7, True), (True, 7, True), (False, None, False)]
)
def test_a_stack_holds_what_it_left_or_may_have_left_in_its_zones(
    present: bool, sending: int | None, held: bool
) -> None:
    found = at(6, present=present)
    found.row.sending = sending
    found.row.save()
    assert (HOSTNAME in Generations.held_by(stack_of(), "us")) is held
    assert Generations.held_by(stack_of("other"), "us") == {}
