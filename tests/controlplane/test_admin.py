"""The admin as a whole: tokens shown once, a menu of one's own, a policy of its own."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from controlplane import tokens
from controlplane.models import Token
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("admin"))
    return client


def test_token_is_shown_once(admin: Client) -> None:
    """The plain token is on the answer of the form, and nowhere afterwards."""
    user = builders.viewer()

    response = admin.post("/admin/controlplane/token/add/", {"user": user.pk, "name": "ci", "scope": "read", "days": 7})

    token = Token.objects.get()
    page = response.content.decode()
    plain = page[page.index(tokens.PREFIX) :].split("<")[0]
    assert tokens.digest(plain) == token.digest
    assert "no-store" in response["Cache-Control"]
    later = admin.get(f"/admin/controlplane/token/{token.pk}/change/").content.decode()
    assert plain not in later
    assert token.digest not in later


def test_token_is_revoked(admin: Client) -> None:
    token, plain = tokens.issue(builders.viewer(), name="ci")
    api = builders.client_of(None)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
    before = api.get("/api/v1/services/").status_code

    admin.post("/admin/controlplane/token/", {"action": "revoke", "_selected_action": [token.pk]})

    assert (before, api.get("/api/v1/services/").status_code) == (200, 401)


def test_menu_of_one_never_reaches_another(client: Client) -> None:
    """Two roles in turns: unfold once showed one user's menu to the next."""
    chief, guest = User.objects.create_superuser("chief"), builders.viewer()
    guest.user_permissions.set(guest.user_permissions.filter(codename="view_service"))

    def menu(user: User) -> tuple[bool, bool]:
        client.force_login(user)
        page = client.get("/admin/").content.decode()
        return "/admin/deployments/service/" in page, "/admin/controlplane/token/" in page

    assert [menu(user) for user in (chief, guest, chief, guest)] == [(True, True), (True, False)] * 2


def test_admin_has_a_policy_of_its_own(admin: Client) -> None:
    """What unfold needs is allowed in the admin alone."""
    inside = admin.get("/admin/")["Content-Security-Policy"]
    outside = admin.get("/login/")["Content-Security-Policy"]

    assert "'unsafe-eval'" in inside
    assert "unsafe" not in outside
    assert "frame-ancestors 'none'" in inside


@pytest.mark.parametrize(
    "address",
    [
        "regions/region/",
        "regions/account/",
        "regions/account/add/",
        "regions/endpoint/",
        "auth/user/",
        "auth/group/",
        "controlplane/token/",
        "controlplane/token/add/",
    ],
)
def test_every_page_opens(admin: Client, address: str) -> None:
    builders.deployed(builders.service(builders.manifest() if builders.account() else None))

    assert admin.get(f"/admin/{address}").status_code == 200


def test_pages_name_an_icon_that_is_there(admin: Client) -> None:
    """Else a browser asks for /favicon.ico, and complains."""
    page = admin.get("/admin/").content.decode()

    assert '<link rel="icon" href="/static/favicon.svg"' in page
    assert b"".join(admin.get("/static/favicon.svg")).startswith(b"<svg")


def test_account_shows_what_the_sync_read(admin: Client) -> None:
    account = builders.account()

    page = admin.get(f"/admin/regions/account/{account.pk}/change/").content.decode()

    assert "example.test" in page
    assert "eu-central-1" in page


def test_token_command_prints_a_token_that_works() -> None:
    user = builders.viewer()
    out = io.StringIO()

    call_command("token", user.username, stdout=out)

    api = builders.client_of(None)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {out.getvalue().strip()}")
    assert api.get("/api/v1/services/").status_code == 200


@pytest.mark.parametrize("words", [["nobody"], ["viewer", "--days", "0"], ["viewer", "--days", "9999"]])
def test_token_command_refuses_nonsense(words: list[str]) -> None:
    builders.viewer()

    with pytest.raises(CommandError):
        call_command("token", *words)
