"""`kill -9` of the apply worker in the middle of a deploy: the next one converges, nothing twice, nothing left over.

The points, by kind, are the calls in `FIRST` and `SECOND`:

    before           journalled, and AWS has not done it when the worker dies
    after            AWS has done it, and the worker dies before it hears so
    outcome unknown  AWS has done it, the connection broke, and the worker dies while it finds out
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from tests.stories.service import THREE, Service, owner_record, recorded, records, standing
from tests.stories.system import System

pytestmark = pytest.mark.story

POINTS = {"before": ("hang", "before"), "after": ("hang", "after"), "unknown": ("drop", "after")}

# What a deploy does at the same time: (action, region or None for the first that comes).
FIRST = (
    ("CreateTable", None),
    ("CreateRole", None),
    ("CreateApi", "us-west-2"),
    ("RequestCertificate", "eu-central-1"),
    ("ChangeResourceRecordSets", None),
)
SECOND = (
    ("UpdateTable", None),
    ("CreateFunction", "us-west-2"),
    ("CreateDomainName", "eu-central-1"),
    ("CreateHealthCheck", None),
)


@pytest.mark.parametrize("point", POINTS)
def test_kill9_worker(system: System, service: Callable[[str], Service], point: str) -> None:
    killed = service(f"killed-{point}")
    killed.save()
    with contextlib.ExitStack() as later:  # nothing of the second stage passes before the first kill
        for action, _ in SECOND:
            match = killed.hostname_or_name(action)
            later.enter_context(system.fault("hang", action=action, match=match, times=None))
        kill_at(system, killed, point, FIRST, lambda: killed.start())
    operation = killed.told()["operation"]
    kill_at(system, killed, point, SECOND, lambda: None)

    ended = killed.succeeded(operation, within_s=90)

    assert system.said.count("worker-apply ended by SIGKILL; starting it again") >= 2
    assert killed.answering() == list(THREE)
    assert killed.changes() == []
    assert standing(killed) == recorded(killed)
    assert {row["state"] for row in killed.inventory()} == {"live"}
    assert {step["status"] for step in ended["steps"]} == {"succeeded"}
    # Every leaf once, and the owner record where we believe it to be, with nothing on its way.
    leaves = [(each["Type"], each.get("SetIdentifier")) for each in records(killed) if "Region" in each]
    assert sorted(leaves) == sorted((kind, region) for kind in ("A", "AAAA") for region in THREE)
    generation = killed.generation()
    assert generation is not None
    assert (generation["present"], generation["sending"]) == (True, None)
    assert str(owner_record(killed)).endswith(f"/{generation['generation']}")


def kill_at(
    system: System,
    service: Service,
    point: str,
    calls: tuple[tuple[str, str | None], ...],
    start: Callable[[], object],
) -> None:
    """Kill the worker once it stands at all of these calls."""
    do, when = POINTS[point]
    with contextlib.ExitStack() as faults:
        struck = {
            action: faults.enter_context(
                system.fault(do, when, action=action, region=region, match=service.hostname_or_name(action))
            )
            for action, region in calls
        }
        start()
        system.until(
            lambda: all(hits() for hits in struck.values()),
            f"{service.name} stands at {', '.join(struck)} ({point})",
            within_s=60,
        )
        system.kill9_apply_worker()
