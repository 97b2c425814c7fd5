"""What every answer to a GET has: chosen fields, an ETag, and lists that know their parameters."""

from __future__ import annotations

from typing import Any

import pytest

from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer() -> Any:
    builders.account()
    for name in ("ledger", "archive"):
        builders.deployed(builders.service(builders.table_only(name)))
    return builders.client_of(builders.viewer())


LISTS = ["/api/v1/services/", "/api/v1/operations/", "/api/v1/regions/"]


def test_a_list_tells_only_the_fields_that_were_asked_for(viewer: Any) -> None:
    told = viewer.get("/api/v1/services/?fields=name,release").json()

    assert told["results"] == [{"name": "archive", "release": 1}, {"name": "ledger", "release": 1}]


def test_one_thing_tells_only_the_fields_that_were_asked_for(viewer: Any) -> None:
    assert viewer.get("/api/v1/services/ledger/?fields=release").json() == {"release": 1}
    assert viewer.get("/api/v1/regions/us-west-2/?fields=code,enabled").json() == {"code": "us-west-2", "enabled": True}


@pytest.mark.parametrize(
    ("asked", "told"),
    [("relaese", 'did you mean "release"?'), ("zzz", "the fields are: name"), ("", "no field is named")],
)
def test_a_field_that_is_none_is_refused_with_what_was_meant(viewer: Any, asked: str, told: str) -> None:
    response = viewer.get(f"/api/v1/services/?fields={asked}")

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert told in response.json()["detail"]


@pytest.mark.parametrize("path", [*LISTS, "/api/v1/services/ledger/health/"])
def test_what_has_not_changed_is_not_sent_again(viewer: Any, path: str) -> None:
    first = viewer.get(path)

    again = viewer.get(path, HTTP_IF_NONE_MATCH=first["ETag"])

    assert (again.status_code, again.content) == (304, b"")


def test_what_has_changed_is_sent(viewer: Any) -> None:
    first = viewer.get("/api/v1/services/")
    builders.service(builders.table_only("more"))

    again = viewer.get("/api/v1/services/", HTTP_IF_NONE_MATCH=first["ETag"])

    assert again.status_code == 200
    assert len(again.json()["results"]) == 3


@pytest.mark.parametrize("path", LISTS)
def test_a_parameter_that_a_list_does_not_know_is_refused(viewer: Any, path: str) -> None:
    response = viewer.get(f"{path}?serch=ledger")

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "serch"


@pytest.mark.parametrize(
    ("order", "names"),
    [("name", ["archive", "ledger"]), ("-name", ["ledger", "archive"]), ("created_at", ["ledger", "archive"])],
)
def test_a_list_comes_in_the_order_that_was_asked_for(viewer: Any, order: str, names: list[str]) -> None:
    found, url = [], f"/api/v1/services/?ordering={order}&page_size=1"
    while url:
        page = viewer.get(url).json()
        found += [row["name"] for row in page["results"]]
        url = page["next"]

    assert found == names


def test_an_order_that_is_none_is_refused(viewer: Any) -> None:
    response = viewer.get("/api/v1/services/?ordering=account__external_id")

    assert response.status_code == 400
    assert "there are: name, -name" in response.json()["detail"]


def test_a_region_that_was_changed_meanwhile_is_not_changed_again() -> None:
    builders.account()
    admin = builders.client_of(builders.administrator())
    read = admin.get("/api/v1/regions/us-west-2/")["ETag"]
    assert admin.patch("/api/v1/regions/us-west-2/", {"enabled": False}, HTTP_IF_MATCH=read).status_code == 200

    stale = admin.patch("/api/v1/regions/us-west-2/", {"enabled": True}, HTTP_IF_MATCH=read)

    assert (stale.status_code, stale.json()["code"]) == (412, "stale_write")
    assert admin.get("/api/v1/regions/us-west-2/").json()["enabled"] is False
