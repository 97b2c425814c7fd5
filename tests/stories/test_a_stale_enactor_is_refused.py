"""A worker is frozen with a batch of records in hand, longer than its lease. Another goes on, and the region that the
batch would take out is put back in. Then the first wakes, and its batch arrives: Route 53 refuses it by the owner
record (docs/adr/0004), and users keep the newer records."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from tests.stories.service import THREE, Service, owner_record, records
from tests.stories.system import System

pytestmark = pytest.mark.story

LEFT = ("us-west-2", "eu-central-1")


def test_a_stale_enactor_is_refused(system: System, service: Callable[[str], Service]) -> None:
    stale = service("stale")
    stale.save()
    stale.deploy()
    gave_up = given_up(system)

    stale.save(regions=LEFT)
    with contextlib.ExitStack() as asleep, contextlib.ExitStack() as on_its_way:
        batch = system.fault("hang", action="ChangeResourceRecordSets", match=stale.hostname)
        held = on_its_way.enter_context(batch)
        operation = stale.start()
        system.until(held, "a worker is about to take ap-southeast-1 out")
        asleep.enter_context(frozen(holder(system, stale)))
        system.until(lambda: leaves(stale) == set(LEFT), "another does so, once the lease has run out")
        stale.cancel(operation)  # what is left is to wait until resolvers have forgotten
        assert stale.ended(operation)["status"] == "cancelled"
        stale.save()
        stale.deploy(within_s=120)
        newer = owner_record(stale)
        assert leaves(stale) == set(THREE)

        system.cloud("POST", "calls/clear")
        on_its_way.close()  # the batch would match every record but the owner's
        system.until(lambda: answers(system) == [400], "Route 53 refuses it")
    system.until(lambda: given_up(system) > gave_up, "the worker that wakes lets go")

    assert leaves(stale) == set(THREE)
    assert owner_record(stale) == newer
    assert stale.changes() == []


def leaves(service: Service) -> set[str]:
    """The regions that the records of the service's name lead to."""
    return {each["Region"] for each in records(service) if "Region" in each}


def answers(system: System) -> list[int]:
    """The statuses of the record changes since the calls were cleared."""
    calls = system.cloud("GET", "calls")["calls"]
    return [call["status"] for call in calls if call["action"] == "ChangeResourceRecordSets"]


def given_up(system: System) -> int:
    """How often a worker noticed that another is ahead: by its lease, or by the refusal, whichever it sees first."""
    log = (system.options.state_dir / "log" / "worker-apply.log").read_text()
    return log.count("lease.lost") + log.count("batch.fenced")


def holder(system: System, service: Service) -> int:
    """The process that holds the service's lease."""
    (row,) = system.query(
        "SELECT l.holder FROM deployments_lease l JOIN deployments_stack s ON l.name = 'stack:' || s.id "
        "WHERE s.name = %s",
        service.name,
    )
    return int(row["holder"].rpartition(":")[2])


@contextlib.contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
