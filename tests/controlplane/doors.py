"""Every address of the product, found in the URL table, and one world in which each of them leads somewhere."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from copy import copy
from typing import Any

import pytest
from django.contrib.admindocs.views import simplify_regex
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from audit.models import Entry
from controlplane import tokens
from deployments.models import Drift, Grant, Pause, Release, SavedPlan, Service, Step
from deployments.providers.memory import Memory
from regions.models import Endpoint, Region
from regions.sync import SyncReport
from tests import builders

ROLES = ("nobody", "stranger", "viewer", "elsewhere", "operator", "admin")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PLACEHOLDER = re.compile(r"<(?:\w+:)?\w+>")


def addresses() -> list[str]:
    """Every address, with <placeholders>, in the order of the table; each once."""
    return list(dict.fromkeys(_walk(get_resolver().url_patterns, "")))


def _walk(patterns: list[Any], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        whole = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, whole)
        elif isinstance(pattern, URLPattern):
            yield simplify_regex(whole)


def world() -> dict[str, str]:
    """What stands for a placeholder, by the part of the address before it."""
    account = builders.account()
    service = builders.uploaded(builders.service(builders.manifest()))
    stack = builders.deployed(service)
    entry = Entry.objects.filter(service="keyvalue").order_by("pk")[0]
    plan = SavedPlan.objects.create(service_name="keyvalue", account_name="demo", digest="0" * 64)
    person = builders.viewer("someone")
    grant = Grant.objects.create(user=person, role=Group.objects.get(name="operator"), service=service)
    token, _ = tokens.issue(person, name="theirs")
    operation, resource = stack.operations.get(), stack.resources.first()
    assert resource is not None
    now = timezone.now()
    step = Step.objects.create(operation=operation, position=0, kind="dynamodb_table", name="a", action="create")
    drift = Drift.objects.create(
        stack=stack, kind="dynamodb_table", scope="eu-central-1", name="a", found_at=now, seen_at=now
    )
    pause = Pause.objects.create(stack=stack)
    return {
        "services": "keyvalue",
        "regions": "eu-central-1",
        "operations": str(operation.pk),
        "plans": str(plan.pk),
        "resources": str(resource.pk),
        "inventory": str(resource.pk),
        "steps": str(step.pk),
        "admin": "deployments",
        "r": str(ContentType.objects.get_for_model(Service).pk),
        "auth/user": str(person.pk),
        "auth/group": str(Group.objects.get(name="viewer").pk),
        "audit/entry": str(entry.pk),
        "controlplane/token": str(token.pk),
        "deployments/service": str(service.pk),
        "deployments/operation": str(operation.pk),
        "deployments/resource": str(resource.pk),
        "deployments/release": str(Release.objects.get().pk),
        "deployments/grant": str(grant.pk),
        "deployments/savedplan": str(plan.pk),
        "deployments/drift": str(drift.pk),
        "deployments/pause": str(pause.pk),
        "regions/account": str(account.pk),
        "regions/region": str(Region.objects.get(code="eu-central-1").pk),
        "regions/endpoint": str(Endpoint.objects.order_by("pk")[0].pk),
    }


def person(role: str) -> User | None:
    """Who asks. `elsewhere` may look, at another service of the same account."""
    match role:
        case "stranger":
            return builders.stranger()
        case "viewer":
            return builders.viewer()
        case "elsewhere":
            return builders.granted("viewer", builders.service(builders.table_only("ledger")), "elsewhere")
        case "operator":
            return builders.operator()
        case "admin":
            return builders.administrator()
    return None


def filled(address: str, rows: dict[str, str]) -> str:
    """The address with something that exists in each place."""
    while found := PLACEHOLDER.search(address):
        before = [part for part in address[: found.start()].split("/") if part]
        key = "/".join(before[1:3]) if before[:1] == ["admin"] and len(before) == 3 else before[-1] if before else ""
        address = address[: found.start()] + rows.get(key, "1") + address[found.end() :]
    return address


def no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """A world in memory wherever a door would ask AWS."""
    for name, module in list(sys.modules.items()):
        if name.startswith("deployments."):
            for asked in ("provider_for", "provider_of"):
                if hasattr(module, asked):
                    monkeypatch.setattr(module, asked, lambda *_: Memory())
    monkeypatch.setattr("regions.syncing.sync", lambda account: SyncReport(account.name))


class Caller:
    """One person with a browser and a program; nothing that they do lasts."""

    def __init__(self, role: str) -> None:
        user = person(role)
        self._program = builders.client_of(user)
        self._browser = Client(raise_request_exception=False)
        if user is not None:
            self._browser.force_login(user)

    def ask(self, method: str, address: str) -> tuple[int, str]:
        """The status, and where it redirects to."""
        client: Any = self._program if address.startswith("/api/") else self._browser
        cookies = copy(self._browser.cookies)
        body = {"data": {}} if method == "POST" else {}
        if client is self._program and method in ("POST", "PUT", "PATCH", "DELETE"):
            body = {"data": {}, "format": "json"}
        with transaction.atomic():
            response = getattr(client, method.lower())(address, **body)
            transaction.set_rollback(True)
        if response.streaming:  # a file is closed when it was read
            b"".join(response)
        self._browser.cookies = cookies
        return response.status_code, response.headers.get("Location", "")
