"""One running system for all stories of a test worker; each story has a service with a name of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.stories.service import Service
from tests.stories.system import System, running


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    with running(tmp_path_factory.mktemp("system"), number) as started:
        yield started


@pytest.fixture
def service(system: System) -> Iterator[Callable[[str], Service]]:
    """service("orders") → a service that nobody has saved yet."""
    made: list[Service] = []

    def make(name: str) -> Service:
        made.append(Service(system, name))
        return made[-1]

    yield make
    for each in made:
        each.stop_watching()
