"""Regions over the REST API, and the calculator."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from regions.api import CALCULATION
from regions.models import Region
from regions.sync import SyncRefused, SyncReport
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator() -> APIClient:
    return builders.client_of(builders.administrator())


def test_region_tells_facts_and_what_accounts_may(administrator: APIClient) -> None:
    builders.account()

    body = administrator.get("/api/v1/regions/eu-central-1/").json()

    assert (body["code"], body["enabled"], body["place"], body["group"]) == (
        "eu-central-1",
        True,
        "Frankfurt",
        "Europe",
    )
    assert body["accounts"] == [{"account": "demo", "opt_in": "opt-in-not-required", "usable": True}]
    assert 50 < body["latitude"] < 51


def test_region_is_added_disabled_and_removed(administrator: APIClient) -> None:
    created = administrator.post("/api/v1/regions/", {"code": "eu-north-1"})
    changed = administrator.patch("/api/v1/regions/eu-north-1/", {"enabled": False})
    removed = administrator.delete("/api/v1/regions/eu-north-1/")

    assert (created.status_code, created["Location"]) == (201, "/api/v1/regions/eu-north-1/")
    assert (changed.status_code, changed.json()["enabled"], removed.status_code) == (200, False, 204)
    assert not Region.objects.exists()


def test_latencies_are_told_between_enabled_regions_with_source_and_date(administrator: APIClient) -> None:
    """The newest region was not measured yet: null, never a guess."""
    for code in ("us-west-2", "eu-central-1", "ap-southeast-6"):
        Region.objects.create(code=code)
    Region.objects.create(code="eu-north-1", enabled=False)

    body = administrator.get("/api/v1/regions/latencies/").json()

    assert body == {
        "source": "https://www.cloudping.co",
        "as_of": "2025-07",
        "statistic": "p50 over one year",
        "regions": [
            {"region": "ap-southeast-6", "to_ms": {"ap-southeast-6": None, "eu-central-1": None, "us-west-2": None}},
            {"region": "eu-central-1", "to_ms": {"ap-southeast-6": None, "eu-central-1": 4.0, "us-west-2": 142.4}},
            {"region": "us-west-2", "to_ms": {"ap-southeast-6": None, "eu-central-1": 142.8, "us-west-2": 3.2}},
        ],
    }


@pytest.mark.parametrize("code", ["mars-north-1", "", "eu-central-1"])
def test_region_must_exist_and_be_new(administrator: APIClient, code: str) -> None:
    Region.objects.create(code="eu-central-1")

    response = administrator.post("/api/v1/regions/", {"code": code})

    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "code")


def test_region_in_use_stays(administrator: APIClient) -> None:
    builders.account()
    builders.service()

    response = administrator.delete("/api/v1/regions/eu-central-1/")

    assert (response.status_code, response.json()["code"]) == (409, "region_in_use")
    assert response.json()["mend"]


def test_list_is_ordered_filtered_and_costs_constant_queries(administrator: APIClient) -> None:
    builders.account()
    administrator.get("/api/v1/regions/")
    with CaptureQueriesContext(connection) as few:
        administrator.get("/api/v1/regions/?page_size=1")
    with CaptureQueriesContext(connection) as many:
        response = administrator.get("/api/v1/regions/")
    Region.objects.filter(code="us-west-2").update(enabled=False)

    disabled = administrator.get("/api/v1/regions/?enabled=false").json()["results"]

    assert [row["code"] for row in response.json()["results"]] == sorted(builders.REGIONS)
    assert len(many) == len(few)
    assert [row["code"] for row in disabled] == ["us-west-2"]


def test_sync_tells_each_account(administrator: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that can't be read doesn't hide the others' reports."""
    builders.account()
    builders.account("other", "111111111111", zone="other.test")

    def sync(account: Any) -> SyncReport:
        if account.name == "other":
            raise SyncRefused("other: AssumeRole: AccessDenied", "Correct the role's trust policy.")
        return SyncReport(account.name, new_regions=("eu-north-1",))

    monkeypatch.setattr("regions.syncing.sync", sync)

    demo, other = administrator.post("/api/v1/regions/sync/", {}).json()["accounts"]

    assert (demo["account"], demo["new_regions"], demo["error"]) == ("demo", ["eu-north-1"], None)
    assert (other["error"], other["mend"]) == (
        "other: AssumeRole: AccessDenied",
        "Correct the role's trust policy.",
    )


def test_sync_of_an_unknown_account_is_400(administrator: APIClient) -> None:
    response = administrator.post("/api/v1/regions/sync/", {"account": "nobody"})

    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "account")


def test_calculator_is_exact(administrator: APIClient) -> None:
    """The contract's own example: three components, five regions."""
    response = administrator.get("/api/v1/availability/?component=99.95&component=99.95&component=99.999&regions=5")

    body = response.json()
    assert body["region"].startswith("99.8990")
    assert [row["regions"] for row in body["by_regions"]] == [1, 2, 3, 4, 5]
    assert body["by_regions"][0]["availability"] == body["region"]
    assert body["by_regions"][4]["availability"].startswith("99.9999999999")
    assert all(isinstance(row["downtime_s_per_year"], str) for row in body["by_regions"])


def test_calculators_described_example_is_its_answer(administrator: APIClient) -> None:
    """To the last digit."""
    response = administrator.get("/api/v1/availability/?component=99.95&component=99.95&component=99.999&regions=2")

    assert response.json() == CALCULATION.value


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "component"),
        ("component=x", "component"),
        ("component=100.1", "component"),
        ("component=NaN", "component"),
        ("component=1e-999999999", "component"),
        ("component=99&regions=0", "regions"),
        ("component=99&regions=41", "regions"),
        ("component=99&regions=99999999999999999999", "regions"),
        ("component=99&regions=²", "regions"),
        ("component=99&reigons=2", "reigons"),
        ("&".join(["component=99"] * 21), "component"),
    ],
)
def test_calculator_refuses_nonsense(administrator: APIClient, query: str, field: str) -> None:
    response = administrator.get(f"/api/v1/availability/?{query}")

    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)
    assert response.json()["errors"][0]["message"]
