"""The pages as people get them: who may see and act, what an answer costs, and that the poll is the page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deployments.models import Operation, Stack, Step
from deployments.providers.errors import Refused
from deployments.providers.memory import Memory
from regions.models import Endpoint, Status
from tests import builders

pytestmark = pytest.mark.django_db

POLL = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def stack() -> Stack:
    builders.account()
    return builders.deployed(builders.service(builders.manifest()))


def logged_in(viewer: bool = False) -> Client:
    client = Client()
    client.force_login(builders.viewer() if viewer else builders.operator())
    return client


def failed_operation(stack: Stack, **step: str) -> Operation:
    operation = Operation.objects.create(stack=stack, verb="deploy", title="Deploy keyvalue r2", status="failed")
    values = {
        "kind": "dynamodb_table",
        "scope": "eu-central-1",
        "name": "carts",
        "action": "create",
        "status": "failed",
    }
    Step.objects.create(operation=operation, position=0, **values | step)
    return operation


PAGES = ("/", "/services/keyvalue/", "/regions/", "/regions/eu-central-1/", "/operations/")


@pytest.mark.parametrize("path", [*PAGES, "/services/keyvalue/plan/", "/services/keyvalue/destroy/"])
def test_nobody_is_sent_to_the_login(stack: Stack, path: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.parametrize("path", PAGES)
def test_a_viewer_sees_every_page(stack: Stack, path: str) -> None:
    assert logged_in(viewer=True).get(path).status_code == 200


def test_a_viewer_is_offered_no_act_and_refused_it(stack: Stack) -> None:
    operation = failed_operation(stack)
    client = logged_in(viewer=True)
    pages = [client.get(path).content.decode() for path in ("/services/keyvalue/", f"/operations/{operation.pk}/")]
    acts = [
        "/services/keyvalue/deploy/",
        "/services/keyvalue/destroy/",
        f"/operations/{operation.pk}/cancel/",
        f"/operations/{operation.pk}/retry/",
    ]
    assert [act for act in acts if any(act in page for page in pages)] == []
    assert [client.post(act, {"name": "keyvalue"}).status_code for act in acts] == [403] * 4
    assert client.get("/services/keyvalue/plan/").status_code == 403
    assert Operation.objects.count() == 2


def test_an_operator_retries_a_failed_operation(stack: Stack) -> None:
    operation = failed_operation(stack)
    client = logged_in()
    assert f"/operations/{operation.pk}/retry/" in client.get(f"/operations/{operation.pk}/").content.decode()
    answer = client.post(f"/operations/{operation.pk}/retry/")
    newest = Operation.objects.order_by("-pk")[0]
    assert (answer["Location"], newest.status) == (f"/operations/{newest.pk}/", "queued")


def test_an_operator_cancels_a_queued_operation_and_a_second_time_is_told_why_not(stack: Stack) -> None:
    operation = Operation.objects.create(stack=stack, verb="deploy", title="Deploy keyvalue r2", status="queued")
    client = logged_in()
    assert client.post(f"/operations/{operation.pk}/cancel/").status_code == 302
    operation.refresh_from_db()
    assert operation.status == "cancelled"
    again = client.post(f"/operations/{operation.pk}/cancel/")
    assert again.status_code == 409
    assert "Mend." in again.content.decode()


def test_destroying_asks_for_the_typed_name(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.actions.plan_service.provider_for", lambda stack: Memory())
    client = logged_in()
    page = client.get("/services/keyvalue/destroy/", {"destroy_data": "keyvalues"})
    plan = page.context["plan"].id
    wrong = client.post("/services/keyvalue/destroy/", {"name": "keyvalu", "plan": plan})
    assert (wrong.status_code, Operation.objects.filter(verb="destroy").count()) == (400, 0)
    assert wrong.context["plan"].id == plan
    right = client.post("/services/keyvalue/destroy/", {"name": "keyvalue", "plan": plan})
    operation = Operation.objects.get(verb="destroy")
    assert (right["Location"], operation.consent) == (f"/operations/{operation.pk}/", ["keyvalues"])


def test_a_plan_is_read_and_then_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    builders.account()
    builders.service(builders.table_only())
    monkeypatch.setattr("deployments.actions.plan_service.provider_for", lambda stack: Memory())
    client = logged_in()
    page = client.get("/services/ledger/plan/")
    body = page.content.decode()
    assert "2 create. Nothing is changed until you deploy." in body
    assert {"us-west-2", "eu-central-1"} <= set(re.findall(r'<th scope="rowgroup" colspan="3">([^<]+)', body))
    assert Operation.objects.count() == 0
    answer = client.post("/services/ledger/deploy/", {"plan": page.context["plan"].id})
    operation = Operation.objects.get()
    assert (answer["Location"], operation.title) == (f"/operations/{operation.pk}/", "Deploy ledger r1")


def test_a_plan_that_aws_does_not_answer_says_whose_fault_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    builders.account()
    builders.service(builders.table_only())

    def unreachable(stack: Stack) -> Memory:
        raise Refused("The security token is expired", code="ExpiredToken")

    monkeypatch.setattr("deployments.actions.plan_service.provider_for", unreachable)
    answer = logged_in().get("/services/ledger/plan/")
    assert answer.status_code == 502
    assert "AWS could not be read: The security token is expired" in answer.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_the_poll_is_a_part_of_the_page_and_costs_nothing_unchanged(stack: Stack, path: str) -> None:
    client = logged_in()
    whole = client.get(path).content.decode()
    part = client.get(path, **POLL)
    live = part.content.decode()
    assert "<html" not in live
    inner = live.split('<div id="live">', 1)[1].rsplit("</div>", 1)[0]
    assert inner.strip()[:400] in whole
    again = client.get(path, **POLL, HTTP_IF_NONE_MATCH=part["ETag"])
    assert (again.status_code, again.content) == (304, b"")


def test_a_changed_verdict_changes_the_poll(stack: Stack) -> None:
    client = logged_in()
    before = client.get("/", **POLL)
    Endpoint.objects.filter(region__code="eu-central-1").update(status=Status.DOWN)
    after = client.get("/", **POLL, HTTP_IF_NONE_MATCH=before["ETag"])
    assert after.status_code == 200
    assert "1 region down, all services served" in after.content.decode()


def test_an_endpoint_that_nobody_probes_any_more_has_no_verdict(stack: Stack) -> None:
    Endpoint.objects.update(probed_at=timezone.now() - timedelta(minutes=2))
    page = logged_in().get("/").content.decode()
    assert "No verdict yet" in page
    assert "no probe has reported since" in page


@pytest.mark.parametrize("path", ["/", "/regions/", "/operations/", "/services/keyvalue/"])
def test_the_number_of_queries_does_not_grow_with_the_rows(stack: Stack, path: str) -> None:
    failed_operation(stack)
    client = logged_in()
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    for number in range(6):
        more = builders.deployed(builders.service(builders.manifest(f"service-{number}")))
        failed_operation(more)
        for endpoint in Endpoint.objects.filter(replica__stack=more):
            builders.flip(endpoint, timezone.now(), Status.DOWN)
    with CaptureQueriesContext(connection) as many:
        client.get(path)
    assert len(many) == len(few)


def test_the_overview_takes_a_known_number_of_queries(stack: Stack) -> None:
    client = logged_in()
    client.get("/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/")
    assert len(queries) <= 24


def test_hostile_text_from_aws_is_shown_as_text(stack: Stack) -> None:
    evil = "<script>alert(1)</script>"
    Endpoint.objects.update(status=Status.DOWN, why=evil, error=f'"><img src=x onerror=alert(1)>{evil}')
    operation = failed_operation(stack, error=evil, mend=evil, error_code=evil, name=evil, waiting_for=evil)
    Step.objects.update(diff=[{"path": evil, "before": evil, "after": {evil: evil}}])
    client = logged_in()
    pages = ["/", "/services/keyvalue/", "/regions/eu-central-1/", "/operations/", f"/operations/{operation.pk}/"]
    for path in [*pages, "/?q=%3Cscript%3Ealert(1)", "/?unfold=%22%3E%3Cscript%3Ealert(1)"]:
        body = client.get(path).content.decode()
        assert "<script>alert" not in body
        assert "<img" not in body


def test_no_page_needs_an_inline_script_or_style(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployments.actions.plan_service.provider_for", lambda stack: Memory())
    operation = failed_operation(stack)
    client = logged_in()
    for path in [*PAGES, f"/operations/{operation.pk}/", "/services/keyvalue/destroy/"]:
        answer = client.get(path)
        body = answer.content.decode()
        assert "style=" not in body
        assert "<style" not in body
        assert "'unsafe-" not in answer["Content-Security-Policy"]


def test_what_is_left_of_a_service_without_a_draft_is_shown_until_it_is_gone(stack: Stack) -> None:
    assert stack.service is not None
    stack.service.delete()
    client = logged_in()
    assert "being removed" in client.get("/").content.decode()
    page = client.get("/services/keyvalue/").content.decode()
    assert "It is being removed" in page
    assert "/services/keyvalue/destroy/" not in page


def test_a_service_without_routes_is_released_and_not_watched() -> None:
    builders.account()
    builders.deployed(builders.service(builders.table_only()))
    body = logged_in().get("/").content.decode()
    assert "Nothing is watched yet" in body
    assert body.count(">not watched<") == 2


def test_nothing_yet_names_the_first_step() -> None:
    body = logged_in().get("/").content.decode()
    assert "No service yet" in body
    assert "manage.py apply -f" in body


def test_an_unknown_name_is_a_page_that_says_so(stack: Stack) -> None:
    client = logged_in()
    for path in ("/services/nothing/", "/regions/xx-moon-1/", "/operations/999999/"):
        answer = client.get(path)
        assert (answer.status_code, "There is no such page" in answer.content.decode()) == (404, True)


def test_the_theme_is_kept_in_a_cookie_and_only_leads_back_here() -> None:
    client = logged_in()
    answer = client.post("/theme/", {"theme": "dark", "next": "/regions/"})
    assert (answer["Location"], answer.cookies["theme"].value) == ("/regions/", "dark")
    assert 'data-theme="dark"' in client.get("/regions/").content.decode()
    assert client.post("/theme/", {"theme": "system", "next": "https://evil.example/"})["Location"] == "/"
    assert "data-theme" not in client.get("/").content.decode()
