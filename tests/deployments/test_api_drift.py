"""Drift and the stop button over the REST API, on the pages and at `/metrics`."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from deployments.actions import check_drift
from deployments.models import Drift, Operation, Pause, Stack
from deployments.providers.memory import Memory
from deployments.serializers import OperationSerializer, ServiceSerializer
from deployments.serializers.drift import DriftSerializer
from deployments.serializers.pause import PausedServiceSerializer, PausesSerializer
from tests import builders

pytestmark = pytest.mark.django_db

API = "/api/v1"


@pytest.fixture
def stack() -> Stack:
    builders.account()
    return builders.deployed(builders.service(builders.manifest()))


def logged_in(viewer: bool = False) -> Client:
    client = Client()
    client.force_login(builders.viewer() if viewer else builders.operator())
    return client


def drifted(stack: Stack, name: str = "us-west-2", **values: Any) -> Drift:
    now = timezone.now()
    row = {"kind": "route53_health_check", "scope": "global", "name": name, "reason": "it is gone from AWS"}
    return Drift.objects.create(stack=stack, **{**row, "action": "create", "found_at": now, "seen_at": now, **values})


def post(client: Client, path: str, body: dict[str, Any] | None = None) -> Any:
    return client.post(f"{API}/{path}", body or {}, content_type="application/json")


def test_pausing_and_resuming_one_service(stack: Stack) -> None:
    client = logged_in()
    operation = Operation.objects.create(stack=stack, verb="deploy", title="Deploy keyvalue r2")
    told = post(client, "services/keyvalue/pause/", {"reason": "a look"}).json()
    assert (told["paused"], told["pause"]["of"], told["pause"]["reason"]) == (True, "service", "a look")
    assert set(told) == set(PausedServiceSerializer().fields)
    service = client.get(f"{API}/services/keyvalue/").json()
    assert (service["paused"], service["pause"]["by"]) == (True, "operator")
    assert set(service) == set(ServiceSerializer().fields)
    one = client.get(f"{API}/operations/{operation.pk}/").json()
    assert one["paused"] is True
    assert set(one) == set(OperationSerializer().fields)
    everything = client.get(f"{API}/pause/").json()
    assert (everything["paused"], [each["service"] for each in everything["services"]]) == (False, ["keyvalue"])

    assert post(client, "services/keyvalue/resume/").json()["paused"] is False
    assert not Pause.objects.exists()


def test_who_may_see_one_service_sees_its_pause_and_that_of_all(stack: Stack) -> None:
    assert stack.service is not None
    other = builders.deployed(builders.service(builders.manifest("hidden")))
    for paused in (stack, other, None):
        Pause.objects.create(stack=paused)
    client = Client()
    client.force_login(builders.granted("operator", stack.service))
    told = client.get(f"{API}/pause/").json()
    assert (told["paused"], [each["service"] for each in told["services"]]) == (True, ["keyvalue"])
    assert post(client, "resume/").status_code == 403
    assert post(client, "services/keyvalue/resume/").status_code == 200
    assert Pause.objects.count() == 2


def test_pausing_and_resuming_everything(stack: Stack) -> None:
    client = logged_in()
    told = post(client, "pause/", {"reason": "an incident"}).json()
    assert (told["paused"], told["pause"]["of"]) == (True, "all")
    assert set(told) == set(PausesSerializer().fields)
    assert client.get(f"{API}/services/keyvalue/").json()["pause"]["of"] == "all"
    assert post(client, "resume/").json() == {"paused": False, "pause": None, "services": []}


def test_a_reason_too_long_or_a_field_that_is_none_is_refused(stack: Stack) -> None:
    client = logged_in()
    for body in ({"reason": "x" * 301}, {"reson": "typo"}):
        assert post(client, "pause/", body).status_code == 400
    assert not Pause.objects.exists()


@pytest.mark.parametrize(
    "path",
    [
        "pause/",
        "resume/",
        "services/keyvalue/pause/",
        "services/keyvalue/resume/",
        "services/keyvalue/check/",
        "services/keyvalue/repair/",
    ],
)
def test_a_viewer_may_not(stack: Stack, path: str) -> None:
    assert post(logged_in(viewer=True), path).status_code == 403


def test_drift_is_told_with_since_and_why(stack: Stack) -> None:
    row = drifted(stack, waits_for="safety.repair is report")
    drifted(stack, "eu-central-1", state="repaired", ended_at=timezone.now())
    told = logged_in(viewer=True).get(f"{API}/services/keyvalue/drift/").json()
    assert set(told) == set(DriftSerializer().fields)
    assert (told["count"], len(told["resources"]), len(told["ended"])) == (1, 1, 1)
    assert told["resources"][0]["waits_for"] == "safety.repair is report"
    summary = logged_in(viewer=False).get(f"{API}/services/keyvalue/").json()["drift"]
    assert (summary["count"], summary["since"][:19]) == (1, row.found_at.isoformat()[:19])


def test_checking_now_reads_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    builders.account()
    builders.deployed(builders.service())
    monkeypatch.setattr(check_drift, "provider_for", lambda stack: Memory())
    told = post(logged_in(), "services/ledger/check/").json()
    assert told["count"] > 0
    assert told["checked_at"] is not None
    assert {each["kind"] for each in told["resources"]} == {"dynamodb_table"}
    assert all(each["waits_for"] for each in told["resources"])


def test_repairing_deploys_the_same_release_again(stack: Stack) -> None:
    answer = post(logged_in(), "services/keyvalue/repair/")
    assert answer.status_code == 202
    assert (answer.json()["release"], answer.json()["title"]) == (1, "Deploy keyvalue r1 again")
    assert answer["Location"] == f"{API}/operations/{answer.json()['id']}/"


# -- pages


def test_the_banner_stands_above_every_page_and_its_poll(stack: Stack) -> None:
    operator, viewer = logged_in(), logged_in(viewer=True)
    Pause.objects.create(stack=None, reason="an incident")
    for path in ("/", "/services/keyvalue/", "/regions/", "/operations/"):
        for client in (operator, viewer):
            for named in ({}, {"HTTP_HX_REQUEST": "true"}):
                page = client.get(path, **named).content.decode()
                assert "Everything is paused" in page
                assert "an incident" in page
                assert ('formaction="/resume/"' in page) is (client is operator)
    assert operator.post("/resume/").status_code == 302
    assert "Everything is paused" not in operator.get("/").content.decode()


def test_pausing_on_a_page_asks_why(stack: Stack) -> None:
    client = logged_in()
    assert client.get("/services/keyvalue/pause/").status_code == 200
    assert client.post("/services/keyvalue/pause/").status_code == 400
    assert client.post("/services/keyvalue/pause/", {"reason": "a look"}).status_code == 302
    assert Pause.objects.get().stack == stack
    assert client.post("/services/keyvalue/resume/").status_code == 302
    assert client.post("/pause/", {"reason": "all of it"}).status_code == 302
    assert Pause.objects.get().stack is None


def test_drift_is_shown_on_the_overview_and_on_the_service_s_page(stack: Stack) -> None:
    drifted(stack, waits_for="safety.repair is report")
    client = logged_in()
    for path in ("/", "/services/keyvalue/"):
        page = client.get(path).content.decode()
        assert "it is gone from AWS" in page
        assert "safety.repair is report" in page
    assert 'formaction="/services/keyvalue/check/"' in client.get("/services/keyvalue/").content.decode()
    assert (
        'formaction="/services/keyvalue/check/"'
        not in logged_in(viewer=True).get("/services/keyvalue/").content.decode()
    )
    assert client.post("/services/keyvalue/repair/").status_code == 302


def test_the_admin_says_that_it_is_paused(stack: Stack) -> None:
    Pause.objects.create(stack=None, reason="an incident")
    client = Client()
    client.force_login(builders.administrator())
    assert "everything is paused" in client.get("/admin/").content.decode()


# -- metrics


def test_metrics_tell_drift_operations_replicas_and_pauses(stack: Stack) -> None:
    drifted(stack)
    drifted(stack, "eu-central-1", waits_for="a person")
    Stack.objects.update(drift_checked_at=timezone.now())
    Operation.objects.create(stack=stack, verb="deploy", title="Deploy keyvalue r2", status="failed")
    Pause.objects.create(stack=stack)
    answer = logged_in(viewer=True).get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    told = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }
    assert told["antipode_drift_resources", "keyvalue"] == 2
    assert told["antipode_drift_waiting_resources", "keyvalue"] == 1
    assert 0 <= told["antipode_drift_check_age_seconds", "keyvalue"] < 60
    assert told["antipode_operations_open", "keyvalue"] == 0
    assert told["antipode_operation_failed", "keyvalue"] == 1
    assert told["antipode_replicas", "keyvalue", "up"] == 2
    assert (told["antipode_paused", ""], told["antipode_paused", "keyvalue"]) == (0, 1)


def test_metrics_need_somebody() -> None:
    assert Client().get("/metrics").status_code == 401


def test_metrics_and_lists_cost_the_same_for_many_services(stack: Stack) -> None:
    client = logged_in(viewer=True)
    paths = ("/metrics", f"{API}/services/", f"{API}/operations/", f"{API}/pause/")

    def costs() -> list[int]:
        counted = []
        for path in paths:
            client.get(path)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(path).status_code == 200
            counted.append(len(queries))
        return counted

    drifted(stack)
    before = costs()
    for number in range(5):
        other = builders.deployed(builders.service(builders.manifest(f"many{number}")))
        drifted(other)
        Pause.objects.create(stack=other)
    assert costs() == before
