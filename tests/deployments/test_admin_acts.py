"""What operators do in the admin beside drafting: plan, deploy, destroy, check, pause, upload; records only tell."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.record import record
from controlplane import tokens
from deployments.actions.check_drift import Checked
from deployments.models import Artifact, Drift, Grant, Operation, Pause, SavedPlan, Service, Step
from deployments.plan.model import Action, Change, Difference, Plan, Ref, Waiting
from deployments.plan.preflight import Preflight
from deployments.preview import PlanView
from regions.models import Account, Endpoint, Status
from tests import builders

pytestmark = pytest.mark.django_db

SERVICES = "/admin/deployments/service/"


@pytest.fixture
def admin(client: Client) -> Client:
    builders.account()
    client.force_login(User.objects.create_superuser("admin"))
    return client


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> PlanView:
    """A world in which a table is to be made and another changed."""
    made = Ref("ledger", "dynamodb_table", "us-west-2", "entries")
    changes = (
        Change(made, Action.CREATE, "it is not there"),
        Change(
            Ref("ledger", "lambda_function", "eu-central-1", "read"),
            Action.UPDATE,
            "memory_mb differs",
            differences=(Difference("memory_mb", 128, 256),),
            waiting=(Waiting("the table", made),),
        ),
    )
    view = PlanView(Plan(changes), "digest", 0.0)
    for place in ("plan_service", "signing"):
        monkeypatch.setattr(f"deployments.actions.{place}.preview", lambda *args, **kwargs: view, raising=False)
    monkeypatch.setattr("deployments.actions.plan_service.preflight", lambda *args: Preflight())
    return view


def test_pages_of_a_service_name_it_and_lead_back(admin: Client, planned: PlanView) -> None:
    draft = builders.service()
    for page in ("plan", "destroy", "upload", "manifest", "pause", "check", "adopt"):
        body = admin.get(f"{SERVICES}{draft.pk}/{page}/").content.decode()

        assert ": ledger</h2>" in body, page
        assert f'href="{SERVICES}{draft.pk}/change/"' in body, page


def test_plan_is_shown_by_region_with_what_waits_for_what(admin: Client, planned: PlanView) -> None:
    draft = builders.service()

    response = admin.get(f"{SERVICES}{draft.pk}/plan/")

    page = response.content.decode()
    assert [scope.name for scope in response.context["plan"].scopes] == ["us-west-2", "eu-central-1"]
    assert "1 create, 1 update" in page.lower()
    assert '<dd class="minus">128</dd><dd class="plus">256</dd>' in page
    assert '<a class="tag accent" href="#change-1"' in page
    assert "The data of entries may be destroyed" in page
    assert not Operation.objects.exists()


def test_button_of_the_plan_deploys_that_plan(admin: Client, planned: PlanView) -> None:
    draft = builders.service()
    admin.get(f"{SERVICES}{draft.pk}/plan/")
    kept = SavedPlan.objects.get()

    response = admin.post(f"{SERVICES}{draft.pk}/plan/", {"deploy": "deploy", "plan": kept.pk})

    operation = Operation.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/operations/{operation.pk}/")
    assert (operation.verb, operation.plan, operation.requested_via) == ("deploy", kept.digest, "admin")


def test_plan_that_moved_is_refused_and_shown_anew(admin: Client, planned: PlanView) -> None:
    draft = builders.service()

    response = admin.post(f"{SERVICES}{draft.pk}/plan/", {"deploy": "deploy", "plan": "999"})

    assert response.status_code in {404, 409}
    assert 'role="alert"' in response.content.decode()
    assert not Operation.objects.exists()


def test_refused_plan_tells_why(admin: Client) -> None:
    draft = builders.service(builders.manifest())

    page = admin.get(f"{SERVICES}{draft.pk}/plan/").content.decode()

    assert "not uploaded yet" in page
    assert 'name="deploy"' not in page


@pytest.mark.parametrize(("typed", "done"), [("ledger", True), ("ledgr", False), ("", False)])
def test_destroy_asks_for_the_typed_name(admin: Client, planned: PlanView, typed: str, done: bool) -> None:
    stack = builders.deployed(builders.service())

    admin.post(f"{SERVICES}{stack.service_id}/destroy/", {"destroy": "destroy", "name": typed})

    assert Operation.objects.filter(verb="destroy").exists() is done


def test_artifact_is_uploaded(admin: Client) -> None:
    draft = builders.service(builders.manifest())
    file = SimpleUploadedFile("code.zip", builders.zipped(), "application/zip")

    response = admin.post(f"{SERVICES}{draft.pk}/upload/", {"file": file}, follow=True)

    assert f"sha256:{Artifact.objects.get().sha256}" in response.content.decode()


def test_stop_button_is_pressed_with_a_reason_and_let_go_of(admin: Client) -> None:
    draft = builders.service()

    admin.post(f"{SERVICES}{draft.pk}/pause/", {"pause": "pause", "reason": "an incident"})
    assert [(pause.stack and pause.stack.name, pause.reason) for pause in Pause.objects.all()] == [
        ("ledger", "an incident")
    ]
    assert "an incident" in admin.get(f"{SERVICES}{draft.pk}/pause/").content.decode()

    admin.post(f"{SERVICES}{draft.pk}/pause/", {"resume": "resume"})
    assert not Pause.objects.exists()


def test_several_services_are_paused_and_resumed_from_the_list(admin: Client) -> None:
    pks = [builders.service(builders.table_only(name)).pk for name in ("one", "two")]

    asked = admin.post(SERVICES, {"action": "pause_selected", "_selected_action": pks})
    assert 'name="reason"' in asked.content.decode()
    assert not Pause.objects.exists()
    admin.post(SERVICES, {"action": "pause_selected", "_selected_action": pks, "reason": "an incident"})
    assert Pause.objects.count() == 2

    admin.post(SERVICES, {"action": "resume_selected", "_selected_action": pks})
    assert not Pause.objects.exists()


def test_everything_is_paused_and_resumed_at_the_stop_button(admin: Client) -> None:
    address = "/admin/deployments/pause/"

    admin.post(f"{address}everything/", {"reason": "an incident"})
    pause = Pause.objects.get(stack=None)
    admin.post(address, {"action": "resume", "_selected_action": [pause.pk]})

    assert not Pause.objects.exists()


def test_check_now_tells_what_was_found(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = builders.deployed(builders.service())
    monkeypatch.setattr("deployments.admin.service_pages.CheckDrift.execute", lambda self: Checked(counts=True))
    address = f"{SERVICES}{stack.service_id}/check/"

    assert "nothing differs" in admin.post(address, follow=True).content.decode()
    differs(builders.deployed(builders.service(builders.table_only("other"))), "other")
    differs(stack, "entries")
    assert "one thing differs" in admin.post(address, follow=True).content.decode()


def test_check_of_what_was_never_deployed_is_refused_with_its_mend(admin: Client) -> None:
    draft = builders.service()

    assert "Deploy it first." in admin.post(f"{SERVICES}{draft.pk}/check/", follow=True).content.decode()


def test_adopting_without_a_reason_is_refused_on_the_page(admin: Client) -> None:
    draft = builders.service()
    said = {"kind": "dynamodb_table", "region": "us-west-2", "name": "entries", "reason": ""}

    response = admin.post(f"{SERVICES}{draft.pk}/adopt/", said)

    assert response.status_code == 400
    assert "say why" in response.content.decode()
    assert 'value="entries"' in response.content.decode()


def differs(stack: Any, name: str) -> Drift:
    now = timezone.now()
    return Drift.objects.create(
        stack=stack, kind="dynamodb_table", scope="us-west-2", name=name, reason="gone", found_at=now, seen_at=now
    )


def test_services_are_listed_trouble_first_with_word_and_shape(admin: Client) -> None:
    for name, status in (("aa", Status.UP), ("bb", Status.DOWN), ("cc", Status.DEGRADED)):
        builders.deployed(builders.service(builders.manifest(name)))
        Endpoint.objects.filter(name=name, region__code="us-west-2").update(status=status)
    builders.service(builders.table_only("dd"))

    response = admin.get(SERVICES)

    assert [row.name for row in response.context["cl"].result_list] == ["bb", "cc", "aa", "dd"]
    assert '<span aria-hidden="true">■</span> down' in response.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"one", "two"}),
        ("q=us-west", {"one"}),
        ("q=entries", {"two"}),
        ("q=one.example", {"one"}),
        ("status=down", {"one"}),
        ("status=none", {"two"}),
        ("draft=pending", {"two"}),
        ("draft=released", {"one"}),
        ("drift=yes", {"one"}),
        ("drift=no", {"two"}),
        ("paused=yes", {"one"}),
        ("paused=no", {"two"}),
        ("region=ap-northeast-1", {"two"}),
    ],
)
def test_services_are_found_and_filtered(admin: Client, query: str, found: set[str]) -> None:
    one = builders.deployed(builders.service(builders.manifest("one", regions=["us-west-2"])))
    builders.service(builders.table_only("two", regions=["ap-northeast-1"]))
    Endpoint.objects.update(status=Status.DOWN)
    differs(one, "keyvalues")
    Pause.objects.create(stack=one)

    response = admin.get(f"{SERVICES}?{query}")

    assert {row.name for row in response.context["cl"].result_list} == found


def test_services_are_never_deleted_past_destroy(admin: Client) -> None:
    """Neither one by one nor in bulk: the rows are all that knows of what stands in AWS."""
    draft = builders.service()

    single = admin.post(f"{SERVICES}{draft.pk}/delete/", {"post": "yes"})
    admin.post(SERVICES, {"action": "delete_selected", "_selected_action": [draft.pk], "post": "yes"})

    assert single.status_code == 403
    assert Service.objects.exists()


@pytest.mark.parametrize("model", ["operation", "resource", "release", "drift", "savedplan", "pause"])
def test_records_are_shown_and_never_edited(admin: Client, model: str) -> None:
    stack = builders.deployed(builders.service())
    rows: dict[str, Any] = {
        "operation": stack.operations,
        "resource": stack.resources,
        "drift": differs(stack, "entries"),
        "savedplan": SavedPlan.objects.create(service_name="ledger", account_name="demo", digest="d"),
        "pause": Pause.objects.create(stack=stack),
    }
    row = rows.get(model, stack.release)
    pk = (row.first() if hasattr(row, "first") else row).pk

    assert admin.get(f"/admin/deployments/{model}/").status_code == 200
    assert admin.get(f"/admin/deployments/{model}/{pk}/change/").status_code == 200
    assert admin.post(f"/admin/deployments/{model}/{pk}/change/", {}).status_code == 403
    assert admin.get(f"/admin/deployments/{model}/add/").status_code == 403
    assert admin.post(f"/admin/deployments/{model}/{pk}/delete/", {"post": "yes"}).status_code == 403


def test_operation_is_shown_with_its_steps_their_errors_and_mends(admin: Client) -> None:
    operation = builders.deployed(builders.service()).operations.get()
    Step.objects.create(
        operation=operation,
        position=0,
        kind="dynamodb_table",
        scope="us-west-2",
        name="entries",
        action="create",
        status="failed",
        error_code="AccessDeniedException",
        error="not <authorized>",
        mend="Allow it.",
    )

    page = admin.get(f"/admin/deployments/operation/{operation.pk}/change/").content.decode()

    assert "create dynamodb_table entries" in page
    assert "<b>AccessDeniedException</b> not &lt;authorized&gt;<br>Mend: Allow it." in page


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


def test_region_shows_its_zones_and_the_services_there(admin: Client) -> None:
    draft = builders.service()
    region = draft.placements.all()[0].region
    region.zones.create(zone_id="usw2-az1")

    page = admin.get(f"/admin/regions/region/{region.pk}/change/").content.decode()

    assert "usw2-az1" in page
    assert "ledger" in page


def populated(number: int) -> None:
    """So many rows more in every list of the admin."""
    for _ in range(number):
        count = Service.objects.count()
        account = builders.account(f"a{count}", f"{count + 1:012}", zone=f"z{count}.test")
        stack = builders.deployed(
            builders.service(builders.manifest(f"s{count}", account=account.name, hostname=f"k.z{count}.test"))
        )
        user = User.objects.create_user(f"u{count}")
        Grant.objects.create(user=user, role=Group.objects.get_or_create(name=f"g{count}")[0], account=account)
        tokens.issue(user, name="t")
        Pause.objects.create(stack=stack, created_by=user)
        SavedPlan.objects.create(service_name=stack.name, account_name=account.name, digest="d", created_by=user)
        differs(stack, "keyvalues")
        record("drift.found", name=stack.name, service=stack.name, account=account.name)
        Operation.objects.update(requested_by=user)


def queries_of_each_list(client: Client) -> dict[str, int]:
    """What each list of the admin asks the database, whatever is registered: a new list is counted by itself."""
    counts = {}
    for model in django_admin.site._registry:
        address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200, address
        counts[model._meta.label] = len(asked)
    return counts


def test_every_list_asks_the_same_number_of_queries_for_1_and_30_rows(client: Client) -> None:
    client.force_login(User.objects.create_superuser("admin"))
    populated(1)
    few = queries_of_each_list(client)
    populated(29)

    assert queries_of_each_list(client) == few
    assert {"deployments.Service", "deployments.Drift", "audit.Entry", "regions.Account"} <= few.keys()


def test_viewer_looks_and_changes_nothing(client: Client, planned: PlanView) -> None:
    builders.account()
    stack = builders.deployed(builders.service())
    client.force_login(builders.viewer())
    own = f"{SERVICES}{stack.service_id}/"

    assert client.get(SERVICES).status_code == 200
    shown = client.get(f"{own}change/")
    assert shown.status_code == 200
    assert '<fieldset class="whole" disabled>' in shown.content.decode()
    assert client.get(f"{own}manifest/").status_code == 200
    for page in ("plan", "destroy", "upload", "pause", "check", "adopt"):
        assert client.get(f"{own}{page}/").status_code == 403, page
        assert client.post(f"{own}{page}/").status_code == 403, page
    assert client.post(f"{own}change/", {"name": "ledger"}).status_code == 403
    assert client.get(f"{SERVICES}add/").status_code == 403
    client.post("/admin/deployments/operation/", {"action": "retry", "_selected_action": [1]})
    client.post(SERVICES, {"action": "pause_selected", "_selected_action": [stack.service_id], "reason": "x"})
    assert Operation.objects.count() == 1
    assert not Pause.objects.exists()


def test_operator_of_one_account_sees_and_saves_only_there(client: Client) -> None:
    """A grant counts in the form too: neither another account's services nor the account itself can be chosen."""
    mine, other = builders.account(), builders.account("other", "1" * 12, zone="other.test")
    draft = builders.service(builders.table_only(account="demo"))
    foreign = builders.service(builders.table_only("foreign", account="other"))
    user = User.objects.create_user("operator", is_staff=True)
    Grant.objects.create(user=user, role=Group.objects.get(name="operator"), account=mine)
    client.force_login(user)

    assert [row.name for row in client.get(SERVICES).context["cl"].result_list] == ["ledger"]
    assert client.get(f"{SERVICES}{draft.pk}/change/").status_code == 200
    assert client.get(f"{SERVICES}{foreign.pk}/change/").status_code == 404
    said = {
        "name": "moved",
        "account": other.name,
        "regions[0].region": "us-west-2",
        "components[0].kind": "table",
        "components[0].name": "entries",
        "components[0].key[0].name": "id",
        "components[0].key[0].type": "S",
    }
    refused = client.post(f"{SERVICES}add/", said)
    assert [one.path for one in refused.context["ill"]] == ["account"]
    assert client.post(f"{SERVICES}add/", {**said, "account": "demo"}).status_code == 302
    assert Account.objects.get(name="other").services.count() == 1
