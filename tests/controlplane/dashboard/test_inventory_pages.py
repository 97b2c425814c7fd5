"""The pages of the inventory, and the questions before adopting, abandoning, skipping and taking over."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from controlplane.templatetags.inventory import amount, usd
from deployments.models import HostnameOwner, Operation, Resource, Stack, Step
from deployments.providers.memory import Memory, Thing
from deployments.worlds import installation
from tests import builders
from tests.deployments.test_adopt import HOME, PARAMS

pytestmark = pytest.mark.django_db


@pytest.fixture
def stack() -> Stack:
    builders.account()
    return builders.deployed(builders.service())


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Memory:
    made = Memory(owner=str(installation().pk))
    for verb in ("adopt", "take_over", "measure"):
        monkeypatch.setattr(f"deployments.actions.{verb}.provider_of", lambda account: made)
    return made


def operator() -> Client:
    client = Client()
    client.force_login(builders.operator())
    return client


def viewer() -> Client:
    client = Client()
    client.force_login(builders.viewer())
    return client


def retained(stack: Stack) -> Resource:
    row = stack.resources.get(scope="us-west-2")
    row.state, row.outputs = (
        "retained",
        {"facts": {"size_bytes": 4 * 10**9, "measured_at": "2026-11-25T09:00:00+00:00"}},
    )
    row.save()
    return row


def test_empty_it_says_what_would_stand_there() -> None:
    page = operator().get("/inventory/").content.decode()
    assert "Nothing is retained" in page
    assert "the first deploy of a service fills this list" in page


def test_retained_data_comes_first_with_its_cost_and_when_it_was_measured(stack: Stack) -> None:
    row = retained(stack)
    page = operator().get("/inventory/").content.decode()
    assert "1 retained, 0.93\u202fUSD a month" in page
    assert "4.0\u202fGB" in page
    assert "2026-11-25T09:00:00" in page
    assert f'href="/inventory/{row.pk}/destroy/"' in page
    assert page.index('id="retained"') < page.index('id="rows"')


def test_a_viewer_sees_it_and_is_offered_no_act(stack: Stack) -> None:
    row = retained(stack)
    client = viewer()
    page = client.get("/inventory/").content.decode()
    assert "1 retained" in page
    assert "Destroy…" not in page
    assert "Abandon…" not in page
    for path in (f"/inventory/{row.pk}/destroy/", f"/inventory/{row.pk}/abandon/"):
        assert client.get(path).status_code == 403
        assert client.post(path, {"typed": "entries", "reason": "x"}).status_code == 403
    assert client.post("/inventory/measure/").status_code == 403


def test_it_costs_the_same_with_one_row_and_with_thirty(stack: Stack) -> None:
    client = operator()

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/inventory/").status_code == 200
        return len(queries)

    retained(stack)
    Resource.objects.create(stack=stack, kind="iam_role", scope="us-west-2", name="r", state="pending")
    cost()
    one = cost()
    for number in range(30):
        other = Stack.objects.create(name=f"s{number}", account=stack.account)
        Resource.objects.create(stack=other, kind="dynamodb_table", scope="us-west-2", name="t", state="retained")
        Resource.objects.create(stack=other, kind="iam_role", scope="us-west-2", name="r", state="pending")
    assert cost() == one


def test_the_list_is_filtered_and_comes_in_pages(stack: Stack) -> None:
    for number in range(60):
        Resource.objects.create(stack=stack, kind="log_group", scope="us-west-2", name=f"g{number:02}", state="live")
    client = operator()
    first = client.get("/inventory/?kind=log_group").content.decode()
    assert (">g00<" in first, ">g49<" in first, ">g50<" in first) == (True, True, False)
    after = Resource.objects.get(name="g49").pk
    assert f"?after={after}&amp;kind=log_group" in first
    second = client.get(f"/inventory/?after={after}&kind=log_group").content.decode()
    assert (">g49<" in second, ">g50<" in second, ">Next<" in second) == (False, True, False)
    assert "None of that" in client.get("/inventory/?service=nobody").content.decode()
    assert client.get("/inventory/?after=x").status_code == 200


def test_destroying_asks_for_the_name(stack: Stack) -> None:
    row, client = retained(stack), operator()
    path = f"/inventory/{row.pk}/destroy/"
    assert "Type <b>entries</b>" in client.get(path).content.decode()
    wrong = client.post(path, {"typed": "entry"})
    assert (wrong.status_code, "is not it" in wrong.content.decode()) == (400, True)
    answer = client.post(path, {"typed": "entries"})
    operation = Operation.objects.get(verb="destroy_data")
    assert (answer.status_code, answer["Location"]) == (302, f"/operations/{operation.pk}/")


def test_abandoning_asks_for_a_reason_and_the_name(stack: Stack) -> None:
    row, client = retained(stack), operator()
    path = f"/inventory/{row.pk}/abandon/"
    assert "stays in AWS as it is" in client.get(path).content.decode()
    assert client.post(path, {"typed": "entries"}).status_code == 400
    assert client.post(path, {"reason": "x"}).status_code == 400
    assert Resource.objects.filter(pk=row.pk).exists()
    page = client.post(path, {"typed": "entries", "reason": "x"}, follow=True).content.decode()
    assert "is abandoned" in page
    assert not Resource.objects.filter(pk=row.pk).exists()


def failed(stack: Stack, **step: object) -> Step:
    operation = Operation.objects.create(
        stack=stack, verb="deploy", title="Deploy ledger r2", status="failed", release=stack.release
    )
    fields = {"kind": "dynamodb_table", "scope": "us-west-2", "name": "entries", "action": "create"}
    return Step.objects.create(operation=operation, position=0, status="failed", **{**fields, **step})


def test_a_failed_step_can_be_skipped_with_a_reason_and_tells_who_did(stack: Stack) -> None:
    step, client = failed(stack, error="no more tables"), operator()
    path = f"/operations/{step.operation_id}/steps/{step.pk}/skip/"
    assert path in client.get(f"/operations/{step.operation_id}/").content.decode()
    assert "no more tables" in client.get(path).content.decode()
    assert client.post(path, {}).status_code == 400

    answer = client.post(path, {"reason": "the quota comes next week"})

    again = Operation.objects.order_by("-pk")[0]
    assert answer["Location"] == f"/operations/{again.pk}/"
    Step.objects.create(
        operation=again, position=0, kind=step.kind, scope=step.scope, name=step.name, action="create", status="skipped"
    )
    page = client.get(f"/operations/{again.pk}/").content.decode()
    assert "<b>Skipped</b> by operator: the quota comes next week" in page


def test_a_namesake_leads_to_the_question_whether_to_adopt_it(stack: Stack, world: Memory) -> None:
    stack.resources.get(scope="us-west-2").delete()
    world.things["by-hand"] = Thing(HOME, "by-hand", {**PARAMS, "tags": {"made-by": "hand"}}, "", owner="")
    step, client = failed(stack, error="by-hand exists and does not carry our mark for it"), operator()
    page = client.get(f"/operations/{step.operation_id}/").content.decode()
    path = "/services/ledger/adopt/?kind=dynamodb_table&region=us-west-2&name=entries"
    assert path.replace("&", "&amp;") in page

    asked = client.get(path).content.decode()
    assert "Adopt by-hand?" in asked
    assert "tags.made-by" in asked
    fields = {"kind": HOME.kind, "region": HOME.scope, "name": HOME.name}
    assert client.post("/services/ledger/adopt/", {**fields, "typed": "entries"}).status_code == 400
    done = client.post("/services/ledger/adopt/", {**fields, "typed": "entries", "reason": "from before"})

    assert (done.status_code, done["Location"]) == (302, "/services/ledger/plan/")
    assert Resource.objects.get(scope="us-west-2").state == "adopted"


def test_of_another_installation_it_asks_twice(stack: Stack, world: Memory) -> None:
    stack.resources.get(scope="us-west-2").delete()
    world.things["theirs"] = Thing(HOME, "theirs", dict(PARAMS), "", owner="them")
    client = operator()
    fields = {"kind": HOME.kind, "region": HOME.scope, "name": HOME.name}
    first = client.get("/services/ledger/adopt/", fields).content.decode()
    assert 'name="from_installation" value="them"' in first
    second = client.post("/services/ledger/adopt/", {**fields, "from_installation": "them"}).content.decode()
    assert "Adopt theirs?" in second
    assert not Resource.objects.filter(state="adopted").exists()


def test_a_foreign_owner_record_leads_to_taking_the_name_over(world: Memory) -> None:
    builders.account()
    service = builders.uploaded(builders.service(builders.manifest()))
    stack = builders.deployed(service)
    world.owners["keyvalue.example.test"] = ("them", 7)
    client = operator()
    assert "Take the name over" not in client.get("/services/keyvalue/").content.decode()
    step = failed(stack, kind="route53_record", scope="global", error="theirs", error_code="foreign_owner")
    path = "/services/keyvalue/take-over/"
    assert path in client.get("/services/keyvalue/").content.decode()
    assert path in client.get(f"/operations/{step.operation_id}/").content.decode()

    asked = client.get(path).content.decode()
    assert ("them" in asked, ">7<" in asked) == (True, True)
    answers = {"owner": "them", "generation": "7", "reason": "switched off", "typed": "keyvalue.example.test"}
    assert client.post(path, {**answers, "typed": "keyvalue"}).status_code == 400
    assert client.post(path, {**answers, "generation": "6"}).status_code == 409
    assert not HostnameOwner.objects.exists()
    assert client.post(path, answers)["Location"] == "/services/keyvalue/plan/"
    assert HostnameOwner.objects.get().generation == 8


@pytest.mark.parametrize(
    ("money", "told"),
    [(None, "–"), ("0", "0.00\u202fUSD"), ("0.004", "under 0.01\u202fUSD"), ("1234.5", "1,234.50\u202fUSD")],
)
def test_money(money: str | None, told: str) -> None:
    assert usd(None if money is None else Decimal(money)) == told


@pytest.mark.parametrize(
    ("size", "told"), [(None, "–"), (0, "0\u202fbytes"), (999, "999\u202fbytes"), (10_200_000_000, "10.2\u202fGB")]
)
def test_amounts_of_data(size: int | None, told: str) -> None:
    assert amount(size) == told
