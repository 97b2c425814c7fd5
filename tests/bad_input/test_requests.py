"""Each request that no program should send: a problem with status, code and mend; the next request is served."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from deployments.models import Operation, Service
from tests import builders
from tests.bad_input.requests import API, BODIES, Sent, all_of_them

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> APIClient:
    builders.account()
    builders.deployed(builders.service(builders.table_only("ledger")))
    return builders.client_of(builders.administrator())


def test_each_is_refused_with_its_status_and_code(operator: APIClient) -> None:
    before = (Service.objects.count(), Operation.objects.count())
    expected = {name: (status, code) for name, (_, status, code) in all_of_them().items()}

    found = {name: outcome(operator, sent) for name, (sent, _, _) in all_of_them().items()}

    assert {name: (told, expected[name]) for name, told in found.items() if told != expected[name]} == {}
    assert (Service.objects.count(), Operation.objects.count()) == before
    assert operator.get(f"{API}services/ledger/").status_code == 200


def outcome(client: APIClient, sent: Sent) -> Any:
    client = APIClient() if "HTTP_AUTHORIZATION" in sent.headers else client
    response = client.generic(sent.method, f"{API}{sent.path}", sent.body, sent.type, **sent.headers)
    if response["Content-Type"] != "application/problem+json":
        return response.status_code, response.content[:300]
    problem = response.json()
    if not problem["mend"]:
        return "no mend", problem
    return response.status_code, problem["code"]


def test_the_same_bodies_are_refused_by_every_address_that_takes_one(operator: APIClient) -> None:
    addresses = [("PUT", "services/ledger/"), ("PATCH", "services/ledger/"), ("POST", "services/ledger/plan/")]
    addresses += [("POST", "services/ledger/deploy/"), ("POST", "regions/"), ("PATCH", "regions/us-west-2/")]

    for method, path in addresses:
        for name, (sent, status, code) in BODIES.items():
            if code in ("parse_error", "too_large", "unsupported_media_type"):
                told = outcome(operator, sent._replace(method=method, path=path))
                assert told == (status, code), (method, path, name)


@pytest.mark.parametrize("offset", ["%2B16:00", "-23:59"])
def test_a_time_is_taken_from_every_place_that_iso_knows(operator: APIClient, offset: str) -> None:
    response = operator.get(f"{API}audit/?since=2026-01-01T00:00:00{offset}")

    assert response.status_code == 200
    assert response.json()["results"]
