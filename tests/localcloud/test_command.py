"""`manage.py outage`, as an operator uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from localcloud.management.commands.outage import Command
from localcloud.process import Running
from tests.localcloud.service import control

REGION = "ap-northeast-2"

Outage = Callable[..., str]


@pytest.fixture
def outage(localcloud: Running, settings: Any) -> Iterator[Outage]:
    """outage("eu-central-1", "--on") → what it printed."""
    settings.LOCALCLOUD_URL = localcloud["url"]

    def run(*arguments: str) -> str:
        printed = StringIO()
        call_command(Command(), *arguments, stdout=printed)
        return printed.getvalue()

    yield run
    control(localcloud, "outages", {"region": REGION, "on": False})


def test_a_region_goes_down_is_listed_and_comes_back(outage: Outage, localcloud: Running) -> None:
    assert f"{REGION}  down (503), 0 writes waiting for it" in outage(REGION, "--on", "--mode", "503")
    assert control(localcloud, "outages")["outages"][REGION] == "503"
    assert REGION in outage("--list")

    assert REGION not in outage(REGION, "--off")


def test_a_black_hole_is_the_default(outage: Outage, localcloud: Running) -> None:
    outage(REGION, "--on")

    assert control(localcloud, "outages")["outages"][REGION] == "blackhole"


def test_an_unknown_region_is_told_with_those_that_there_are(outage: Outage) -> None:
    with pytest.raises(CommandError, match=r"'eu-middle-1' is unknown; there are .*eu-central-1"):
        outage("eu-middle-1", "--on")


def test_no_local_cloud_is_told(outage: Outage, settings: Any) -> None:
    settings.LOCALCLOUD_URL = "http://127.0.0.1:9"

    with pytest.raises(CommandError, match="does not answer"):
        outage("--list")
