"""The log is read over the API, on a page and in the admin: by filters, in pages, and only what one may see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from audit.context import acting
from audit.models import Entry
from audit.record import record
from deployments.models import Service
from regions.models import Account, Region
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> APIClient:
    return builders.client_of(builders.viewer())


def found(client: APIClient, **wanted: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/audit/", wanted)
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


def test_entry_is_told_whole(program: APIClient) -> None:
    builders.account()
    with acting("page", actor="operator", actor_id=7, address="192.0.2.7", request_id="r-12345678"):
        Region.objects.filter(code="us-west-2").update(enabled=False)

    told = found(program, action="region.changed")

    (entry,) = told
    assert entry.pop("at") is not None
    assert entry == {
        "id": Entry.objects.latest("pk").pk,
        "action": "region.changed",
        "actor": "operator",
        "actor_id": 7,
        "via": "page",
        "address": "192.0.2.7",
        "request_id": "r-12345678",
        "about": {
            "table": "regions_region",
            "key": str(Region.objects.get(code="us-west-2").pk),
            "name": "us-west-2",
        },
        "service": "",
        "account": "",
        "before": {"enabled": True},
        "after": {"enabled": False},
        "details": {},
    }


def test_filters(program: APIClient) -> None:
    """One action or all of a kind, who, what about, through which door, in which request, from when to when."""
    with acting("page", actor="first", request_id="r-1"):
        record("guard.overridden", service="ledger", account="demo")
        record("guard.refused", service="other", account="demo")
    with acting("api", actor="second", request_id="r-2"):
        record("region.evacuated", service="ledger", account="prod")

    def actions(**wanted: Any) -> list[str]:
        return [entry["action"] for entry in found(program, **wanted)]

    soon, ago = timezone.now() + timedelta(minutes=1), timezone.now() - timedelta(minutes=1)
    assert actions(action="guard") == ["guard.refused", "guard.overridden"]
    assert actions(action="guard.refused") == ["guard.refused"]
    assert actions(action="gua") == []
    assert actions(service="ledger") == ["region.evacuated", "guard.overridden"]
    assert actions(account="prod") == actions(actor="second") == actions(request_id="r-2") == ["region.evacuated"]
    assert actions(via="page", service="ledger") == ["guard.overridden"]
    assert actions(since=soon.isoformat()) == actions(until=ago.isoformat(), action="region.evacuated") == []
    assert actions(since=ago.isoformat(), until=soon.isoformat(), action="region.evacuated") == ["region.evacuated"]


@pytest.mark.parametrize("wanted", [{"since": "yesterday"}, {"via": "window"}])
def test_nonsense_is_refused(program: APIClient, wanted: dict[str, str]) -> None:
    answer = program.get("/api/v1/audit/", wanted)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_pages_follow_one_another_and_skip_nothing(program: APIClient) -> None:
    for number in range(5):
        record("test.written", name=str(number))

    answer = program.get("/api/v1/audit/", {"action": "test.written", "page_size": 2}).json()
    names = [entry["about"]["name"] for entry in answer["results"]]
    record("test.written", name="meanwhile")
    while answer["next"]:
        answer = program.get(answer["next"]).json()
        names += [entry["about"]["name"] for entry in answer["results"]]

    assert names == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize("path", ["/api/v1/audit/", "/audit/", "/admin/audit/entry/"])
def test_number_of_queries_does_not_grow_with_rows(client: Client, path: str) -> None:
    """With 1 row and with 30, for somebody whose view is limited."""
    user = builders.granted("viewer", builders.account())
    reader: Any = client
    if path.startswith("/api/"):
        reader = builders.client_of(user)
    else:
        client.force_login(user)

    def queries() -> int:
        reader.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert reader.get(path).status_code == 200
        return len(captured)

    record("test.written", account="demo")
    with_one = queries()
    for _ in range(30):
        record("test.written", account="demo")

    assert queries() == with_one


def worlds() -> tuple[Account, Service]:
    """Two accounts, a service in each; entries about both, about an account alone, and about neither."""
    demo = builders.account()
    other = builders.account("other", "111111111111", zone="example.com")
    builders.service(builders.table_only("ledger", account="demo"))
    builders.service(builders.table_only("archive", account="demo"))
    builders.service(builders.table_only("foreign", account="other"))
    for service, account in (
        ("ledger", "demo"),
        ("archive", "demo"),
        ("", "demo"),
        ("foreign", other.name),
        ("gone", "demo"),
        ("ledger", "other"),
        ("", ""),
    ):
        record("test.written", service=service, account=account)
    return demo, Service.objects.get(name="ledger")


EVERYTHING = {
    ("ledger", "demo"),
    ("archive", "demo"),
    ("", "demo"),
    ("foreign", "other"),
    ("gone", "demo"),
    ("ledger", "other"),
    ("", ""),
}


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("viewer", EVERYTHING),
        ("of the account", {("ledger", "demo"), ("archive", "demo"), ("", "demo"), ("gone", "demo")}),
        # one that had its name in another account is not theirs
        ("of the service", {("ledger", "demo")}),
    ],
)
def test_everybody_sees_what_is_theirs(client: Client, who: str, sees: set[tuple[str, str]]) -> None:
    """Over the API, on the page and in the admin alike."""
    account, service = worlds()
    about = {"of the account": account, "of the service": service}
    user = builders.granted("viewer", about[who]) if who in about else builders.viewer()
    client.force_login(user)

    told = found(builders.client_of(user), action="test.written")
    page = client.get("/audit/?action=test.written")
    admin = client.get("/admin/audit/entry/?q=test.written")

    assert {(entry["service"], entry["account"]) for entry in told} == sees
    assert {(row.entry.service, row.entry.account) for row in page.context["rows"]} == sees
    assert {(entry.service, entry.account) for entry in admin.context["cl"].result_list} == sees


def test_stranger_sees_nothing(client: Client) -> None:
    user = builders.stranger()
    client.force_login(user)

    assert builders.client_of(user).get("/api/v1/audit/").status_code == 403
    assert client.get("/audit/").status_code == 403
    assert client.get("/admin/audit/entry/").status_code == 403


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nobody_writes_it_through_our_doors(client: Client, method: str) -> None:
    """Not even a superuser."""
    boss = builders.administrator()
    boss.is_superuser = True
    boss.save()
    client.force_login(boss)
    entry = record("test.written")

    assert getattr(builders.client_of(boss), method)("/api/v1/audit/", {}).status_code == 405
    assert getattr(client, method)("/audit/").status_code == 405
    for path in ("add/", f"{entry.pk}/change/", f"{entry.pk}/delete/"):
        assert getattr(client, method)(f"/admin/audit/entry/{path}").status_code in {403, 405}


def test_page_shows_differences_and_leads_on(client: Client) -> None:
    """Values are text, whatever they hold; each entry leads to all that its request changed."""
    builders.account()
    draft = builders.service()
    with acting("api", actor="<b>mallory</b>", request_id="r-12345678"):
        Service.objects.filter(pk=draft.pk).update(zone="<script>alert(1)</script>")
    client.force_login(builders.viewer())

    text = client.get("/audit/?service=ledger").content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text
    assert "<b>mallory" not in text
    assert 'href="?request_id=r-12345678"' in text
    assert '<dd class="plus">' in text


def test_page_has_pages(client: Client) -> None:
    """Older ones are a link away, with the filters kept."""
    for number in range(51):
        record("test.written", name=str(number), service="ledger")
    client.force_login(builders.viewer())

    first = client.get("/audit/?service=ledger")
    older = client.get(f"/audit/?service=ledger&before={first.context['following']}")

    assert [row.entry.name for row in first.context["rows"]] == [str(number) for number in range(50, 0, -1)]
    assert f"?service=ledger&amp;before={first.context['following']}" in first.content.decode()
    assert [row.entry.name for row in older.context["rows"]] == ["0"]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("?service=nobody", 200, "Nothing was written that fits"),
        ("?since=yesterday", 400, "since: Enter a valid date/time"),
        ("?before=-1", 200, "Audit"),
        ("?before=99999999999999999999999", 200, "Audit"),
    ],
)
def test_page_says_what_is_not_there(client: Client, query: str, status: int, said: str) -> None:
    client.force_login(builders.viewer())

    answer = client.get(f"/audit/{query}")

    assert answer.status_code == status
    assert said in answer.content.decode()


def test_admin_shows_an_entry(client: Client) -> None:
    """Searchable, with its differences; nothing to save."""
    builders.account()
    client.force_login(builders.viewer())
    with acting("api", actor="operator"):
        Region.objects.filter(code="us-west-2").update(enabled=False)
    entry = Entry.objects.latest("pk")

    listed = client.get("/admin/audit/entry/?q=us-west-2&via=api").content.decode()
    shown = client.get(f"/admin/audit/entry/{entry.pk}/change/").content.decode()

    assert f"/admin/audit/entry/{entry.pk}/change/" in listed
    assert "enabled" in shown
    assert 'name="_save"' not in shown
