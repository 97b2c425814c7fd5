"""Plans that are kept, told and signed: what makes one stale, what guards refuse, who may override."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from audit.models import Entry
from deployments import plans, tasks
from deployments.access import EVERYWHERE
from deployments.actions.deploy import Deploy
from deployments.actions.plan_service import PlanService
from deployments.actions.refused import ActionRefused
from deployments.manifests import document_of
from deployments.models import Operation, Release, SavedPlan, Service
from deployments.providers.memory import Memory
from regions.models import Endpoint
from tests import builders
from tests.deployments import served

pytestmark = pytest.mark.django_db

PLAN = "/api/v1/services/keyvalue/plan/"
DEPLOY = "/api/v1/services/keyvalue/deploy/"
ONE_LESS = ["us-west-2", "eu-central-1"]


@pytest.fixture
def operator() -> APIClient:
    return builders.client_of(builders.operator())


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Memory:
    return served.serving(monkeypatch)[1]


@pytest.fixture
def administrator() -> APIClient:
    """The role that may override guards, with a token that may too."""
    return builders.client_of(builders.administrator())


def spoil(world: Memory, kind: str = "lambda_function", field: str = "memory_mb", value: Any = 999) -> None:
    """Somebody changes one thing by hand."""
    thing = next(one for one in world.things.values() if one.ref.kind == kind)
    thing.params[field] = value


def spoil_record(world: Memory) -> None:
    key = next(key for key in world.records if key[0] == served.HOST and key[2] == "us-west-2")
    world.records[key] = {**world.records[key], "policy": {"region": "sa-east-1"}}


# -- kept and told


def test_a_plan_is_kept_and_read_back_as_it_was(operator: APIClient, world: Memory) -> None:
    served.edit(regions=ONE_LESS)

    planned = operator.post(PLAN, {}).json()
    spoil(world)
    read = operator.get(f"/api/v1/plans/{planned['id']}/")

    assert read.json() == planned
    assert isinstance(planned["id"], int)
    assert len(planned["digest"]) == 64
    assert {one["action"] for one in planned["changes"]} == {"delete", "retain"}
    assert [guard["name"] for guard in planned["guards"]] == ["capacity"]
    assert (planned["destroying"], planned["candidate"], planned["created_by"]) == (False, False, "operator")


@pytest.mark.parametrize("how", [{"HTTP_ACCEPT": "text/plain"}, {"data": {"format": "lines"}}])
def test_a_plan_is_read_as_lines(operator: APIClient, world: Memory, how: dict[str, Any]) -> None:
    planned = operator.post(PLAN, {}).json()
    answer = operator.get(f"/api/v1/plans/{planned['id']}/", **how)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode().splitlines() == planned["lines"]


def test_a_plan_that_is_not_there_is_a_problem_in_any_form(operator: APIClient) -> None:
    for accept in ("application/json", "text/plain"):
        answer = operator.get("/api/v1/plans/999/", HTTP_ACCEPT=accept)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_plans_are_listed_newest_first_and_in_short(operator: APIClient, world: Memory) -> None:
    first = operator.post(PLAN, {}).json()["id"]
    served.edit(regions=["us-west-2"], safety={"min_serving_regions": 1})
    served.turn("us-west-2", "down")
    second = operator.post(PLAN, {"destroy_data": ["keyvalues"]}).json()

    listed = operator.get("/api/v1/services/keyvalue/plans/").json()

    assert [one["id"] for one in listed["results"]] == [second["id"], first]
    newest = listed["results"][0]
    assert newest["refused_by"] == ["last_healthy"]
    assert newest["summary"] == second["lines"][0]
    assert newest["destroy_data"] == ["keyvalues"]
    assert "changes" not in newest


def test_the_list_costs_the_same_with_one_plan_and_with_thirty(operator: APIClient) -> None:
    builders.account()
    service = builders.service()
    counts = []
    for more in (1, 29):
        row = {"service_name": "ledger", "account_name": "demo", "digest": "0" * 64}
        user = User.objects.get(username="operator")
        SavedPlan.objects.bulk_create([SavedPlan(**row, body={"lines": []}, created_by=user) for _ in range(more)])
        operator.get(f"/api/v1/services/{service.name}/plans/")  # permissions are read once
        with CaptureQueriesContext(connection) as queries:
            assert operator.get(f"/api/v1/services/{service.name}/plans/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_stranger_sees_no_plan_and_a_viewer_reads_it(operator: APIClient, world: Memory) -> None:
    planned = operator.post(PLAN, {}).json()["id"]
    stranger = builders.client_of(builders.stranger())
    viewer = builders.client_of(builders.viewer())
    for path in (f"/api/v1/plans/{planned}/", "/api/v1/services/keyvalue/plans/"):
        assert stranger.get(path).status_code in {403, 404}
        assert viewer.get(path).status_code == 200
    assert viewer.post(PLAN, {}).status_code == 403


def test_old_plans_are_forgotten() -> None:
    builders.account()
    builders.service()
    row = {"service_name": "ledger", "account_name": "demo", "digest": "0" * 64}
    young, old = SavedPlan.objects.create(**row), SavedPlan.objects.create(**row)
    SavedPlan.objects.filter(pk=old.pk).update(created_at=timezone.now() - plans.KEPT - timedelta(hours=1))

    tasks.forget()

    assert list(plans.readable(EVERYWHERE)) == [young]


# -- the digest


def planned(service: Service, **how: Any) -> str:
    return PlanService(service, builders.COMMAND, **how).execute().digest


def test_the_same_world_twice_is_the_same_digest(world: Memory) -> None:
    service = served.edit(regions=ONE_LESS)
    assert planned(service) == planned(service)


@pytest.mark.parametrize("moved", ["function", "record", "absent"])
def test_one_thing_changed_by_hand_is_another_digest(world: Memory, moved: str) -> None:
    service = served.found()
    before = planned(service)
    if moved == "function":
        spoil(world)
    elif moved == "record":
        spoil_record(world)
    else:
        world.records.pop(next(key for key in world.records if key[0] == served.HOST))
    assert planned(service) != before


def test_what_is_asked_is_part_of_the_digest(world: Memory) -> None:
    """The manifest even where it changes nothing in AWS, the consent, and whether it destroys."""
    service = served.found()
    digests = {
        planned(service),
        planned(service, destroy_data=["keyvalues"]),
        planned(service, destroying=True),
        planned(served.edit(slo={"availability": 99.5})),
    }
    assert len(digests) == 4


# -- signing


def test_a_plan_that_still_stands_is_deployed(operator: APIClient, world: Memory) -> None:
    served.edit(regions=ONE_LESS)
    plan = operator.post(PLAN, {"destroy_data": ["keyvalues"]}).json()

    answer = operator.post(DEPLOY, {"plan": plan["id"]})

    operation = Operation.objects.get(pk=answer.json()["id"])
    assert answer.status_code == 202
    assert (operation.plan, operation.consent, operation.override) == (plan["digest"], ["keyvalues"], {})


def test_a_deploy_without_a_plan_signs_none(operator: APIClient, world: Memory) -> None:
    served.edit(regions=ONE_LESS)
    operation = Operation.objects.get(pk=operator.post(DEPLOY, {}).json()["id"])
    assert operation.plan == ""


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_an_edit_makes_a_plan_stale_and_says_which_field(operator: APIClient, world: Memory) -> None:
    served.edit(regions=ONE_LESS)
    plan = operator.post(PLAN, {}).json()["id"]
    served.edit(regions=ONE_LESS, slo={"availability": 99.5})

    answer = operator.post(DEPLOY, {"plan": plan})

    body = answer.json()
    assert refusal(answer) == (409, "plan_stale")
    assert [(one["field"], one["code"]) for one in body["errors"]] == [("slo", "desire")]
    assert "the draft differs in slo" in body["detail"]
    assert operator.post(DEPLOY, {"plan": body["plan"]}).status_code == 202


def test_a_change_by_hand_makes_a_plan_stale_and_says_which_change(operator: APIClient, world: Memory) -> None:
    served.edit(regions=ONE_LESS)
    plan = operator.post(PLAN, {}).json()["id"]
    spoil_record(world)

    answer = operator.post(DEPLOY, {"plan": plan})

    assert refusal(answer) == (409, "plan_stale")
    (one,) = answer.json()["errors"]
    assert one["code"] in {"world_came", "world_differs", "world_went"}
    assert one["field"].startswith(f"global/route53_record/{served.HOST}")
    assert Operation.objects.filter(status="queued").count() == 0


def test_a_plan_that_was_deployed_is_stale(operator: APIClient, world: Memory) -> None:
    served.edit(regions=ONE_LESS)
    plan = operator.post(PLAN, {}).json()["id"]
    assert operator.post(DEPLOY, {"plan": plan}).status_code == 202
    served.converge(world)
    assert refusal(operator.post(DEPLOY, {"plan": plan})) == (409, "plan_stale")


def test_an_edit_while_the_plan_is_made_again_is_seen(world: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS is read without holding the service's row: what happened meanwhile is refused under the lock."""
    service = served.edit(regions=ONE_LESS)
    plan = PlanService(service, builders.COMMAND).execute().id
    observe = world.observe

    def meanwhile(targets: Any) -> Any:
        served.edit(slo={"availability": 99.5})
        return observe(targets)

    monkeypatch.setattr(world, "observe", meanwhile)
    with pytest.raises(ActionRefused) as refused:
        Deploy(service, builders.COMMAND, plan=plan).execute()
    assert (refused.value.status, refused.value.code) == (409, "plan_stale")
    assert Release.objects.filter(service_name="keyvalue").count() == 1


def test_a_plan_of_a_candidate_needs_that_manifest_saved_first(operator: APIClient, world: Memory) -> None:
    candidate = {**document_of(served.found()), "regions": ONE_LESS}
    plan = operator.post(PLAN, {"manifest": candidate}).json()
    assert plan["candidate"] is True

    early = operator.post(DEPLOY, {"plan": plan["id"]})
    assert refusal(early) == (409, "plan_stale")
    assert early.json()["mend"].startswith("Save that manifest first")

    served.edit(regions=ONE_LESS)
    assert operator.post(DEPLOY, {"plan": plan["id"]}).status_code == 202


def test_a_plan_can_be_signed_for_a_day(operator: APIClient, world: Memory) -> None:
    plan = operator.post(PLAN, {}).json()["id"]
    SavedPlan.objects.update(created_at=timezone.now() - plans.EXPIRES - timedelta(minutes=1))
    assert refusal(operator.post(DEPLOY, {"plan": plan})) == (409, "plan_expired")


def test_a_plan_of_another_service_or_of_nobody_is_unknown(operator: APIClient, world: Memory) -> None:
    other = builders.service()
    foreign = PlanService(other, builders.COMMAND).execute().id
    for plan in (foreign, 10**9):
        assert refusal(operator.post(DEPLOY, {"plan": plan})) == (409, "plan_unknown")


def test_the_consent_is_the_plans(operator: APIClient, world: Memory) -> None:
    plan = operator.post(PLAN, {}).json()["id"]
    answer = operator.post(DEPLOY, {"plan": plan, "destroy_data": ["keyvalues"]})
    assert refusal(answer) == (409, "plan_stale")
    assert answer.json()["detail"].startswith("destroy_data: ")


@pytest.mark.parametrize("plan", [0, -1, "x", None, 2**63, 1.5])
def test_what_is_no_id_is_a_bad_request(operator: APIClient, world: Memory, plan: Any) -> None:
    assert operator.post(DEPLOY, {"plan": plan}, format="json").status_code == 400


def test_a_destroy_is_planned_and_signed(operator: APIClient, world: Memory) -> None:
    plan = operator.post(PLAN, {"destroying": True}).json()
    assert (plan["destroying"], plan["guards"]) == (True, [])
    assert refusal(operator.post(DEPLOY, {"plan": plan["id"]})) == (409, "plan_other_verb")

    spoil(world, "dynamodb_table", "deletion_protection", True)
    answer = operator.delete("/api/v1/services/keyvalue/", {"plan": plan["id"]}, format="json")

    operation = Operation.objects.get(pk=answer.json()["id"])
    assert (operation.verb, operation.plan) == ("destroy", plan["digest"])


def test_a_destroy_is_refused_where_the_world_moved(operator: APIClient, world: Memory) -> None:
    plan = operator.post(PLAN, {"destroying": True}).json()["id"]
    world.records.pop(next(key for key in world.records if key[0] == served.HOST))
    answer = operator.delete("/api/v1/services/keyvalue/", {"plan": plan}, format="json")
    assert refusal(answer) == (409, "plan_stale")
    other = operator.post(PLAN, {}).json()["id"]
    answer = operator.delete("/api/v1/services/keyvalue/", {"plan": other}, format="json")
    assert refusal(answer) == (409, "plan_other_verb")


def test_a_destroy_has_no_manifest(operator: APIClient, world: Memory) -> None:
    asked = {"destroying": True, "manifest": document_of(served.found())}
    assert refusal(operator.post(PLAN, asked, format="json")) == (400, "invalid")


# -- guards


@pytest.fixture
def endangered(world: Memory) -> Service:
    """A draft that takes the one healthy region out of rotation."""
    served.turn("eu-central-1", "down")
    served.turn("us-west-2", "down")
    return served.edit(regions=ONE_LESS)


@pytest.mark.parametrize("signed", [True, False])
def test_what_a_guard_refuses_is_not_deployed(operator: APIClient, endangered: Service, signed: bool) -> None:
    """With a plan and without one: 409 with the guards, their numbers, and how to override them."""
    plan = operator.post(PLAN, {}).json()
    assert [guard["name"] for guard in plan["guards"] if guard["refuses"]] == ["last_healthy"]

    answer = operator.post(DEPLOY, {"plan": plan["id"]} if signed else {})

    assert refusal(answer) == (409, "guard_refused")
    (guard,) = answer.json()["guards"]
    assert guard["numbers"] == {
        "healthy": 1,
        "healthy_that_stay": 0,
        "would_stay": {"eu-central-1": "down", "us-west-2": "down"},
    }
    assert "--override-guard last_healthy" in guard["override"]
    assert "deployments.override_guards" in answer.json()["mend"]
    assert not Operation.objects.filter(status="queued").exists()


def test_unknown_is_not_down_and_silence_is_unknown(operator: APIClient, world: Memory) -> None:
    """A replica that nobody has probed for an hour is not known to be healthy, whatever was last said of it."""
    hour_ago = timezone.now() - timedelta(hours=1)
    Endpoint.objects.exclude(region__code="ap-southeast-1").update(probed_at=hour_ago)
    served.edit(regions=ONE_LESS)
    assert refusal(operator.post(DEPLOY, {})) == (409, "guard_refused")
    Endpoint.objects.update(probed_at=hour_ago)
    assert operator.post(DEPLOY, {}).status_code == 202


def test_fewer_than_the_new_manifest_wants_are_refused(operator: APIClient, world: Memory) -> None:
    served.edit(regions=["us-west-2"], safety={"min_serving_regions": 1})
    assert operator.post(PLAN, {}).json()["guards"][0]["name"] == "capacity"
    candidate = {**document_of(served.found()), "safety": {"min_serving_regions": 2}, "regions": ["us-west-2"]}
    answer = operator.post(PLAN, {"manifest": candidate}, format="json")
    if answer.status_code == 200:  # a manifest may ask for more than its regions only if its own check lets it
        assert [guard["name"] for guard in answer.json()["guards"]] == ["min_serving_regions", "capacity"]
    else:
        assert answer.json()["code"] == "invalid_manifest"


def test_a_name_that_stays_keeps_an_answer(operator: APIClient, world: Memory) -> None:
    """The routes are dropped and the hostname is not."""
    document = document_of(served.found())
    for component in document["components"]:
        component.pop("routes", None)
    served.edit(components=document["components"])
    guards = operator.post(PLAN, {}).json()["guards"]
    assert [one["name"] for one in guards] == ["min_serving_regions", "last_healthy", "never_empty"]
    document.pop("hostname")
    answer = operator.post(PLAN, {"manifest": document}, format="json")
    assert answer.json()["guards"] == []


OVERRIDE = {"override_guards": {"guards": ["last_healthy"], "reason": "frankfurt is being moved"}}


def test_who_may_overrides_with_a_reason_on_the_audit_log(administrator: APIClient, endangered: Service) -> None:
    answer = administrator.post(DEPLOY, OVERRIDE, format="json")

    assert answer.status_code == 202
    operation = Operation.objects.get(pk=answer.json()["id"])
    kept = {"guards": ["last_healthy"], "reason": "frankfurt is being moved", "by": "administrator"}
    assert operation.override == kept
    entry = Entry.objects.get(action="guard.overridden")
    assert (entry.service, entry.account) == ("keyvalue", "demo")
    assert {key: entry.details[key] for key in kept} == kept
    assert [guard["name"] for guard in entry.details["refused"]] == ["last_healthy"]


def test_who_may_not_does_not(operator: APIClient, administrator: APIClient, endangered: Service) -> None:
    """An operator, and a token of less than its user's own rights."""
    lesser = builders.client_of(User.objects.get(username="administrator"), scope="operate")
    for client in (operator, lesser):
        answer = client.post(DEPLOY, OVERRIDE, format="json")
        assert refusal(answer) == (403, "permission_denied")
        assert "deployments.override_guards" in answer.json()["mend"]
    assert not Entry.objects.filter(action="guard.overridden").exists()


@pytest.mark.parametrize(
    ("guards", "reason", "field"),
    [
        (["last_helthy"], "because", "override_guards.guards"),
        ([], "because", "override_guards.guards"),
        (["last_healthy"], "", "override_guards.reason"),
        (["last_healthy"], "  ", "override_guards.reason"),
        (["last_healthy"], "x" * 301, "override_guards.reason"),
    ],
)
def test_an_override_names_guards_and_a_reason(
    administrator: APIClient, endangered: Service, guards: list[str], reason: str, field: str
) -> None:
    answer = administrator.post(DEPLOY, {"override_guards": {"guards": guards, "reason": reason}}, format="json")
    assert refusal(answer) == (400, "invalid")
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("body", [{"guards": ["last_healthy"]}, {"reason": "x"}, [], "last_healthy", {"guard": 1}])
def test_an_override_of_another_shape_is_a_bad_request(
    administrator: APIClient, endangered: Service, body: Any
) -> None:
    assert refusal(administrator.post(DEPLOY, {"override_guards": body}, format="json")) == (400, "invalid")


def test_one_override_does_not_cover_another_guard(administrator: APIClient, endangered: Service) -> None:
    other = {"override_guards": {"guards": ["never_empty"], "reason": "just in case"}}
    assert refusal(administrator.post(DEPLOY, other, format="json")) == (409, "guard_refused")


def test_overriding_what_does_not_refuse_is_fine(administrator: APIClient, world: Memory) -> None:
    served.edit(regions=ONE_LESS)
    assert administrator.post(DEPLOY, OVERRIDE, format="json").status_code == 202
    assert Entry.objects.get(action="guard.overridden").details["refused"] == []


# -- in a terminal


def test_a_command_shows_what_to_sign_and_signs_it(world: Memory, capsys: pytest.CaptureFixture[str]) -> None:
    served.edit(regions=ONE_LESS)
    call_command("plan", "keyvalue")
    plan = SavedPlan.objects.get()
    shown = capsys.readouterr().out
    assert f"plan {plan.pk}, digest {plan.digest}" in shown
    assert "? guard capacity warns: 3 regions become 2" in shown
    call_command("deploy", "keyvalue", "--plan", str(plan.pk), "--no-wait")
    assert Operation.objects.filter(status="queued", plan=plan.digest).exists()
