"""Requests made from the OpenAPI document alone: none crashes the API, and each answer is one that the document tells.

Bounded and the same each time: a few requests for each operation, valid and invalid ones.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import got_request_exception, request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.cache import LRUCache
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deployments.providers.memory import Memory
from regions.sync import SyncReport
from regions.syncing import Told
from tests import builders

EXAMPLES = 5
THERE = {"name": "keyvalue", "code": "us-west-2"}
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)

document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
schema = schemathesis.openapi.from_dict(document)
schema.app = get_wsgi_application()


@pytest.fixture
def token(db: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """An operator's, in a world with services and without AWS."""
    # A request must not close the connection that the test's transaction is on.
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    builders.account()
    for name in ("keyvalue", "ledger"):
        builders.deployed(builders.service(builders.table_only(name)))
    # Hypothesis also draws from the constants of whatever modules are loaded: other tests would change what is asked.
    monkeypatch.setattr(providers, "_get_local_constants", Constants)
    monkeypatch.setattr(providers, "CONSTANTS_CACHE", LRUCache(1024))
    monkeypatch.setattr("deployments.worlds.provider_of", lambda account: Memory())
    monkeypatch.setattr("regions.api.synced", lambda account: Told(SyncReport(account.name)))
    from controlplane import tokens

    return tokens.issue(builders.operator(), name="by schema")[1]


@pytest.fixture
def crashes() -> Iterator[list[str]]:
    """What went wrong inside, for who reads of a failure."""
    found: list[str] = []

    def note(**_: Any) -> None:
        found.append(traceback.format_exc(limit=-3))

    got_request_exception.connect(note)
    yield found
    got_request_exception.disconnect(note)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_it_answers_as_its_document_says(case: Any, token: str, crashes: list[str]) -> None:
    case.path_parameters |= {name: value for name, value in THERE.items() if name in case.path_parameters}
    (case.query or {}).pop("fields", None)  # with it an answer has less than its document requires
    response = case.call(headers={"Authorization": f"Bearer {token}"})

    assert crashes == []
    case.validate_response(response, checks=CHECKS)
