"""How long a failover takes at most: computed from a release, told by the API and on the page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from deployments.manifests import document_of
from deployments.overview.routing import failover_of
from deployments.routing.failover_time import FailoverTime, failover_time
from tests import builders

DEFAULTS = FailoverTime(108, 76, "(10 s interval + 6 s time-out) × 3 + 60 s TTL")


@pytest.fixture
def operator() -> APIClient:
    builders.account()
    return builders.client_of(builders.operator())


@pytest.mark.parametrize(
    ("interval_s", "failure_threshold", "worst_s"), [(10, 1, 76), (10, 3, 108), (30, 3, 168), (30, 10, 420)]
)
def test_each_failure_costs_interval_and_time_out(interval_s: int, failure_threshold: int, worst_s: int) -> None:
    found = failover_time(interval_s=interval_s, failure_threshold=failure_threshold)

    assert (found.worst_s, found.evacuation_s) == (worst_s, 76)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, DEFAULTS),
        ({"health_check": {"interval": 30, "failure_threshold": 2}}, failover_time(interval_s=30, failure_threshold=2)),
        ({"routing": {"policy": "weighted"}}, DEFAULTS),
        ({"regions": ["us-west-2"]}, None),
        ({"regions": ["us-west-2"], "routing": {"policy": "simple"}}, None),
    ],
)
def test_only_checked_records_of_several_regions_fail_over(
    changes: dict[str, Any], expected: FailoverTime | None
) -> None:
    builders.account()
    service = builders.service(builders.manifest(**changes))

    assert failover_of(document_of(service)) == expected


@pytest.mark.django_db
def test_without_routes_nobody_is_led_anywhere() -> None:
    builders.account()

    assert failover_of(document_of(builders.service(builders.table_only()))) is None


@pytest.mark.django_db
def test_api_tells_it_of_the_release_not_of_the_draft(operator: APIClient) -> None:
    builders.deployed(builders.service(builders.manifest()))
    operator.patch("/api/v1/services/keyvalue/", {"health_check": {"interval": 30}})

    body = operator.get("/api/v1/services/keyvalue/").json()

    assert body["failover"] == {"worst_s": 108, "evacuation_s": 76, "formula": DEFAULTS.formula}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "told"), [({}, "at most <b>108 s</b>"), ({"regions": ["us-west-2"]}, "led to another region")]
)
def test_page_tells_it(changes: dict[str, Any], told: str) -> None:
    builders.account()
    builders.deployed(builders.service(builders.manifest(**changes)))
    client = Client()
    client.force_login(builders.viewer())

    assert told in client.get("/services/keyvalue/").content.decode()
