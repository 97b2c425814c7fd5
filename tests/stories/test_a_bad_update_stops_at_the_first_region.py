"""A release that deploys well and does not work: the first region has it, and the others keep what they have."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stories.service import KEY_VALUE, THREE, Service, function, identities
from tests.stories.system import System

pytestmark = pytest.mark.story

ILL = function("health", "ill.main", "GET /health")


def test_a_bad_update_stops_at_the_first_region(system: System, service: Callable[[str], Service]) -> None:
    rolled = service("rolled")
    rolled.save()
    rolled.deploy()
    system.until(lambda: set(rolled.health().values()) == {"up"}, "all replicas are up")
    first, *later = THREE
    before = identities(rolled, later)

    rolled.save(components=(*KEY_VALUE[:-1], ILL))
    ended = rolled.ended(rolled.start(), within_s=120)

    assert ended["status"] == "failed"
    assert first in ended["error"]
    assert "former" in ended["mend"]
    assert rolled.answering() == later
    assert identities(rolled, later) == before

    rolled.save()
    rolled.deploy(within_s=90)
    assert rolled.answering() == list(THREE)
    assert rolled.changes() == []
