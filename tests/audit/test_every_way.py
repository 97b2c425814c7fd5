"""Whatever way a row is changed, the log tells it, with the right person."""

from __future__ import annotations

import getpass
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from audit.context import acting
from audit.models import Entry
from controlplane.models import Token
from deployments import manifests
from deployments.actions.deploy import Deploy
from deployments.actions.save_manifest import SaveManifest
from deployments.models import Component, Drift, Grant, Operation, Pause, Placement, Release, Resource, SavedPlan, Stack
from regions.models import Account, AccountRegion, Endpoint, Region
from tests import builders
from tests.audit.entries import written

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def world() -> Account:
    return builders.account()


def who(entry: Entry) -> tuple[str, str]:
    return entry.actor, entry.via


# who


def test_api_with_a_token() -> None:
    """The user, the token, the door, the address and the request's id."""
    user = builders.operator()
    client = builders.client_of(user)

    with written() as log:
        answer = client.post("/api/v1/services/", builders.table_only(), HTTP_X_REQUEST_ID="release-4711")

    assert (answer.status_code, answer["X-Request-Id"]) == (201, "release-4711")
    assert log.actions == ["service.created", "component.created", "placement.created", "placement.created"]
    assert {who(entry) for entry in log} == {("operator", "api")}
    created = log.one("service.created")
    assert (created.actor_id, created.address, created.request_id) == (user.pk, "127.0.0.1", "release-4711")
    assert created.details == {"token": "test"}
    assert (created.table, created.name, created.service, created.account) == (
        "deployments_service",
        "ledger",
        "ledger",
        "demo",
    )


def test_api_with_a_session(client: Client) -> None:
    client.force_login(builders.operator())

    with written() as log:
        client.post("/api/v1/services/", builders.table_only(), content_type="application/json")

    assert {who(entry) for entry in log} == {("operator", "api")}
    assert log.one("service.created").details == {}


def test_page(client: Client) -> None:
    """A form of the dashboard."""
    draft = builders.service()
    client.force_login(builders.operator())
    operation = Deploy(draft, builders.COMMAND).execute()

    with written() as log:
        client.post(f"/operations/{operation.pk}/cancel/")

    assert log.actions == ["operation.cancelled"]
    assert who(log[0]) == ("operator", "page")


def test_admin(client: Client) -> None:
    """A form, and an action on what is selected there: a bulk update."""
    boss = builders.administrator()
    client.force_login(boss)
    token = Token.objects.create(user=boss, name="ci", digest="d" * 64, expires_at=timezone.now())

    with written() as log:
        client.post("/admin/controlplane/token/", {"action": "revoke", "_selected_action": [str(token.pk)]})

    assert log.actions == ["token.revoked"]
    assert (who(log[0]), log[0].name) == ((boss.username, "admin"), f"ci of {boss.username}")


def test_command() -> None:
    """The user of the operating system."""
    builders.administrator("somebody")

    with written() as log:
        call_command("token", "somebody", "--name", "ci", verbosity=0)

    assert log.actions == ["token.issued"]
    assert who(log[0]) == (getpass.getuser(), "command")


def test_worker() -> None:
    """Known by the name that its connections bear, with no statement more."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL application_name = 'antipode-worker'")

    with written() as log:
        Region.objects.create(code="eu-north-1")

    assert who(log[0]) == ("antipode", "worker")


def test_sql_by_hand() -> None:
    """Past all doors: whoever connected."""
    with written() as log, connection.cursor() as cursor:
        cursor.execute("UPDATE regions_region SET enabled = false WHERE code = 'us-west-2'")
        cursor.execute("SELECT session_user")
        (connected,) = cursor.fetchone()

    assert log.actions == ["region.changed"]
    assert who(log[0]) == (connected, "database")
    assert (log[0].before, log[0].after) == ({"enabled": True}, {"enabled": False})


def test_who_acts_in_one_transaction_is_not_taken_for_the_next() -> None:
    """Two people, one connection, one transaction: each their own."""
    with written() as log:
        with acting("page", actor="first"):
            Region.objects.create(code="eu-north-1")
        with acting("page", actor="second"):
            Region.objects.create(code="eu-south-1")

    assert [entry.actor for entry in log] == ["first", "second"]


@pytest.mark.django_db(transaction=True)
def test_autocommit_carries_who_acts_and_leaves_nothing_behind() -> None:
    """Each statement has a transaction of its own there; the connection forgets at its end."""
    with written() as log:
        with acting("page", actor="first"):
            Region.objects.filter(code="us-west-2").update(enabled=False)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE regions_region SET enabled = true WHERE code = 'us-west-2'")

    assert [entry.via for entry in log] == ["page", "database"]
    assert log[0].actor == "first"


def test_reason_of_who_acts_stands_on_the_entry() -> None:
    with written() as log, acting("page", actor="first") as now:
        now.reason = "the provider is ill"
        Region.objects.filter(code="us-west-2").update(enabled=False)

    assert log[0].details == {"reason": "the provider is ill"}


# how


def bulk_create() -> None:
    Region.objects.bulk_create([Region(code="eu-north-1"), Region(code="eu-south-1")])


def bulk_update() -> None:
    rows = list(Region.objects.filter(code__in=["us-west-2", "eu-central-1"]))
    for row in rows:
        row.enabled = False
    Region.objects.bulk_update(rows, ["enabled"])


def update() -> None:
    Region.objects.filter(code__in=["us-west-2", "eu-central-1"]).update(enabled=False)


def upsert() -> None:
    rows = [Region(code="us-west-2", enabled=False), Region(code="eu-north-1")]
    Region.objects.bulk_create(rows, update_conflicts=True, update_fields=["enabled"], unique_fields=["code"])


def delete() -> None:
    AccountRegion.objects.all().delete()
    Region.objects.filter(code__in=["us-west-2", "eu-central-1"]).delete()


def with_query() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH chosen AS (SELECT id FROM regions_region WHERE code LIKE 'ap-%') "
            "UPDATE regions_region SET enabled = false FROM chosen WHERE chosen.id = regions_region.id"
        )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (bulk_create, ["region.created"] * 2),
        (bulk_update, ["region.changed"] * 2),
        (update, ["region.changed"] * 2),
        (upsert, ["region.changed", "region.created"]),
        (delete, ["region.deleted"] * 2),
        (with_query, ["region.changed"] * 2),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_many_rows_at_once_are_an_entry_each(change: Callable[[], None], told: list[str]) -> None:
    with written() as log, acting("page", actor="operator"):
        change()

    assert log.actions == told
    assert {who(entry) for entry in log} == {("operator", "page")}


def test_what_goes_with_a_row_is_told_too() -> None:
    """Components and placements know whose they were."""
    draft = builders.service()

    with written() as log, acting("page", actor="operator"):
        draft.delete()

    assert sorted(log.actions) == ["component.deleted", "placement.deleted", "placement.deleted", "service.deleted"]
    assert {(entry.service, entry.account, entry.actor) for entry in log} == {("ledger", "demo", "operator")}


def test_emptied_table_is_told() -> None:
    """TRUNCATE has no rows to tell of."""
    with written() as log, connection.cursor() as cursor:
        cursor.execute("TRUNCATE deployments_grant")

    assert (log.actions, log[0].before, log[0].after) == (["grant.truncated"], None, None)


def test_rollback_leaves_nothing() -> None:
    """What did not happen is not told."""
    with written() as log, transaction.atomic():
        draft = builders.service()
        transaction.set_rollback(True)

    assert draft.pk is not None
    assert log == []


def test_change_of_nothing_writes_nothing() -> None:
    """Nor do columns that say nothing: clocks, counters."""
    draft = builders.service()
    token = Token.objects.create(user=builders.viewer(), name="ci", digest="d" * 64, expires_at=timezone.now())

    with written() as log:
        draft.save()
        Region.objects.update(enabled=True)
        Token.objects.filter(pk=token.pk).update(last_used_at=timezone.now())
        User.objects.update(last_login=timezone.now())

    assert log == []


# what


def test_edit_tells_what_changed_and_nothing_else() -> None:
    """A component that stays is the same row; what did not change is not told."""
    draft = builders.service()
    document = {**manifests.document_of(draft), "tags": {"team": "core"}, "regions": ["us-west-2", "ap-southeast-1"]}
    document["components"] = [{"kind": "table", "name": "entries", "key": {"id": "N"}}]

    with written() as log:
        SaveManifest(manifests.read(document), builders.COMMAND, draft).execute()

    told = {(entry.action, entry.name): (entry.before, entry.after) for entry in log}
    placed = Placement.objects.get(region__code="ap-southeast-1")
    assert told == {
        ("service.changed", "ledger"): ({"tags": {}}, {"tags": {"team": "core"}}),
        ("component.changed", "table entries"): ({"params": {"key": {"id": "S"}}}, {"params": {"key": {"id": "N"}}}),
        ("placement.deleted", "ledger in eu-central-1"): (
            {"position": 1, "region_id": Region.objects.get(code="eu-central-1").pk, "service_id": draft.pk},
            None,
        ),
        ("placement.created", "ledger in ap-southeast-1"): (
            None,
            {"position": 1, "region_id": placed.region_id, "service_id": draft.pk},
        ),
    }


def test_operation_is_told_by_its_states() -> None:
    """Who asked, who wanted it stopped, and what became of it."""
    operation = Deploy(builders.service(), builders.COMMAND).execute()
    with written() as log:
        Operation.objects.update(status="running", started_at=timezone.now())
        Operation.objects.update(rollout={"proving": {}})
        Operation.objects.update(cancel_requested=True)
        Operation.objects.update(status="cancelled", finished_at=timezone.now())

    assert log.actions == ["operation.running", "operation.cancel_requested", "operation.cancelled"]
    assert (log[0].before, log[0].after) == ({"status": "queued"}, {"status": "running"})
    assert {(entry.name, entry.service, entry.account) for entry in log} == {(operation.title, "ledger", "demo")}


def test_deploy_approves_a_release() -> None:
    with written() as log:
        Deploy(builders.service(), builders.COMMAND).execute()

    assert [action for action in log.actions if action.startswith(("release", "operation"))] == [
        "release.approved",
        "operation.queued",
    ]
    approved = log.one("release.approved")
    assert (approved.name, approved.service, approved.account) == ("ledger r1", "ledger", "demo")
    assert approved.after is not None
    assert approved.after["manifest"] == "(not shown)"


def test_stop_button_of_one_and_of_all() -> None:
    stack = builders.deployed(builders.service())
    with written() as log:
        Pause.objects.create(stack=stack, reason="a storm")
        Pause.objects.create(stack=None)
        Pause.objects.all().delete()

    told = [(entry.action, entry.name, entry.service) for entry in log]
    assert told[:2] == [("service.paused", "ledger", "ledger"), ("everything.paused", "everything", "")]
    assert sorted(told[2:]) == [("everything.resumed", "everything", ""), ("service.resumed", "ledger", "ledger")]


def test_drift_is_told_by_its_states() -> None:
    stack = builders.deployed(builders.service())
    now = timezone.now()
    with written() as log:
        drift = Drift.objects.create(
            stack=stack,
            kind="dynamodb_table",
            scope="us-west-2",
            name="entries",
            reason="it is gone",
            found_at=now,
            seen_at=now,
        )
        Drift.objects.update(seen_at=timezone.now())
        Drift.objects.filter(pk=drift.pk).update(state="repaired", ended_at=now)

    assert log.actions == ["drift.found", "drift.repaired"]
    assert log[0].name == "dynamodb_table entries (us-west-2)"


def test_inventory_tells_what_a_person_decides() -> None:
    """Not the engine's daily work: what is made, lives and goes is in the journal."""
    stack = builders.deployed(builders.service())
    ours = {"stack": stack, "kind": "dynamodb_table", "scope": "eu-central-1"}
    with written() as log:
        daily = Resource.objects.create(**ours, name="daily", state="pending")
        Resource.objects.filter(pk=daily.pk).update(state="live", physical_id="daily")
        daily.delete()
        kept = Resource.objects.create(**ours, name="kept", state="live")
        Resource.objects.filter(pk=kept.pk).update(state="retained")
        Resource.objects.filter(pk=kept.pk).update(outputs={"arn": "a"})
        Resource.objects.filter(pk=kept.pk).update(state="live")
        Resource.objects.create(**ours, name="taken", state="adopted").delete()
        stuck = Resource.objects.create(**ours, name="stuck", state="pending")
        with acting("page", actor="operator"):
            stuck.delete()

    assert log.actions == [
        "resource.retained",
        "resource.live",
        "resource.adopted",
        "resource.forgotten",
        "resource.forgotten",
    ]
    assert who(log[-1]) == ("operator", "page")


def test_endpoint_tells_what_an_operator_sets_and_no_probe() -> None:
    endpoint = Endpoint.objects.create(region=Region.objects.first(), name="shop", url="https://shop.example.test/")
    with written() as log:
        Endpoint.objects.update(status="down", since=timezone.now(), why="no answer", recent=[[1, True, 2, ""]])
        Endpoint.objects.update(interval_s=30)

    assert log.actions == ["endpoint.changed"]
    assert (log[0].key, log[0].before, log[0].after) == (str(endpoint.pk), {"interval_s": 10}, {"interval_s": 30})


def test_sync_tells_nothing_of_what_aws_says() -> None:
    """But where a person says how to come in."""
    with written() as log:
        AccountRegion.objects.update(gone_at=timezone.now())
        AccountRegion.objects.filter(region__code="us-west-2").update(https_address="127.0.0.1:8443")

    assert [(entry.action, entry.name) for entry in log] == [("account_region.changed", "demo us-west-2")]


def test_people_and_their_rights_are_told() -> None:
    """By name: keys mean nothing to a reader."""
    user, draft = User.objects.create_user("new"), builders.service()
    group = Group.objects.get(name="viewer")
    with written() as log:
        user.groups.add(group)
        Grant.objects.create(user=user, role=group, service=draft)
        user.is_superuser = True
        user.save()
        user.delete()

    told = [(entry.action, entry.name, entry.service, entry.account) for entry in log]
    assert told[:3] == [
        ("membership.given", "new in viewer", "", ""),
        ("grant.given", "new: viewer of ledger", "ledger", "demo"),
        ("user.changed", "new", "", ""),
    ]
    assert {action for action, *_ in told[3:]} == {"membership.taken", "grant.taken", "user.deleted"}


def test_saved_plan_is_told_without_its_body() -> None:
    with written() as log:
        SavedPlan.objects.create(service_name="ledger", account_name="demo", digest="d" * 64, body={"lines": ["+"]})
        SavedPlan.objects.all().delete()

    assert log.actions == ["plan.saved"]
    assert log[0].after is not None
    assert log[0].after["body"] == "(not shown)"


def test_names_of_rows_that_lost_their_neighbours_do_not_stop_a_change() -> None:
    """A stack without service, an operation of it: the log must never be what fails."""
    stack = Stack.objects.create(name="gone", account=Account.objects.get())
    release = Release.objects.create(service_name="gone", number=1, manifest={})

    with written() as log:
        Operation.objects.create(stack=stack, verb="destroy", title="Destroy gone", release=release)
        Component.objects.all().delete()

    assert [(entry.action, entry.service, entry.account) for entry in log] == [("operation.queued", "gone", "demo")]
