"""The sentence that a page opens with: the worst that is true, and whether users are served all the same."""

import pytest

from controlplane.dashboard.sentence import of_all, of_service
from deployments.overview import ServiceRow
from regions.verdict import Status
from tests.controlplane.dashboard.rows import SINCE, replica, service

UP, DEGRADED, DOWN, UNKNOWN = Status.UP, Status.DEGRADED, Status.DOWN, Status.UNKNOWN


@pytest.mark.parametrize(
    ("rows", "status", "title", "tint"),
    [
        ([], "unknown", "No service yet", ""),
        ([service("kv")], "unknown", "Nothing is watched yet", ""),
        ([service("kv", replica("a"))], "up", "The only replica is up", ""),
        ([service("kv", replica("a"), replica("b"), replica("c"))], "up", "All 3 replicas up", ""),
        (
            [service("kv", replica("a"), replica("b", DOWN))],
            "down",
            "1 region down, all services served",
            "down",
        ),
        (
            [service("kv", replica("a"), replica("b", DOWN)), service("flags", replica("b"))],
            "down",
            "1 of 3 replicas down, all services served",
            "down",
        ),
        ([service("kv", replica("a", DOWN), replica("b", DOWN))], "down", "kv is down", "down"),
        (
            [service("kv", replica("a", DOWN)), service("flags", replica("a", DOWN))],
            "down",
            "2 services down",
            "down",
        ),
        (
            [service("kv", replica("a"), replica("b", DEGRADED))],
            "degraded",
            "1 of 2 replicas degraded, all services served",
            "degraded",
        ),
        (
            [service("kv", replica("a"), replica("b", UNKNOWN))],
            "unknown",
            "1 of 2 replicas without a verdict",
            "unknown",
        ),
        ([service("kv", replica("a", UNKNOWN))], "unknown", "No verdict yet", "unknown"),
        (
            [service("kv", replica("a", DOWN), replica("b", UNKNOWN))],
            "down",
            "1 region down, 1 service without a verdict",
            "down",
        ),
    ],
)
def test_the_worst_that_is_true_is_the_title(rows: list[ServiceRow], status: str, title: str, tint: str) -> None:
    found = of_all(rows)
    assert (found.status, found.title, found.tint) == (status, title, tint)


def test_the_detail_names_where_and_since_when() -> None:
    found = of_all([service("kv", replica("eu-central-1", DOWN), replica("us-west-2"))])
    assert SINCE in found.detail
    assert [getattr(part, "text", None) for part in found.detail][1] == "eu-central-1"


def test_a_replica_out_of_rotation_serves_nobody() -> None:
    row = service("kv", replica("a", DOWN), replica("b", in_rotation=False))
    assert of_all([row]).title == "kv is down"


def test_a_service_that_is_being_removed_says_so() -> None:
    assert of_service(service("kv", replica("a"), leaving=True)).detail == (
        "It is being removed; what is left is listed below.",
    )
