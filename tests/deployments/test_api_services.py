"""Services over the REST API: drafts in and out, stale writes refused, destroyed with consent."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from deployments.models import Operation, Service, Stack
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> APIClient:
    builders.account()
    return builders.client_of(builders.operator())


def test_service_is_created_from_a_manifest(operator: APIClient) -> None:
    """201 with every default written out; nothing is released."""
    response = operator.post("/api/v1/services/", builders.table_only())

    assert response.status_code == 201
    assert response["Location"] == "/api/v1/services/ledger/"
    body = response.json()
    assert body | {"created_at": "", "updated_at": ""} == {
        "name": "ledger",
        "account": "demo",
        "manifest": {
            "schema": 1,
            "name": "ledger",
            "account": "demo",
            "regions": ["us-west-2", "eu-central-1"],
            "components": [{"kind": "table", "name": "entries", "key": {"id": "S"}}],
            "routing": {"policy": "latency", "ttl": 60, "switch": "region"},
            "health_check": {"path": "/", "interval": 10, "failure_threshold": 3},
            "safety": {"min_serving_regions": 1, "repair": "auto", "drain_s": 300},
        },
        "pending": True,
        "release": None,
        "paused": False,
        "pause": None,
        "drift": {"count": 0, "since": None, "checked_at": None, "error": None},
        "operation": None,
        "health": {"status": "unknown", "up": 0, "degraded": 0, "down": 0, "unknown": 0},
        "replicas": [],
        "failover": None,
        "created_at": "",
        "updated_at": "",
    }


@pytest.mark.parametrize("wrapped", [False, True])
def test_put_creates_then_replaces(operator: APIClient, wrapped: bool) -> None:
    """201, then 200; the manifest may come as it is or under `manifest`."""

    def put(document: dict[str, Any]) -> Any:
        return operator.put("/api/v1/services/ledger/", {"manifest": document} if wrapped else document)

    assert put(builders.table_only()).status_code == 201
    response = put(builders.table_only(regions=["ap-northeast-1"]))

    assert (response.status_code, response.json()["manifest"]["regions"]) == (200, ["ap-northeast-1"])


def test_put_takes_yaml(operator: APIClient) -> None:
    text = yaml.safe_dump(builders.table_only())

    response = operator.put("/api/v1/services/ledger/", text, content_type="application/yaml")

    assert response.status_code == 201


def test_what_is_read_can_be_put_back(operator: APIClient) -> None:
    """Overrides, tags, the zone and ordered keys included; without a change the state stays the same."""
    document = builders.manifest(
        stage="prod",
        tags={"team": "core"},
        zone={"name": "example.test"},
        slo={"availability": 99.95},
        regions=["us-west-2", {"eu-central-1": {"memory_mb": 512, "environment": {"LEVEL": "x"}}}],
    )
    document["components"].append({"kind": "table", "name": "days", "key": [{"who": "S"}, {"day": "N"}]})
    first = operator.put("/api/v1/services/keyvalue/", document)
    assert first.status_code == 201, first.json()

    second = operator.put("/api/v1/services/keyvalue/", first.json()["manifest"])

    assert (second.status_code, second["ETag"]) == (200, first["ETag"])
    assert second.json()["manifest"] == first.json()["manifest"]


def test_patch_is_a_merge_patch(operator: APIClient) -> None:
    """RFC 7396: maps are merged, null removes, lists are replaced."""
    operator.put("/api/v1/services/ledger/", builders.table_only(tags={"team": "core", "tier": "1"}))

    patch = {"tags": {"tier": None, "cost": "7"}, "regions": ["us-west-2"], "slo": {"availability": 99.9}}
    response = operator.patch("/api/v1/services/ledger/", patch)

    changed = response.json()["manifest"]
    assert response.status_code == 200
    assert (changed["tags"], changed["regions"], changed["slo"]) == (
        {"team": "core", "cost": "7"},
        ["us-west-2"],
        {"availability": 99.9},
    )


def test_patch_takes_its_own_media_type(operator: APIClient) -> None:
    operator.put("/api/v1/services/ledger/", builders.table_only())

    response = operator.generic(
        "PATCH", "/api/v1/services/ledger/", '{"stage": "prod"}', content_type="application/merge-patch+json"
    )

    assert (response.status_code, response.json()["manifest"]["stage"]) == (200, "prod")


def test_invalid_manifest_tells_each_problem(operator: APIClient) -> None:
    """Path, value, message, mend and code."""
    document = builders.manifest()
    document["components"][1]["runtime"] = "pyton3.12"
    document["hostname"] = "not a name"

    response = operator.put("/api/v1/services/keyvalue/", document)

    assert (response.status_code, response.json()["code"]) == (400, "invalid_manifest")
    errors = {error["field"]: error for error in response.json()["errors"]}
    assert set(errors) == {"components[1].runtime", "hostname"}
    assert errors["components[1].runtime"] == {
        "field": "components[1].runtime",
        "value": "pyton3.12",
        "message": '"pyton3.12" is not a Lambda runtime; did you mean "python3.12"?',
        "mend": 'use "python3.12"',
        "code": "choice",
    }
    assert not Service.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_stale_write_is_refused(operator: APIClient, method: str) -> None:
    """412 where the draft has moved on since its ETag was read; the current one is accepted."""
    old = operator.put("/api/v1/services/ledger/", builders.table_only())["ETag"]
    new = operator.patch("/api/v1/services/ledger/", {"stage": "prod"})["ETag"]
    body = {} if method == "delete" else builders.table_only(stage="beta")

    stale = getattr(operator, method)("/api/v1/services/ledger/", body, HTTP_IF_MATCH=old)
    fresh = getattr(operator, method)("/api/v1/services/ledger/", body, HTTP_IF_MATCH=new)

    assert (stale.status_code, stale.json()["code"], stale.json()["etag"]) == (412, "stale_write", new)
    assert fresh.status_code in {200, 204}


def test_etag_differs_after_a_rebirth(operator: APIClient) -> None:
    """A service deleted and made again under its name is another one."""
    first = operator.put("/api/v1/services/ledger/", builders.table_only())["ETag"]
    operator.delete("/api/v1/services/ledger/")

    assert operator.put("/api/v1/services/ledger/", builders.table_only())["ETag"] != first


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        (builders.table_only(), 409, "name_taken"),
        (builders.manifest("other", hostname="kv.example.test"), 409, "hostname_taken"),
    ],
)
def test_names_are_taken_once(operator: APIClient, document: dict[str, Any], status: int, code: str) -> None:
    builders.service(builders.table_only())
    builders.service(builders.manifest(hostname="kv.example.test"))

    response = operator.post("/api/v1/services/", document)

    assert (response.status_code, response.json()["code"]) == (status, code)


def test_service_is_never_renamed(operator: APIClient) -> None:
    builders.service(builders.table_only())

    put = operator.put("/api/v1/services/ledger/", builders.table_only("other"))
    patch = operator.patch("/api/v1/services/ledger/", {"name": "other"})

    assert [(put.status_code, put.json()["code"]), (patch.status_code, patch.json()["code"])] == [
        (409, "name_fixed"),
        (409, "name_fixed"),
    ]


def test_replicas_are_told_as_released(operator: APIClient) -> None:
    """What is drafted and not released is pending, and no replica."""
    builders.deployed(builders.service(builders.manifest()))
    operator.patch("/api/v1/services/keyvalue/", {"regions": ["us-west-2", "eu-central-1", "ap-northeast-1"]})

    body = operator.get("/api/v1/services/keyvalue/").json()

    assert (body["pending"], body["release"]) == (True, 1)
    assert body["health"] == {"status": "up", "up": 2, "degraded": 0, "down": 0, "unknown": 0}
    assert body["replicas"] == [
        {
            "region": code,
            "url": f"https://{code}.keyvalue.example.test",
            "hostname": f"{code}.keyvalue.example.test",
            "in_rotation": True,
            "evacuated": None,
            "status": "up",
            "release": 1,
        }
        for code in ("us-west-2", "eu-central-1")
    ]


def test_released_draft_is_not_pending(operator: APIClient) -> None:
    builders.deployed(builders.service(builders.manifest()))

    assert operator.get("/api/v1/services/keyvalue/").json()["pending"] is False


def test_url_opens_where_no_dns_tells(operator: APIClient) -> None:
    """On a local cloud the region's prefix names the host."""
    stack = builders.deployed(builders.service(builders.manifest()))
    stack.account.account_regions.update(http_url="http://127.0.0.1:4566/_at/")

    replica = operator.get("/api/v1/services/keyvalue/").json()["replicas"][0]

    assert replica["url"] == "http://127.0.0.1:4566/_at/us-west-2.keyvalue.example.test"


def test_url_is_null_without_routes(operator: APIClient) -> None:
    builders.deployed(builders.service(builders.table_only()))

    replicas = operator.get("/api/v1/services/ledger/").json()["replicas"]

    assert [(one["url"], one["hostname"], one["status"]) for one in replicas] == [(None, None, "unknown")] * 2


def test_never_deployed_service_is_gone_at_once(operator: APIClient) -> None:
    builders.service()

    response = operator.delete("/api/v1/services/ledger/")

    assert response.status_code == 204
    assert not Service.objects.exists()


def test_deployed_service_is_destroyed_by_an_operation(
    operator: APIClient, django_capture_on_commit_callbacks: Any
) -> None:
    """202; the draft stays until the operation has succeeded; data is retained unless it is named."""
    stack = builders.deployed(builders.service())

    response = operator.delete("/api/v1/services/ledger/", {"destroy_data": ["entries"]})

    operation = Operation.objects.get(status="queued")
    assert (response.status_code, response["Location"]) == (202, f"/api/v1/operations/{operation.pk}/")
    assert (response["Retry-After"], response.json()["id"]) == ("1", operation.pk)
    assert (operation.verb, operation.consent, operation.release) == ("destroy", ["entries"], None)
    stack.refresh_from_db()
    assert (stack.release, stack.next_look_at is not None) == (None, True)
    assert Service.objects.exists()


def test_consent_names_data_only(operator: APIClient) -> None:
    """A function holds none, and a misspelt name must not pass silently."""
    builders.deployed(builders.service(builders.manifest()))

    for name in ("get-key", "keyvaluess"):
        response = operator.delete("/api/v1/services/keyvalue/", {"destroy_data": [name]})
        assert response.status_code == 400
        assert "keyvalues" in response.json()["mend"]
    assert Stack.objects.get().release is not None


@pytest.mark.parametrize("body", [{"destroy": ["entries"]}, {"destroy_data": "entries"}, {"destroy_data": [["x"]]}])
def test_unknown_fields_are_refused(operator: APIClient, body: dict[str, Any]) -> None:
    """A consent under another name is none, and is said so."""
    builders.deployed(builders.service())

    response = operator.delete("/api/v1/services/ledger/", body)

    assert response.status_code == 400
    assert not Operation.objects.filter(verb="destroy").exists()


def test_list_pages_by_cursor_and_filters(operator: APIClient) -> None:
    for name in ("a", "b", "c"):
        builders.service(builders.table_only(name))

    first = operator.get("/api/v1/services/?page_size=2").json()
    second = operator.get(first["next"]).json()
    found = operator.get("/api/v1/services/?search=B").json()

    assert [row["name"] for row in first["results"]] == ["a", "b"]
    assert ([row["name"] for row in second["results"]], second["next"]) == (["c"], None)
    assert [row["name"] for row in found["results"]] == ["b"]


def test_list_asks_the_same_number_of_queries_for_any_number_of_services(operator: APIClient) -> None:
    builders.deployed(builders.service(builders.manifest("one")))
    operator.get("/api/v1/services/")
    with CaptureQueriesContext(connection) as few:
        operator.get("/api/v1/services/")
    for name in ("two", "three", "four"):
        builders.deployed(builders.service(builders.manifest(name)))

    with CaptureQueriesContext(connection) as many:
        response = operator.get("/api/v1/services/")

    assert len(response.json()["results"]) == 4
    assert len(many) == len(few) <= 14
