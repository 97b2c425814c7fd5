"""Clients of one test are made once: making one costs more than most of the calls that rules refuse."""

from __future__ import annotations

import functools
from typing import Any

import boto3
import pytest

from localcloud.process import Running
from tests.localcloud.strict.world import Connect


@pytest.fixture
def connect(connect: Connect) -> Connect:
    """The local cloud's own fixture, remembered within the test."""
    return functools.cache(connect)


@pytest.fixture
def stranger(localcloud: Running, account: str) -> Connect:
    """stranger("acm", "eu-central-1") → a client of another account."""

    def client(service: str, region: str) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=localcloud["url"],
            aws_access_key_id=f"9{account[1:]}",
            aws_secret_access_key="test",
        )

    return client
