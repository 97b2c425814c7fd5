"""Every address but a few asks who you are; looking needs a login or token, acting the permission to operate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from controlplane import tokens
from controlplane.models import Token
from tests import builders

pytestmark = pytest.mark.django_db

OPEN = {"/healthz", "/readyz", "/login/", "/admin/login/", "/admin/jsi18n/"}
# Forms that change nothing but the visitor's own session.
OWN = {"/logout/", "/theme/", "/admin/logout/", "/admin/password_change/"}
ARGUMENTS = {
    "name": "keyvalue",
    "code": "eu-central-1",
    "pk": "1",
    "object_id": "1",
    "content_type_id": "1",
    "id": "1",
    "app_label": "deployments",
    "url": "x",
    "path": "x",
}


def addresses() -> list[str]:
    """Every address of the URL table, with an argument in each place."""
    found: set[str] = set()

    def walk(patterns: list[Any], prefix: str) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, prefix + _example(pattern.pattern))
            elif isinstance(pattern, URLPattern):
                yield prefix + _example(pattern.pattern)

    found.update(walk(get_resolver().url_patterns, "/"))
    return sorted(found)


def _example(pattern: Any) -> str:
    import re

    text = str(pattern)
    text = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", lambda match: ARGUMENTS[match[1]], text)
    text = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: ARGUMENTS[match[1]], text)
    return text.replace("^", "").replace("$", "").replace("\\", "").replace("/?", "/")


def test_table_of_addresses_holds_all_doors() -> None:
    """The walk that the next tests rest on finds pages, the API and the admin."""
    found = addresses()

    assert {"/", "/api/v1/services/", "/api/v1/services/keyvalue/deploy/", "/admin/deployments/service/"} <= set(found)
    assert len(found) > 60


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_anonymous_is_asked_to_log_in_everywhere(client: Client, method: str) -> None:
    """401 from the API, the login page from everything else."""
    for address in addresses():
        if address in OPEN:
            continue
        response = getattr(client, method)(address)
        if address.startswith("/api/"):
            assert (address, response.status_code) == (address, 401)
            assert response["WWW-Authenticate"] == 'Bearer realm="antipode"'
            assert response["Content-Type"] == "application/problem+json"
        else:
            assert (address, response.status_code) == (address, 302)
            assert response["Location"].startswith(("/login/", "/admin/login/"))


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_viewer_changes_nothing(client: Client, method: str) -> None:
    """Every unsafe method is forbidden to those who may only look, by token and by session."""
    builders.deployed(builders.service(builders.table_only("keyvalue") if builders.account() else None))
    user = builders.viewer()
    program = builders.client_of(user)
    client.force_login(user)

    for address in addresses():
        if address in OPEN | OWN:
            continue
        if address.startswith("/api/"):
            assert (address, getattr(program, method)(address, {}).status_code) == (address, 403)
        else:
            status = getattr(client, method)(address).status_code
            assert status in {403, 404, 405} or (address.startswith("/admin/") and status in {200, 302}), address
    assert list(Token.objects.filter(user=user)) == list(Token.objects.all())


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
