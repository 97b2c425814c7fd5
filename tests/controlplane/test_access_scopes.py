"""A role in one account or for one service: what is outside is hidden, in every list, page, count and choice."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deployments import overview
from deployments.access import NOWHERE, OPERATE, OVERRIDE, VIEW, scope_of
from deployments.actions.actor import Actor
from deployments.models import Grant, Service
from regions.models import Account, Endpoint, Region
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo() -> Account:
    return builders.account()


@pytest.fixture
def world(demo: Account) -> dict[str, Service]:
    """keyvalue and ledger in the account demo, archive in other; all deployed."""
    other = builders.account("other", "111111111111", zone="other.test")
    made = {
        "keyvalue": builders.service(builders.manifest(account="demo")),
        "ledger": builders.service(builders.table_only("ledger", account="demo")),
        "archive": builders.service(builders.table_only("archive", account="other")),
    }
    for service in made.values():
        builders.deployed(service)
    assert made["archive"].account == other
    return made


def names(answer: Any) -> set[str]:
    return {row.get("service") or row["name"] for row in answer.json()["results"]}


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


# what a grant gives


def test_grant_of_an_account_holds_for_all_its_services(world: dict[str, Service], demo: Account) -> None:
    scope = scope_of(builders.granted("operator", demo), OPERATE)

    assert [scope.holds(world[name]) for name in ("keyvalue", "ledger", "archive")] == [True, True, False]


def test_grant_of_a_service_holds_for_it_and_what_is_of_it(world: dict[str, Service]) -> None:
    stack = world["ledger"].stack
    scope = scope_of(builders.granted("viewer", world["ledger"]), VIEW)

    held = [world["ledger"], stack, stack.operations.get(), stack.resources.first(), world["ledger"].placements.first()]
    assert [scope.holds(row) for row in held if row] == [True] * 5
    assert not scope.holds(world["keyvalue"].stack)
    assert not scope.holds(world["ledger"].account)


def test_grants_add_up(world: dict[str, Service]) -> None:
    user = builders.granted("viewer", world["archive"])
    builders.granted("operator", world["ledger"])

    assert len(scope_of(user, VIEW).services) == 2
    assert scope_of(user, OPERATE).services == {world["ledger"].pk}


def test_grant_gives_no_more_than_its_role(world: dict[str, Service], demo: Account) -> None:
    user = builders.granted("operator", demo)

    assert scope_of(user, OVERRIDE) == NOWHERE
    assert scope_of(builders.granted("admin", demo, "chief"), OVERRIDE).accounts == {demo.pk}


def test_inactive_user_has_nothing(demo: Account) -> None:
    user = builders.granted("admin", demo)
    user.is_active = False

    assert scope_of(user, VIEW) == NOWHERE


def test_djangos_own_question_is_answered_by_scope(world: dict[str, Service]) -> None:
    """`user.has_perm(permission, row)`, for whatever asks it."""
    user = builders.granted("operator", world["ledger"])

    assert user.has_perm(OPERATE, world["ledger"])
    assert not user.has_perm(OPERATE, world["keyvalue"])
    assert not user.has_perm(OPERATE)
    assert builders.operator().has_perm(OPERATE, world["keyvalue"])
    assert user.has_module_perms("deployments")
    assert not user.has_module_perms("auth")


def test_actor_is_limited_alike(world: dict[str, Service]) -> None:
    actor = Actor.of(builders.granted("operator", world["ledger"]), "api")

    assert (actor.may(world["ledger"]), actor.may(world["keyvalue"]), actor.may()) == (True, False, False)


def test_asking_again_costs_no_query(world: dict[str, Service]) -> None:
    user = builders.granted("operator", world["ledger"])
    scope_of(user, VIEW)

    with CaptureQueriesContext(connection) as asked:
        scope_of(user, VIEW)
        scope_of(user, OPERATE)

    assert len(asked) == 0


# the API


@pytest.mark.parametrize("address", ["services/", "operations/", "inventory/"])
def test_lists_hold_what_is_granted_alone(world: dict[str, Service], demo: Account, address: str) -> None:
    of_service = builders.client_of(builders.granted("viewer", world["ledger"]))
    of_account = builders.client_of(builders.granted("viewer", demo, "other"))

    assert names(of_service.get(f"/api/v1/{address}")) == {"ledger"}
    assert names(of_account.get(f"/api/v1/{address}")) == {"ledger", "keyvalue"}
    assert names(builders.client_of(builders.viewer()).get(f"/api/v1/{address}")) == set(world)


def test_list_of_a_part_costs_no_more_queries(world: dict[str, Service], demo: Account) -> None:
    """One more than for those who see everything: their grants."""

    def queries(user: User) -> int:
        program = builders.client_of(user)
        program.get("/api/v1/services/")
        with CaptureQueriesContext(connection) as asked:
            program.get("/api/v1/services/")
        return len(asked)

    assert queries(builders.granted("viewer", demo)) == queries(builders.viewer()) + 1


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("post", "services/keyvalue/plan/"),
        ("post", "services/keyvalue/deploy/"),
        ("post", "services/keyvalue/artifacts/"),
        ("post", "services/keyvalue/pause/"),
        ("post", "services/keyvalue/resume/"),
        ("put", "services/keyvalue/"),
        ("patch", "services/keyvalue/"),
        ("delete", "services/keyvalue/"),
    ],
)
def test_acting_on_what_is_hidden_is_404(world: dict[str, Service], method: str, address: str) -> None:
    """Of somebody who may act, elsewhere."""
    program = builders.client_of(builders.granted("operator", world["ledger"]))
    body = builders.manifest(account="demo") if method == "put" else {}

    assert getattr(program, method)(f"/api/v1/{address}", body).status_code == 404
    assert Service.objects.get(name="keyvalue").revision == world["keyvalue"].revision


def test_operation_of_what_is_hidden_is_404(world: dict[str, Service]) -> None:
    program = builders.client_of(builders.granted("operator", world["ledger"]))
    hidden = world["keyvalue"].stack.operations.get().pk

    assert [program.post(f"/api/v1/operations/{hidden}/{verb}/", {}).status_code for verb in ("cancel", "retry")] == [
        404,
        404,
    ]


def test_what_may_be_seen_and_not_done_is_403(world: dict[str, Service]) -> None:
    """Operates one, views another."""
    user = builders.granted("operator", world["ledger"])
    builders.granted("viewer", world["archive"])
    program = builders.client_of(user)

    answer = program.post("/api/v1/services/archive/deploy/", {})

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert program.post("/api/v1/services/ledger/deploy/", {}).status_code == 202


def test_service_is_made_only_in_an_account_of_ones_own(world: dict[str, Service], demo: Account) -> None:
    program = builders.client_of(builders.granted("operator", demo))

    mine = program.post("/api/v1/services/", builders.table_only("mine", account="demo"))
    theirs = program.post("/api/v1/services/", builders.table_only("theirs", account="other"))

    assert (mine.status_code, theirs.status_code) == (201, 403)


def test_regions_tell_of_ones_own_accounts(world: dict[str, Service], demo: Account) -> None:
    program = builders.client_of(builders.granted("viewer", demo))

    region = program.get("/api/v1/regions/eu-central-1/").json()

    assert [row["account"] for row in region["accounts"]] == ["demo"]


def test_admin_of_a_part_changes_no_regions(demo: Account) -> None:
    """Regions are of all; a grant is of a part."""
    program = builders.client_of(builders.granted("admin", demo))

    assert program.patch("/api/v1/regions/eu-central-1/", {"enabled": False}).status_code == 403
    assert program.post("/api/v1/regions/sync/", {}).status_code == 403
    assert Region.objects.get(code="eu-central-1").enabled


# the pages


def test_pages_show_and_count_what_is_granted(world: dict[str, Service]) -> None:
    client = browser(builders.granted("viewer", world["ledger"]))

    for path in ("/", "/operations/", "/regions/", "/regions/eu-central-1/", "/services/ledger/"):
        page = client.get(path)
        assert page.status_code == 200
        assert page.context["count_services"] == 1
        assert ("keyvalue" in page.content.decode(), "archive" in page.content.decode()) == (False, False)


@pytest.mark.parametrize("path", ["/services/keyvalue/", "/services/keyvalue/plan/", "/services/keyvalue/destroy/"])
def test_page_of_what_is_hidden_is_404(world: dict[str, Service], path: str) -> None:
    assert browser(builders.granted("operator", world["ledger"])).get(path).status_code == 404


def test_buttons_stand_where_one_may_press_them(world: dict[str, Service]) -> None:
    user = builders.granted("operator", world["ledger"])
    builders.granted("viewer", world["archive"])
    client = browser(user)

    shown = {name: client.get(f"/services/{name}/").context["may_operate"] for name in ("ledger", "archive")}

    assert shown == {"ledger": True, "archive": False}


def test_happenings_are_those_of_ones_own(world: dict[str, Service]) -> None:
    now = timezone.now()
    scope = scope_of(builders.granted("viewer", world["keyvalue"]), VIEW)

    told = {one.service for one in overview.happenings(now - timezone.timedelta(days=1), 50, scope=scope)}

    assert told == {"keyvalue"}


# the admin


@pytest.mark.parametrize("model", ["service", "operation", "resource", "release"])
def test_admins_lists_hold_what_is_granted(world: dict[str, Service], model: str) -> None:
    page = browser(builders.granted("viewer", world["ledger"])).get(f"/admin/deployments/{model}/")

    assert page.status_code == 200
    found = {
        getattr(row, "service_name", "") or (row.name if model == "service" else row.stack.name)
        for row in page.context["cl"].queryset
    }
    assert found == {"ledger"}


def test_admins_endpoints_and_accounts_are_those_of_ones_account(world: dict[str, Service], demo: Account) -> None:
    """A person's own endpoint of no account is seen by those who see all."""
    region = Region.objects.get(code="eu-central-1")
    Endpoint.objects.create(region=region, name="nobody's", url="https://a.example.test/")
    Endpoint.objects.create(
        region=region, account=Account.objects.get(name="other"), name="theirs", url="https://b.example.test/"
    )
    client = browser(builders.granted("viewer", demo))

    endpoints = client.get("/admin/regions/endpoint/").context["cl"].queryset
    accounts = client.get("/admin/regions/account/").context["cl"].queryset

    assert {row.name for row in endpoints} == {"keyvalue"}
    assert [row.name for row in accounts] == ["demo"]


def test_admin_offers_accounts_that_one_may_use(world: dict[str, Service], demo: Account) -> None:
    page = browser(builders.granted("operator", demo)).get("/admin/deployments/service/add/").content.decode()

    assert "demo (000000000000)" in page
    assert "other (111111111111)" not in page


def test_admin_refuses_another_account(world: dict[str, Service], demo: Account) -> None:
    """What the form doesn't offer is not taken either."""
    client = browser(builders.granted("operator", demo))

    answer = client.post(f"/admin/deployments/service/{world['archive'].pk}/change/", {})

    assert answer.status_code == 404


def test_grant_names_an_account_or_a_service(world: dict[str, Service], demo: Account) -> None:
    """Not both, not neither; made in the admin by those who administer."""
    client, user = browser(builders.administrator()), builders.stranger()
    role = user.groups.model.objects.get(name="viewer").pk
    form = {"user": user.pk, "role": role, "account": demo.pk, "service": world["ledger"].pk}

    both = client.post("/admin/deployments/grant/add/", form)
    one = client.post("/admin/deployments/grant/add/", {**form, "account": ""})

    assert "Name either an account or a service." in both.content.decode()
    assert (both.status_code, one.status_code) == (200, 302)
    assert str(Grant.objects.get()) == "stranger: viewer of ledger"


def test_menu_shows_what_one_may_open(world: dict[str, Service]) -> None:
    client = browser(builders.granted("viewer", world["ledger"]))
    page = client.get("/admin/").content.decode()

    assert "/admin/deployments/service/" in page
    assert "/admin/controlplane/token/" not in page
    assert "/admin/deployments/grant/" not in page
