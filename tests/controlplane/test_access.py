"""Tokens: hashed, expiring, revocable, limited by their scope; the one login. Who gets where: test_every_door.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from controlplane import tokens
from controlplane.models import Token
from controlplane.tokens import TokenAuthentication
from deployments.access import OPERATE, VIEW
from deployments.actions.actor import Actor
from tests import builders

pytestmark = pytest.mark.django_db


def test_admin_login_leads_to_the_one_login(client: Client) -> None:
    """There is one login page, which brings back to where one was going."""
    response = client.get("/admin/login/?next=/admin/deployments/service/")

    assert (response.status_code, response["Location"]) == (302, "/login/?next=/admin/deployments/service/")


def _token(**changes: Any) -> str:
    token, plain = tokens.issue(builders.viewer(), name="test")
    for field, value in changes.items():
        setattr(token, field, value)
    token.save()
    return plain


@pytest.mark.parametrize(
    "spoil",
    [
        lambda: "antipode_never-issued",
        lambda: "",
        lambda: "\u00e4\u00f6",
        lambda: _token(revoked_at=timezone.now()),
        lambda: _token(expires_at=timezone.now() - timedelta(seconds=1)),
    ],
    ids=["unknown", "empty", "not ascii", "revoked", "expired"],
)
def test_bad_token_is_401(spoil: Any) -> None:
    """Whatever is wrong with it."""
    client = builders.client_of(None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {spoil()}")

    response = client.get("/api/v1/services/")

    assert (response.status_code, response.json()["code"]) == (401, "bad_token")


def test_token_of_inactive_user_is_401() -> None:
    user = builders.viewer()
    client = builders.client_of(user)
    user.is_active = False
    user.save()

    assert client.get("/api/v1/services/").status_code == 401


def test_token_is_kept_as_hash_only() -> None:
    """What stands in the database is no token."""
    token, plain = tokens.issue(builders.viewer(), name="test")

    assert token.digest == tokens.digest(plain)
    assert plain not in str(Token.objects.values().get())


def test_use_of_a_token_is_noted_once_a_minute() -> None:
    """Without a write for each request."""
    client = builders.client_of(builders.viewer())
    client.get("/api/v1/services/")
    first = Token.objects.get().last_used_at

    client.get("/api/v1/services/")

    assert first is not None
    assert Token.objects.get().last_used_at == first


def test_session_without_csrf_token_changes_nothing() -> None:
    """A page of somebody else can't use an operator's session for the API."""
    builders.account()
    client = Client(enforce_csrf_checks=True)
    client.force_login(builders.operator())

    response = client.post("/api/v1/services/", builders.table_only(), content_type="application/json")

    assert response.status_code == 403


@pytest.mark.parametrize(
    ("scope", "reading", "acting", "administering"),
    [("read", 200, 403, 403), ("operate", 200, 202, 403), ("admin", 200, 202, 201)],
)
def test_scope_of_a_token_limits_what_its_user_may(scope: str, reading: int, acting: int, administering: int) -> None:
    """Even a superuser's."""
    builders.account()
    builders.deployed(builders.service())
    program = builders.client_of(User.objects.create_superuser("chief"), scope)

    answers = (
        program.get("/api/v1/services/ledger/"),
        program.post("/api/v1/services/ledger/deploy/", {}),
        program.post("/api/v1/regions/", {"code": "eu-north-1"}),
    )

    assert tuple(answer.status_code for answer in answers) == (reading, acting, administering)


def test_scope_of_a_token_gives_nothing_that_its_user_has_not() -> None:
    builders.account()
    builders.service()
    program = builders.client_of(builders.viewer(), "admin")

    assert program.post("/api/v1/services/ledger/deploy/", {}).status_code == 403


def test_token_that_reads_never_acts_whatever_asks() -> None:
    """Its user is limited, so the actor is, and Django's own question too."""
    service = builders.service() if builders.account() else None
    token, plain = tokens.issue(builders.operator(), name="test", scope="read")
    request = APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {plain}")

    found = TokenAuthentication().authenticate(Request(request))

    assert found is not None
    user, used = found
    assert used == token
    assert not Actor.of(user, "api").may(service)
    assert isinstance(user, User)
    assert (user.has_perm(VIEW), user.has_perm(OPERATE)) == (True, False)


def test_token_made_by_an_administrator_is_of_no_superuser(client: Client) -> None:
    """Else the role admin could take all there is."""
    chief = User.objects.create_superuser("chief")
    client.force_login(builders.administrator())

    answer = client.post("/admin/controlplane/token/add/", {"user": chief.pk, "name": "x", "scope": "admin", "days": 1})

    assert (answer.status_code, Token.objects.count()) == (200, 0)


def test_administrator_makes_no_superuser(client: Client) -> None:
    """Neither of others nor of themselves; and changes none."""
    me, chief = builders.administrator(), User.objects.create_superuser("chief")
    client.force_login(me)

    client.post(f"/admin/auth/user/{me.pk}/change/", {"username": "administrator", "is_superuser": "on"})
    answer = client.post(f"/admin/auth/user/{chief.pk}/change/", {"username": "mine"})

    me.refresh_from_db()
    assert (me.is_superuser, answer.status_code) == (False, 403)
