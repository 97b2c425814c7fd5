"""One local cloud for all tests of a worker process; each test gets an account of its own instead of a reset."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest

from localcloud.process import Running, start_localcloud
from tests.localcloud.service import Connect, clients

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def localcloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start_localcloud(tmp_path_factory.mktemp("localcloud")) as running:
        yield running


@pytest.fixture
def account() -> str:
    """A 12-digit access key id is an account of its own."""
    return f"{os.getpid() % 1_000_000:06d}{next(_numbers):06d}"


@pytest.fixture
def connect(localcloud: Running, account: str) -> Iterator[Connect]:
    """connect("dynamodb", "eu-central-1") → a boto3 client of the test's account at the shared address."""
    with clients(localcloud["url"], account) as make:
        yield make
