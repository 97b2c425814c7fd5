"""Uploads, deploys and operations over the REST API. Nothing here calls AWS: that is a worker's work."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from deployments.models import Artifact, Operation, Release, Stack, Step
from deployments.plan.model import Action, Change, Plan, Problem, Ref, Waiting
from deployments.plan.preflight import Preflight
from deployments.preview import PlanView
from deployments.serializers.plans import PlanSerializer
from regions.models import Account, HostedZone
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> APIClient:
    builders.account()
    return builders.client_of(builders.operator())


def upload(client: APIClient, content: bytes, field: str = "file") -> Any:
    file = SimpleUploadedFile("code.zip", content, "application/zip")
    return client.post("/api/v1/services/keyvalue/artifacts/", {field: file}, format="multipart")


def test_artifact_is_known_by_its_hash(operator: APIClient) -> None:
    """And is kept once, however often it is sent."""
    builders.service(builders.manifest())
    content = builders.zipped()

    first, second = upload(operator, content), upload(operator, content)

    sha256 = hashlib.sha256(content).hexdigest()
    assert (first.status_code, first.json()["sha256"]) == (201, sha256)
    assert second.json() == first.json()
    artifact = Artifact.objects.get()
    with artifact.file.open() as stored:
        assert (artifact.names, stored.read()) == (["get_key.py"], content)


@pytest.mark.parametrize(
    ("content", "field", "code"),
    [
        (b"no zip", "file", "invalid_artifact"),
        (b"", "file", "invalid"),
        (builders.zipped(), "zip", "invalid"),
    ],
)
def test_bad_upload_is_400(operator: APIClient, content: bytes, field: str, code: str) -> None:
    builders.service(builders.manifest())

    response = upload(operator, content, field)

    assert (response.status_code, response.json()["code"]) == (400, code)
    assert not Artifact.objects.exists()


def test_upload_beyond_what_lambda_takes_is_413(operator: APIClient) -> None:
    """Told by the announced length, before the body is read."""
    builders.service(builders.manifest())

    response = operator.generic(
        "POST",
        "/api/v1/services/keyvalue/artifacts/",
        b"--x--",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(60 * 1024 * 1024),
    )

    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_deploy_freezes_the_draft_and_opens_an_operation(operator: APIClient) -> None:
    """202 with its address; the release is what the draft says now, not what it says later."""
    builders.service()

    response = operator.post("/api/v1/services/ledger/deploy/", {})
    operator.patch("/api/v1/services/ledger/", {"regions": ["ap-northeast-1"]})

    operation = Operation.objects.get()
    assert (response.status_code, response["Location"], response["Retry-After"]) == (
        202,
        f"/api/v1/operations/{operation.pk}/",
        "1",
    )
    release = Release.objects.get()
    assert (release.number, release.manifest["regions"]) == (1, ["us-west-2", "eu-central-1"])
    assert (operation.title, operation.status, operation.release) == ("Deploy ledger r1", "queued", release)
    stack = Stack.objects.get(foundation=False)
    assert (stack.release, stack.next_look_at is not None) == (release, True)


def test_records_go_to_the_longest_zone_of_the_account(operator: APIClient) -> None:
    HostedZone.objects.create(account=Account.objects.get(), name="kv.example.test", zone_id="ZLONG")
    draft = builders.uploaded(builders.service(builders.manifest(hostname="a.kv.example.test")))

    assert operator.post(f"/api/v1/services/{draft.name}/deploy/", {}).status_code == 202

    assert Release.objects.get(service_name=draft.name).zone_id == "ZLONG"


def test_second_deploy_waits_for_the_first(operator: APIClient) -> None:
    """409 with the id of the operation that is in the way."""
    builders.service()
    first = operator.post("/api/v1/services/ledger/deploy/", {}).json()["id"]

    response = operator.post("/api/v1/services/ledger/deploy/", {})

    assert (response.status_code, response.json()["code"], response.json()["operation"]) == (
        409,
        "operation_open",
        first,
    )
    assert Operation.objects.count() == 1


def test_deploying_the_same_again_makes_no_new_release(operator: APIClient) -> None:
    builders.deployed(builders.service())

    response = operator.post("/api/v1/services/ledger/deploy/", {})

    assert (response.status_code, response.json()["release"], Release.objects.count()) == (202, 1, 1)


@pytest.mark.parametrize(
    ("patch", "title"),
    [
        ({"regions": ["us-west-2", "eu-central-1", "ap-northeast-1"]}, "Add ap-northeast-1 to ledger"),
        ({"regions": ["us-west-2"]}, "Remove eu-central-1 from ledger"),
        ({"tags": {"team": "core"}}, "Deploy ledger r2"),
        ({"regions": ["ap-northeast-1"]}, "Deploy ledger r2"),
    ],
)
def test_operation_is_called_what_it_does(operator: APIClient, patch: dict[str, Any], title: str) -> None:
    builders.deployed(builders.service())
    operator.patch("/api/v1/services/ledger/", patch)

    assert operator.post("/api/v1/services/ledger/deploy/", {}).json()["title"] == title


def test_missing_artifact_is_refused(operator: APIClient) -> None:
    """By deploy and by plan: 409 that names it and the address to upload it to."""
    builders.service(builders.manifest())

    for verb in ("deploy", "plan"):
        response = operator.post(f"/api/v1/services/keyvalue/{verb}/", {})
        assert (response.status_code, response.json()["code"]) == (409, "artifact_missing")
        assert response.json()["errors"][0]["field"] == "components[1].artifact"
        assert "/api/v1/services/keyvalue/artifacts/" in response.json()["mend"]
    assert not Operation.objects.exists()


def test_handler_that_is_not_in_the_zip_is_refused(operator: APIClient) -> None:
    draft = builders.uploaded(builders.service(builders.manifest()))
    document = operator.get("/api/v1/services/keyvalue/").json()["manifest"]
    document["components"][1]["handler"] = "get_kez.main"
    operator.put(f"/api/v1/services/{draft.name}/", document)

    response = operator.post("/api/v1/services/keyvalue/deploy/", {})

    assert (response.status_code, response.json()["code"]) == (409, "handler_missing")
    assert 'did you mean "get_key.main"?' in response.json()["detail"]


@pytest.mark.parametrize("change", [{"opt_in": "not-opted-in"}, {"opt_in": "unknown"}])
def test_region_that_the_account_can_not_use_is_refused(operator: APIClient, change: dict[str, str]) -> None:
    draft = builders.service()
    draft.account.account_regions.filter(region__code="eu-central-1").update(**change)

    response = operator.post("/api/v1/services/ledger/deploy/", {})

    assert (response.status_code, response.json()["code"]) == (409, "region_unusable")
    assert response.json()["errors"][0]["field"] == "regions[1]"


def test_disabled_region_is_refused(operator: APIClient) -> None:
    builders.service()
    builders.client_of(builders.administrator()).patch("/api/v1/regions/eu-central-1/", {"enabled": False})

    assert operator.post("/api/v1/services/ledger/deploy/", {}).json()["code"] == "region_unusable"


def test_hostname_outside_of_every_zone_is_refused(operator: APIClient) -> None:
    builders.uploaded(builders.service(builders.manifest(hostname="kv.elsewhere.test")))

    response = operator.post("/api/v1/services/keyvalue/deploy/", {})

    assert (response.status_code, response.json()["code"]) == (409, "zone_missing")


@pytest.mark.parametrize("body", [{"plan": "x"}, {"destroy_data": ["no-such"]}, [], "x"])
def test_bad_request_deploys_nothing(operator: APIClient, body: Any) -> None:
    builders.service()

    assert operator.post("/api/v1/services/ledger/deploy/", body).status_code == 400
    assert not Operation.objects.exists()


def test_broker_that_is_down_delays_nothing_but_the_start(
    operator: APIClient, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """The operation is a row; beat finds it."""

    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr("celery.current_app.send_task", refuse)
    builders.service()

    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        response = operator.post("/api/v1/services/ledger/deploy/", {})

    assert (response.status_code, len(callbacks)) == (202, 1)


def test_worker_is_woken_once_the_operation_stands(
    operator: APIClient, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr("celery.current_app.send_task", lambda name, **how: sent.append((name, how["args"])))
    builders.service()

    with django_capture_on_commit_callbacks(execute=True):
        operator.post("/api/v1/services/ledger/deploy/", {})

    assert sent == [("deployments.tasks.look", [Stack.objects.get().pk])]


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A world in which one record is to be made, after its certificate; collects what was asked."""
    ref = Ref("keyvalue", "acm_certificate", "us-west-2", "keyvalue.example.test")
    waiting = Waiting("is not issued yet", ref, "arn")
    change = Change(
        Ref("keyvalue", "route53_record", "global", "keyvalue.example.test A"), Action.CREATE, "it is not there"
    )
    plan = Plan((replace(change, waiting=(waiting,)),), problems=(Problem(ref, "conflict", "not ours", "Adopt it."),))
    asked: list[Any] = []

    def preview(stack: Stack | None, wanted: Any, **how: Any) -> PlanView:
        asked.append((stack, wanted, how["consent"]))
        return PlanView(plan, "d1gest", 2.5)

    monkeypatch.setattr("deployments.actions.plan_service.preview", preview)
    monkeypatch.setattr("deployments.actions.plan_service.preflight", lambda *args: Preflight())
    return asked


def test_plan_tells_changes_waits_and_problems(operator: APIClient, planned: list[Any]) -> None:
    """As data and as lines; nothing of the service is written, not even a stack."""
    builders.uploaded(builders.service(builders.manifest()))

    response = operator.post("/api/v1/services/keyvalue/plan/", {"destroy_data": ["keyvalues"]})

    assert response.status_code == 200
    body = response.json()
    assert set(body) == set(PlanSerializer().fields)
    assert (body["digest"], body["wait_s"], body["destroy_data"]) == ("d1gest", 2.5, ["keyvalues"])
    assert body["changes"] == [
        {
            "action": "create",
            "kind": "route53_record",
            "region": "global",
            "name": "keyvalue.example.test A",
            "reason": "it is not there",
            "diff": [],
        }
    ]
    assert [one["name"] for one in body["waiting"]] == ["keyvalue.example.test A"]
    assert [(one["code"], one["mend"]) for one in body["problems"]] == [("conflict", "Adopt it.")]
    assert any("route53_record" in line for line in body["lines"])
    ((stack, wanted, consent),) = planned
    assert (stack, list(consent)) == (None, ["keyvalues"])
    assert (wanted.manifest.name, wanted.account_id, wanted.zone_id) == ("keyvalue", "000000000000", "Z000000000000")
    assert not Stack.objects.exists()


def test_another_manifest_is_planned_without_being_saved(operator: APIClient, planned: list[Any]) -> None:
    draft = builders.service()

    response = operator.post(
        "/api/v1/services/ledger/plan/", {"manifest": builders.table_only(regions=["ap-northeast-1"])}
    )

    assert response.status_code == 200
    assert planned[0][1].manifest.region_codes == ("ap-northeast-1",)
    draft.refresh_from_db()
    assert [placement.region.code for placement in draft.placements.all()] == ["us-west-2", "eu-central-1"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"manifest": builders.table_only("other")}, "invalid"),
        ({"manifest": {}}, "invalid_manifest"),
        ({"manifest": None}, "invalid"),
        ({"manifest": 7}, "invalid"),
        ({"saved": True}, "invalid"),
    ],
)
def test_nonsense_is_not_planned(operator: APIClient, planned: list[Any], body: dict[str, Any], code: str) -> None:
    builders.service()

    response = operator.post("/api/v1/services/ledger/plan/", body)

    assert (response.status_code, response.json()["code"], planned) == (400, code, [])


def opened(operator: APIClient) -> Operation:
    builders.service()
    operator.post("/api/v1/services/ledger/deploy/", {})
    return Operation.objects.get()


def test_operation_tells_its_steps(operator: APIClient) -> None:
    """Which step, which AWS error, what to do."""
    operation = opened(operator)
    Step.objects.create(
        operation=operation,
        position=0,
        kind="dynamodb_table",
        scope="us-west-2",
        name="entries",
        action="create",
        status="failed",
        attempts=3,
        error_code="LimitExceededException",
        error="too many tables",
        mend="Ask for a higher quota.",
    )

    step = operator.get(f"/api/v1/operations/{operation.pk}/").json()["steps"][0]

    assert (step["region"], step["attempts"], step["error_code"], step["error"], step["mend"]) == (
        "us-west-2",
        3,
        "LimitExceededException",
        "too many tables",
        "Ask for a higher quota.",
    )


def test_queued_operation_is_cancelled_at_once(operator: APIClient) -> None:
    operation = opened(operator)

    response = operator.post(f"/api/v1/operations/{operation.pk}/cancel/", {})

    assert (response.status_code, response.json()["status"]) == (202, "cancelled")


def test_running_operation_is_asked_to_stop(operator: APIClient) -> None:
    """Its worker decides when: a change under way is finished."""
    operation = opened(operator)
    Operation.objects.update(status="running")

    response = operator.post(f"/api/v1/operations/{operation.pk}/cancel/", {})

    assert (response.json()["status"], response.json()["cancel_requested"]) == ("running", True)


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_succeeded_operation_is_over(operator: APIClient, verb: str) -> None:
    operation = opened(operator)
    Operation.objects.update(status="succeeded")

    response = operator.post(f"/api/v1/operations/{operation.pk}/{verb}/", {})

    assert (response.status_code, response.json()["code"]) == (409, "operation_finished")


def test_failed_operation_is_retried_as_a_new_one(operator: APIClient) -> None:
    """Same verb, release and consent."""
    operation = opened(operator)
    Operation.objects.update(status="failed", consent=["entries"])

    response = operator.post(f"/api/v1/operations/{operation.pk}/retry/", {})

    again = Operation.objects.get(status="queued")
    assert (response.status_code, response.json()["id"]) == (202, again.pk)
    assert (again.verb, again.release, again.consent) == ("deploy", operation.release, ["entries"])


def test_only_the_newest_operation_is_retried(operator: APIClient) -> None:
    """To retry an older one would undo what was asked since."""
    old = opened(operator)
    Operation.objects.update(status="failed")
    operator.patch("/api/v1/services/ledger/", {"stage": "prod"})
    new = operator.post("/api/v1/services/ledger/deploy/", {}).json()["id"]
    Operation.objects.update(status="failed")

    response = operator.post(f"/api/v1/operations/{old.pk}/retry/", {})

    assert (response.status_code, response.json()["code"], response.json()["operation"]) == (
        409,
        "operation_superseded",
        new,
    )


def test_operations_are_listed_newest_first_and_filtered(operator: APIClient) -> None:
    builders.deployed(builders.service(builders.table_only("a")))
    builders.deployed(builders.service(builders.table_only("b")))
    operator.post("/api/v1/services/b/deploy/", {})

    def listed(query: str) -> list[tuple[str, str]]:
        rows = operator.get(f"/api/v1/operations/{query}").json()["results"]
        return [(row["service"], row["status"]) for row in rows]

    assert listed("") == [("b", "queued"), ("b", "succeeded"), ("a", "succeeded")]
    assert listed("?service=a") == [("a", "succeeded")]
    assert listed("?status=queued&status=running") == [("b", "queued")]


def test_operations_ask_the_same_number_of_queries_for_any_number(operator: APIClient) -> None:
    builders.deployed(builders.service(builders.table_only("a")))
    operator.get("/api/v1/operations/")
    with CaptureQueriesContext(connection) as few:
        operator.get("/api/v1/operations/")
    for name in ("b", "c", "d"):
        builders.deployed(builders.service(builders.table_only(name)))

    with CaptureQueriesContext(connection) as many:
        response = operator.get("/api/v1/operations/")

    assert len(response.json()["results"]) == 4
    assert len(many) == len(few)
