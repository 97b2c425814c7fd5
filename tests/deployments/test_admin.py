"""The admin: one form for a whole manifest, plan before deploy, destroy by typed name, records that nobody edits."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deployments import manifests
from deployments.models import Artifact, Operation, Service
from deployments.plan.model import Action, Change, Plan, Ref
from deployments.preview import PlanView
from regions.models import Account, Region
from tests import builders

pytestmark = pytest.mark.django_db

SERVICES = "/admin/deployments/service/"


@pytest.fixture
def admin(client: Client) -> Client:
    builders.account()
    client.force_login(User.objects.create_superuser("admin"))
    return client


def form(**changes: Any) -> dict[str, Any]:
    """What a browser sends for a table in two regions."""
    account = Account.objects.get()
    regions = {region.code: region.pk for region in Region.objects.all()}
    return {
        "name": "ledger",
        "account": account.pk,
        "hostname": "",
        "zone": "",
        "stage": "",
        "tags": "{}",
        "slo": "{}",
        "routing": "{}",
        "health_check": "{}",
        "safety": "{}",
        "components-TOTAL_FORMS": 1,
        "components-INITIAL_FORMS": 0,
        "components-0-position": 0,
        "components-0-kind": "table",
        "components-0-name": "entries",
        "components-0-params": '{"key": {"id": "S"}}',
        "placements-TOTAL_FORMS": 2,
        "placements-INITIAL_FORMS": 0,
        "placements-0-position": 0,
        "placements-0-region": regions["us-west-2"],
        "placements-0-overrides": "{}",
        "placements-1-position": 1,
        "placements-1-region": regions["eu-central-1"],
        "placements-1-overrides": "{}",
        "artifacts-TOTAL_FORMS": 0,
        "artifacts-INITIAL_FORMS": 0,
        **changes,
    }


def test_service_is_made_with_one_form(admin: Client) -> None:
    """The draft that results is the manifest's canonical form, as over the API."""
    response = admin.post(f"{SERVICES}add/", form())

    assert response.status_code == 302, response.context["errors"]
    assert manifests.document_of(Service.objects.get()) == {
        "schema": 1,
        "name": "ledger",
        "account": "demo",
        "regions": ["us-west-2", "eu-central-1"],
        "components": [{"kind": "table", "name": "entries", "key": {"id": "S"}}],
        "routing": {"policy": "latency", "ttl": 60},
        "health_check": {"path": "/", "interval": 10, "failure_threshold": 3},
        "safety": {"min_serving_regions": 1, "repair": "auto", "drain_s": 300},
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"components-0-params": '{"key": {"id": "X"}}'}, "is not a key type"),
        ({"components-0-params": '{"kee": {"id": "S"}}'}, "components[0].kee"),
        ({"components-0-params": "[1]"}, "write a map"),
        ({"components-0-kind": "tabel"}, "did you mean"),
        ({"routing": '{"policy": "latensy"}'}, "did you mean"),
        ({"health_check": '{"interval": 11}'}, "health_check.interval"),
        ({"hostname": "nodots"}, "is not a host name"),
        ({"tags": '{"a": "\\u0000"}'}, "tags"),
        ({"placements-0-overrides": '{"memory_mb": 1}'}, "memory_mb"),
        ({"components-TOTAL_FORMS": 0}, "components"),
    ],
)
def test_problem_is_told_at_its_field_and_nothing_is_saved(admin: Client, changes: dict[str, Any], told: str) -> None:
    """With the path, the value and the mend, by the manifest's own code."""
    response = admin.post(f"{SERVICES}add/", form(**changes))

    assert response.status_code == 200
    assert told in response.content.decode().replace("&quot;", '"')
    assert not Service.objects.exists()


def test_pages_of_a_service_name_it_and_lead_back(admin: Client, planned: PlanView) -> None:
    draft = builders.service()
    for page, title in (("plan", "Plan"), ("destroy", "Destroy"), ("upload", "Upload an artifact")):
        body = admin.get(f"{SERVICES}{draft.pk}/{page}/").content.decode()

        assert f"{title}: ledger</h2>" in body
        assert f'href="{SERVICES}{draft.pk}/change/"' in body


def test_draft_is_changed_with_the_same_form(admin: Client) -> None:
    """Rows are replaced as one manifest: the revision grows by one."""
    draft = builders.service()
    component, (west, central) = draft.components.get(), draft.placements.all()
    changes = {
        "components-INITIAL_FORMS": 1,
        "components-0-id": component.pk,
        "components-0-service": draft.pk,
        "placements-INITIAL_FORMS": 2,
        "placements-0-id": west.pk,
        "placements-0-service": draft.pk,
        "placements-1-id": central.pk,
        "placements-1-service": draft.pk,
        "placements-1-DELETE": "on",
        "stage": "prod",
    }

    response = admin.post(f"{SERVICES}{draft.pk}/change/", form(**changes))

    assert response.status_code == 302, response.context["errors"]
    saved = Service.objects.get()
    assert (saved.stage, saved.revision) == ("prod", draft.revision + 1)
    assert [placement.region.code for placement in saved.placements.all()] == ["us-west-2"]


def test_taken_hostname_is_told(admin: Client) -> None:
    builders.service(builders.manifest("other", hostname="kv.example.test"))

    response = admin.post(f"{SERVICES}add/", form(hostname="kv.example.test"))

    assert "Service with this Hostname already exists" in response.content.decode()


def test_new_kind_needs_no_change_of_the_admin(admin: Client) -> None:
    """The choices are what is found, not what a model lists."""
    page = admin.get(f"{SERVICES}add/").content.decode()

    assert '<option value="table"' in page
    assert '<option value="function"' in page


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> PlanView:
    """A world in which one table is to be made."""
    change = Change(Ref("ledger", "dynamodb_table", "us-west-2", "entries"), Action.CREATE, "it is not there")
    view = PlanView(Plan((change,)), "digest", 0.0)
    monkeypatch.setattr("deployments.actions.plan_service.preview", lambda *args, **kwargs: view)
    return view


def test_plan_is_shown_before_anything_is_deployed(admin: Client, planned: PlanView) -> None:
    draft = builders.service()

    page = admin.get(f"{SERVICES}{draft.pk}/plan/").content.decode()

    assert "dynamodb_table" in page
    assert "1 to create" in page
    assert "The data of entries may be destroyed" in page
    assert not Operation.objects.exists()


def test_button_of_the_plan_deploys(admin: Client, planned: PlanView) -> None:
    draft = builders.service()

    response = admin.post(f"{SERVICES}{draft.pk}/plan/", {"deploy": "", "destroy_data": ["entries"]})

    operation = Operation.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/operations/{operation.pk}/")
    assert (operation.verb, operation.consent, operation.requested_via) == ("deploy", ["entries"], "admin")


def test_refused_plan_tells_why(admin: Client) -> None:
    draft = builders.service(builders.manifest())

    page = admin.get(f"{SERVICES}{draft.pk}/plan/").content.decode()

    assert "not uploaded yet" in page
    assert 'name="deploy"' not in page


@pytest.mark.parametrize(("typed", "done"), [("ledger", True), ("ledgr", False), ("", False)])
def test_destroy_asks_for_the_typed_name(admin: Client, planned: PlanView, typed: str, done: bool) -> None:
    stack = builders.deployed(builders.service())

    admin.post(f"{SERVICES}{stack.service_id}/destroy/", {"destroy": "", "name": typed})

    assert Operation.objects.filter(verb="destroy").exists() is done


def test_artifact_is_uploaded(admin: Client) -> None:
    draft = builders.service(builders.manifest())
    file = SimpleUploadedFile("code.zip", builders.zipped(), "application/zip")

    response = admin.post(f"{SERVICES}{draft.pk}/upload/", {"file": file}, follow=True)

    assert f"sha256:{Artifact.objects.get().sha256}" in response.content.decode()


def test_services_are_never_deleted_past_destroy(admin: Client) -> None:
    """Neither one by one nor in bulk: the rows are all that knows of what stands in AWS."""
    draft = builders.service()

    single = admin.post(f"{SERVICES}{draft.pk}/delete/", {"post": "yes"})
    admin.post(SERVICES, {"action": "delete_selected", "_selected_action": [draft.pk], "post": "yes"})

    assert single.status_code == 403
    assert Service.objects.exists()


@pytest.mark.parametrize("model", ["operation", "resource", "release"])
def test_records_are_shown_and_never_edited(admin: Client, model: str) -> None:
    stack = builders.deployed(builders.service())
    row = {"operation": stack.operations, "resource": stack.resources}.get(model)
    pk = row.first().pk if row else stack.release_id

    assert admin.get(f"/admin/deployments/{model}/").status_code == 200
    assert admin.get(f"/admin/deployments/{model}/{pk}/change/").status_code == 200
    assert admin.post(f"/admin/deployments/{model}/{pk}/change/", {}).status_code == 403
    assert admin.get(f"/admin/deployments/{model}/add/").status_code == 403
    assert admin.post(f"/admin/deployments/{model}/{pk}/delete/", {"post": "yes"}).status_code == 403


def test_operations_are_cancelled_and_retried_as_actions(admin: Client) -> None:
    stack = builders.deployed(builders.service())
    failed = stack.operations.get()
    Operation.objects.update(status="failed")
    url = "/admin/deployments/operation/"

    admin.post(url, {"action": "retry", "_selected_action": [failed.pk]})
    queued = Operation.objects.get(status="queued")
    admin.post(url, {"action": "cancel", "_selected_action": [queued.pk]})

    queued.refresh_from_db()
    assert queued.status == "cancelled"


def test_lists_ask_the_same_number_of_queries_for_any_number_of_rows(
    admin: Client, django_assert_num_queries: Any
) -> None:
    builders.deployed(builders.service(builders.manifest("one")))
    addresses = [SERVICES, "/admin/deployments/operation/", "/admin/deployments/resource/"]
    counts = []
    for address in addresses:
        admin.get(address)
        with CaptureQueriesContext(connection) as queries:
            admin.get(address)
        counts.append(len(queries))
    for name in ("two", "three", "four"):
        builders.deployed(builders.service(builders.manifest(name)))

    for address, count in zip(addresses, counts, strict=True):
        with django_assert_num_queries(count):
            admin.get(address)


def test_viewer_looks_and_changes_nothing(client: Client, planned: PlanView) -> None:
    builders.account()
    stack = builders.deployed(builders.service())
    client.force_login(builders.viewer())

    assert client.get(SERVICES).status_code == 200
    assert client.get(f"{SERVICES}{stack.service_id}/change/").status_code == 200
    for page in ("plan", "destroy", "upload"):
        assert client.get(f"{SERVICES}{stack.service_id}/{page}/").status_code == 403
    assert client.post(f"{SERVICES}{stack.service_id}/change/", form()).status_code == 403
    client.post("/admin/deployments/operation/", {"action": "retry", "_selected_action": [1]})
    assert Operation.objects.count() == 1
