"""One local cloud for the kinds' tests; each test has an account of its own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest

from localcloud.process import Running, start_localcloud
from tests.deployments.providers.aws.stage import Stage

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start_localcloud(tmp_path_factory.mktemp("localcloud")) as running:
        yield running


@pytest.fixture
def stage(cloud: Running) -> Stage:
    return Stage(cloud, account=f"{os.getpid() % 1_000_000:06d}{next(_numbers):06d}")
