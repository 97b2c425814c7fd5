"""The page of a plan: what stops it, what guards say, signing it, and what comes when the world moved meanwhile."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from audit.models import Entry
from deployments.models import Operation, SavedPlan
from deployments.providers.memory import Memory
from tests import builders
from tests.deployments import served

pytestmark = pytest.mark.django_db

PLAN, DEPLOY, DESTROY = (f"/services/keyvalue/{verb}/" for verb in ("plan", "deploy", "destroy"))
ONE_LESS = ["us-west-2", "eu-central-1"]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Memory:
    return served.serving(monkeypatch)[1]


@pytest.fixture
def client() -> Client:
    """One who may override guards."""
    client = Client()
    client.force_login(builders.administrator())
    return client


@pytest.fixture
def endangered(world: Memory) -> None:
    """A draft that takes the one healthy region out of rotation."""
    for region in ONE_LESS:
        served.turn(region, "down")
    served.edit(regions=ONE_LESS)


def test_changes_stand_by_region_numbered_with_what_waits_for_what(client: Client, world: Memory) -> None:
    served.edit(regions=ONE_LESS)
    page = client.get(PLAN)
    body = page.content.decode()
    assert re.findall(r'<th scope="rowgroup" colspan="3">([^<]+)', body) == ["ap-southeast-1", "Global"]
    chips = re.findall(r'href="#change-(\d+)"', body)
    assert chips
    assert all(f'id="change-{number}"' in body for number in chips)
    assert "3 regions become 2" in body
    assert f"Deploy plan {page.context['plan'].id}" in body


def test_the_button_signs_the_plan_that_is_shown(client: Client, world: Memory) -> None:
    served.edit(regions=ONE_LESS)
    plan = client.get(PLAN).context["plan"]
    answer = client.post(DEPLOY, {"plan": plan.id})
    operation = Operation.objects.get(status="queued")
    assert (answer.status_code, answer["Location"]) == (302, f"/operations/{operation.pk}/")
    assert operation.plan == plan.digest


def test_a_stale_plan_comes_again_and_says_what_moved(client: Client, world: Memory) -> None:
    served.edit(regions=ONE_LESS)
    old = client.get(PLAN).context["plan"]
    served.edit(slo={"availability": 99.5})

    answer = client.post(DEPLOY, {"plan": old.id})

    body, new = answer.content.decode(), answer.context["plan"]
    assert (answer.status_code, new.id > old.id) == (409, True)
    assert "What moved since you looked" in body
    assert "<code>slo</code>" in body
    assert f'name="plan" value="{new.id}"' in body
    assert client.post(DEPLOY, {"plan": new.id}).status_code == 302


@pytest.mark.parametrize("plan", ["999999999", "x", "9" * 40, ""])
def test_a_plan_that_nobody_made_is_refused(client: Client, world: Memory, plan: str) -> None:
    answer = client.post(DEPLOY, {"plan": plan})
    assert (answer.status_code, "plan_unknown" in answer.content.decode()) == (409, True)


def test_a_guard_that_refuses_stands_in_red_with_its_numbers_and_the_button_is_off(
    client: Client, endangered: None
) -> None:
    body = client.get(PLAN).content.decode()
    assert "<b>last_healthy</b> refuses" in body
    assert "healthy that stay <b>0</b>" in body
    assert re.search(r"<button[^>]*disabled[^>]*>Deploy</button>", body)
    assert "Override…" in body


def test_who_may_not_override_is_told_who_may(endangered: None) -> None:
    client = Client()
    client.force_login(builders.operator())
    page = client.get(PLAN)
    body = page.content.decode()
    assert "Override…" not in body
    assert "deployments.override_guards" in body
    forced = {"plan": page.context["plan"].id, "override": "last_healthy", "reason": "because"}
    assert client.post(DEPLOY, forced).status_code == 403
    refused = client.post(DEPLOY, {"plan": page.context["plan"].id})
    assert (refused.status_code, "<b>last_healthy</b> refuses" in refused.content.decode()) == (409, True)
    assert not Operation.objects.filter(status="queued").exists()


def test_an_override_demands_a_reason(client: Client, endangered: None) -> None:
    plan = client.get(PLAN).context["plan"].id
    answer = client.post(DEPLOY, {"plan": plan, "override": "last_healthy", "reason": " "})
    body = answer.content.decode()
    assert answer.status_code == 400
    assert 'id="reason-error"' in body
    assert 'value="last_healthy" checked' in body


def test_an_override_with_a_reason_deploys_and_is_recorded(client: Client, endangered: None) -> None:
    plan = client.get(PLAN).context["plan"].id
    answer = client.post(DEPLOY, {"plan": plan, "override": "last_healthy", "reason": "moving house"})
    operation = Operation.objects.get(status="queued")
    assert (answer.status_code, operation.override["reason"]) == (302, "moving house")
    assert Entry.objects.filter(action="guard.overridden").count() == 1


def test_the_preflight_stands_beside_the_changes(client: Client, world: Memory) -> None:
    served.edit(regions=[*served.REGIONS, "ap-northeast-1"])
    body = client.get(PLAN).content.decode()
    assert "USD a month" in body
    assert "Quotas that it adds to" in body


def test_destroying_shows_what_goes_and_signs_it(client: Client, world: Memory) -> None:
    page = client.get(DESTROY)
    plan = page.context["plan"]
    assert (plan.destroying, plan.guards) == (True, ())
    assert "dynamodb_table" in page.content.decode()
    world.records.pop(next(key for key in world.records if key[0] == served.HOST))

    stale = client.post(DESTROY, {"plan": plan.id, "name": "keyvalue"})
    assert (stale.status_code, "What moved since you looked" in stale.content.decode()) == (409, True)
    done = client.post(DESTROY, {"plan": stale.context["plan"].id, "name": "keyvalue"})
    operation = Operation.objects.get(status="queued")
    assert (done.status_code, operation.verb) == (302, "destroy")


def test_hostile_text_in_a_plan_is_text(client: Client, world: Memory) -> None:
    evil = "<script>alert(1)</script>"
    client.get(PLAN)
    saved = SavedPlan.objects.get()
    change = {"action": "update", "kind": evil, "region": evil, "name": evil, "reason": evil}
    body = {
        **saved.body,
        "changes": [{**change, "diff": [{"path": evil, "before": evil, "after": {evil: evil}}]}],
        "guards": [{"name": evil, "refuses": True, "message": evil, "numbers": {evil: evil}, "override": evil}],
        "problems": [{**change, "code": evil, "message": evil, "mend": evil}],
        "waiting": [{**change, "why": evil, "on": []}],
    }
    SavedPlan.objects.update(body=body, digest="0" * 64)
    answer = client.post(DEPLOY, {"plan": saved.pk, "override": "last_healthy", "reason": evil})
    assert answer.status_code == 409
    shown = client.post(DEPLOY, {"plan": saved.pk, "override": "unknown", "reason": evil})
    assert shown.status_code == 400
    for page in (answer, shown):
        assert "<script>alert" not in page.content.decode()
