"""Each manifest that nobody may save: a problem that names code, field and mend, and nothing is half made."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from rest_framework.test import APIClient

from deployments.models import Component, Service
from tests import builders
from tests.bad_input.manifests import MANIFESTS, Bad

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> APIClient:
    builders.account()
    builders.service(builders.manifest("taken"))
    return builders.client_of(builders.operator())


def test_each_is_refused_with_code_field_and_mend(operator: APIClient) -> None:
    before = (Service.objects.count(), Component.objects.count())

    outcomes = {name: outcome(operator, bad) for name, bad in MANIFESTS.items()}

    assert {name: told for name, told in outcomes.items() if told != "refused"} == {}
    assert (Service.objects.count(), Component.objects.count()) == before


def outcome(operator: APIClient, bad: Bad) -> Any:
    """ "refused" where it was refused as the table says; else what happened."""
    document = copy.deepcopy(builders.manifest())
    bad.change(document)
    response = operator.post("/api/v1/services/", document)
    if (response.status_code, response["Content-Type"]) != (bad.status, "application/problem+json"):
        return response.status_code, response.content
    problem = response.json()
    errors = problem.get("errors") or [{**problem, "field": problem["detail"].split(":")[0]}]
    found = [(error["field"], error["code"]) for error in errors]
    if (bad.field, bad.code) not in found:
        return found
    return "refused" if problem["mend"] and all(error["mend"] for error in errors) else problem
