"""The inventory over the REST API, and the acts that it offers."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from deployments.models import HostnameOwner, Operation, Resource, Stack, Step
from deployments.providers.memory import Memory, Thing
from deployments.providers.protocol import Claim
from deployments.worlds import installation
from tests import builders
from tests.deployments.test_adopt import HOME, PARAMS

pytestmark = pytest.mark.django_db

API = "/api/v1"


@pytest.fixture
def operator() -> APIClient:
    builders.account()
    return builders.client_of(builders.operator())


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Memory:
    made = Memory(owner=str(installation().pk))
    for verb in ("adopt", "take_over", "measure"):
        monkeypatch.setattr(f"deployments.actions.{verb}.provider_of", lambda account: made)
    return made


def retained(stack: Stack) -> Resource:
    row = stack.resources.get(scope="us-west-2")
    row.state, row.physical_id, row.outputs = "retained", "ledger-entries", {"facts": {"size_bytes": 4 * 10**9}}
    row.save()
    return row


def test_it_lists_what_is_in_aws_by_us(operator: APIClient) -> None:
    row = retained(builders.deployed(builders.service()))

    answer = operator.get(f"{API}/inventory/?state=retained").json()

    (told,) = answer["results"]
    assert answer["next"] is None
    assert {key: told[key] for key in ("id", "service", "service_gone", "account", "kind", "region", "name")} == {
        "id": row.pk,
        "service": "ledger",
        "service_gone": False,
        "account": "demo",
        "kind": "dynamodb_table",
        "region": "us-west-2",
        "name": "entries",
    }
    assert (told["state"], told["holds"], told["operation"]) == ("retained", {"size_bytes": 4 * 10**9}, None)
    assert float(told["keeping"]["monthly_usd"]) > 0
    assert told["keeping"]["source"].startswith("https://aws.amazon.com/")


@pytest.mark.parametrize(
    ("query", "regions"),
    [
        ("", ["eu-central-1", "us-west-2"]),
        ("?region=us-west-2", ["us-west-2"]),
        ("?service=ledger&kind=dynamodb_table", ["eu-central-1", "us-west-2"]),
        ("?service=nobody", []),
        ("?state=live", ["eu-central-1", "us-west-2"]),
        ("?state=adopted", []),
        ("?state=live&state=retained", ["eu-central-1", "us-west-2"]),
    ],
)
def test_it_is_filtered(operator: APIClient, query: str, regions: list[str]) -> None:
    builders.deployed(builders.service())
    found = operator.get(f"{API}/inventory/{query}").json()["results"]
    assert sorted(row["region"] for row in found) == regions


def test_an_unknown_state_is_400(operator: APIClient) -> None:
    assert operator.get(f"{API}/inventory/?state=lost").status_code == 400


def test_it_comes_in_pages(operator: APIClient) -> None:
    stack = builders.deployed(builders.service())
    for number in range(3):
        Resource.objects.create(stack=stack, kind="iam_role", scope="us-west-2", name=f"r{number}", state="live")
    first = operator.get(f"{API}/inventory/?page_size=2").json()
    second = operator.get(first["next"]).json()
    ids = [row["id"] for page in (first, second) for row in page["results"]]
    assert ids == sorted(Resource.objects.values_list("pk", flat=True))[:4]


def test_a_list_costs_the_same_with_one_row_and_with_thirty(operator: APIClient) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert operator.get(f"{API}/inventory/").status_code == 200
        return len(queries)

    stack = builders.deployed(builders.service())
    stack.resources.filter(scope="us-west-2").delete()
    cost()
    one = cost()
    for number in range(30):
        other = Stack.objects.create(name=f"s{number}", account=stack.account)
        Resource.objects.create(stack=other, kind="dynamodb_table", scope="us-west-2", name="t", state="retained")
    assert cost() == one


def test_what_may_not_be_seen_is_not_there(operator: APIClient) -> None:
    row = retained(builders.deployed(builders.service()))
    other = builders.service(builders.table_only("books"))
    elsewhere = builders.client_of(builders.granted("operator", other, "elsewhere"))
    assert elsewhere.get(f"{API}/inventory/").json()["results"] == []
    assert elsewhere.post(f"{API}/inventory/{row.pk}/abandon/", {"reason": "x"}, format="json").status_code == 404


def test_what_may_be_seen_and_not_done_is_403(operator: APIClient) -> None:
    row = retained(builders.deployed(builders.service()))
    viewer = builders.client_of(builders.viewer())
    for path, body in (("abandon", {"reason": "x"}), ("destroy", {"name": "entries"})):
        answer = viewer.post(f"{API}/inventory/{row.pk}/{path}/", body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert viewer.post(f"{API}/inventory/measure/", {}, format="json").status_code == 403


def test_destroying_retained_data_opens_an_operation(operator: APIClient) -> None:
    row = retained(builders.deployed(builders.service()))

    answer = operator.post(f"{API}/inventory/{row.pk}/destroy/", {"name": "entries"}, format="json")

    operation = Operation.objects.order_by("-pk")[0]
    assert (answer.status_code, answer["Location"]) == (202, f"{API}/operations/{operation.pk}/")
    assert (operation.verb, operation.consent) == ("destroy_data", ["us-west-2/entries"])


@pytest.mark.parametrize(("body", "code"), [({}, "invalid"), ({"name": "entry"}, "mistyped")])
def test_without_its_name_nothing_is_destroyed(operator: APIClient, body: dict[str, str], code: str) -> None:
    row = retained(builders.deployed(builders.service()))
    answer = operator.post(f"{API}/inventory/{row.pk}/destroy/", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["errors"][0]["field"] == "name"
    assert not Operation.objects.filter(verb="destroy_data").exists()


def test_abandoning_forgets_the_row(operator: APIClient) -> None:
    row = retained(builders.deployed(builders.service()))
    path = f"{API}/inventory/{row.pk}/abandon/"
    assert operator.post(path, {"reason": ""}, format="json").status_code == 400
    assert operator.post(path, {"reason": "moves on"}, format="json").status_code == 204
    assert operator.post(path, {"reason": "moves on"}, format="json").status_code == 404
    assert not Resource.objects.filter(pk=row.pk).exists()


def test_measuring_says_how_many(operator: APIClient, world: Memory) -> None:
    retained(builders.deployed(builders.service()))
    assert operator.post(f"{API}/inventory/measure/", {}, format="json").json() == {"measured": 1}


def by_hand(world: Memory, owner: str = "") -> None:
    world.things["by-hand"] = Thing(HOME, "by-hand", {**PARAMS, "tags": {"made-by": "hand"}}, "", owner=owner)


def adopting(operator: APIClient, **body: Any) -> Any:
    asked = {"kind": HOME.kind, "region": HOME.scope, "name": HOME.name, **body}
    return operator.post(f"{API}/services/ledger/adopt/", asked, format="json")


def test_adopting_is_previewed_then_done(operator: APIClient, world: Memory) -> None:
    builders.service()
    by_hand(world)

    preview = adopting(operator, preview=True)
    assert (preview.status_code, preview.json()["resource"]) == (200, None)
    assert [one["path"] for one in preview.json()["diff"]] == ["tags.antipode:ref", "tags.made-by"]
    assert not Resource.objects.exists()
    assert adopting(operator).json()["code"] == "reason_missing"

    done = adopting(operator, reason="from before the move")
    row = Resource.objects.get()
    assert done.json() == {**preview.json(), "resource": row.pk}
    assert (row.state, row.physical_id) == ("adopted", "by-hand")


def test_of_another_installation_it_is_told_whose_it_is(operator: APIClient, world: Memory) -> None:
    builders.service()
    by_hand(world, owner="them")
    refused = adopting(operator, reason="x")
    assert (refused.status_code, refused.json()["code"], refused.json()["owner"]) == (
        409,
        "foreign_installation",
        "them",
    )
    done = adopting(operator, reason="x", from_installation="them")
    assert (done.status_code, done.json()["marked_by"]) == (200, "them")


def taking(operator: APIClient, **body: Any) -> Any:
    return operator.post(f"{API}/services/keyvalue/take-over/", body, format="json")


def test_a_name_is_previewed_then_taken_over(operator: APIClient, world: Memory) -> None:
    builders.uploaded(builders.service(builders.manifest()))
    world.owners["keyvalue.example.test"] = ("them", 7)

    preview = taking(operator, preview=True).json()
    assert (preview["owner"], preview["generation"], preview["ours"]) == ("them", 7, False)
    assert not HostnameOwner.objects.exists()
    assert taking(operator, reason="x", owner="others").json()["code"] == "owner_moved"
    assert taking(operator, reason="x", owner="them", generation=6).json()["code"] == "owner_moved"

    done = taking(operator, reason="x", owner="them", generation=7).json()
    assert (done["owner"], done["generation"], done["ours"]) == (world.owner, 8, True)
    assert world.owner_claim("", "keyvalue.example.test") == Claim(world.owner, 8)


def test_skipping_a_step_of_a_failed_operation_opens_a_new_one(operator: APIClient) -> None:
    stack = builders.deployed(builders.service())
    failed = Operation.objects.create(stack=stack, verb="deploy", title="t", status="failed", release=stack.release)
    step = Step.objects.create(
        operation=failed,
        position=0,
        kind="iam_role",
        scope="us-west-2",
        name="service",
        action="create",
        status="failed",
        error="no",
    )
    told = operator.get(f"{API}/operations/{failed.pk}/").json()["steps"][0]
    assert told["id"] == step.pk

    path = f"{API}/operations/{failed.pk}/steps/{step.pk}/skip/"
    assert operator.post(path, {}, format="json").status_code == 400
    answer = operator.post(path, {"reason": "later"}, format="json")

    assert (answer.status_code, answer.json()["id"] > failed.pk) == (202, True)
    ref = "ledger/iam_role/us-west-2/service"
    assert answer.json()["skips"] == [{"ref": ref, "action": "create", "reason": "later", "by": "operator"}]


def test_a_step_of_another_operation_is_not_there(operator: APIClient) -> None:
    stack = builders.deployed(builders.service())
    operation = stack.operations.get()
    assert operator.post(f"{API}/operations/{operation.pk}/steps/999/skip/", {"reason": "x"}).status_code == 404
