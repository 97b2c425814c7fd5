"""Flips of a window, read in one query with the one that stood at its beginning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regions import availability
from regions.models import Endpoint, Flip, Region
from regions.queries import flips_between
from regions.verdict import Status

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + timedelta(days=30)
DAY = timedelta(days=1)


def test_flips_of_a_window_begin_with_what_stood_before_it() -> None:
    region = Region.objects.create(code="eu-central-1")
    first, second, silent = (
        Endpoint.objects.create(region=region, url=f"https://{name}.example.test/") for name in ("a", "b", "c")
    )
    for endpoint, at, status in (
        (first, START - 3 * DAY, "up"),
        (first, START - 2 * DAY, "down"),
        (first, START - DAY, "degraded"),
        (first, START - DAY, "up"),  # the later row of one moment holds
        (first, START + DAY, "down"),
        (first, END, "up"),
        (second, START + 2 * DAY, "up"),
    ):
        Flip.objects.create(endpoint=endpoint, at=at, status=status)

    with CaptureQueriesContext(connection) as queries:
        found = flips_between([first.pk, second.pk, silent.pk], START, END)

    assert len(queries) == 1
    assert found == {
        first.pk: [availability.Flip(START - DAY, Status.UP), availability.Flip(START + DAY, Status.DOWN)],
        second.pk: [availability.Flip(START + 2 * DAY, Status.UP)],
        silent.pk: [],
    }
    measured = availability.measure(found[first.pk], START, END)
    assert (measured.up, measured.down, measured.unknown) == (DAY, 29 * DAY, timedelta())
