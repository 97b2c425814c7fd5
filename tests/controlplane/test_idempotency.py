"""`Idempotency-Key`: a POST that is sent again is done once and answered alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from controlplane.models import Answer
from deployments.models import Operation, Service
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> APIClient:
    builders.account()
    return builders.client_of(builders.operator())


def post(client: APIClient, address: str, body: Any, key: str = "k1") -> Any:
    return client.post(f"/api/v1/{address}", body, HTTP_IDEMPOTENCY_KEY=key)


def test_deploy_sent_twice_is_one_operation(operator: APIClient) -> None:
    """Same status, body and Location; the second says that it is a repetition."""
    builders.service()

    first = post(operator, "services/ledger/deploy/", {})
    second = post(operator, "services/ledger/deploy/", {})

    assert Operation.objects.count() == 1
    assert (second.status_code, second.json(), second["Location"]) == (202, first.json(), first["Location"])
    assert ("Idempotency-Replayed" in first, second["Idempotency-Replayed"]) == (False, "true")


def test_refusal_is_repeated_too(operator: APIClient) -> None:
    first = post(operator, "services/", {"name": "a"})
    second = post(operator, "services/", {"name": "a"})

    assert (first.status_code, second.status_code) == (400, 400)
    assert second.json() == first.json()
    assert second["Content-Type"] == "application/problem+json"


def test_key_is_of_one_request(operator: APIClient) -> None:
    """Another body under it is refused; another address, key or person is another request."""
    post(operator, "services/", builders.table_only("a"))

    reused = post(operator, "services/", builders.table_only("b"))
    other_key = post(operator, "services/", builders.table_only("b"), key="k2")
    other_person = post(builders.client_of(builders.operator("second")), "services/", builders.table_only("c"))

    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    assert (other_key.status_code, other_person.status_code) == (201, 201)
    assert set(Service.objects.values_list("name", flat=True)) == {"a", "b", "c"}


def test_request_under_way_is_not_done_twice(operator: APIClient) -> None:
    """Until its process must be dead; then the key is free again."""
    post(operator, "services/", builders.table_only("a"))
    Service.objects.all().delete()
    Answer.objects.update(status=None)

    early = post(operator, "services/", builders.table_only("a"))
    Answer.objects.update(created_at=Answer.objects.get().created_at - timedelta(minutes=3))
    late = post(operator, "services/", builders.table_only("a"))

    assert (early.status_code, early.json()["code"], late.status_code) == (409, "idempotency_under_way", 201)


def test_crash_is_not_kept(operator: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("deployments.manifests.save", lambda *_: 1 / 0)
        crashed = post(operator, "services/", builders.table_only("a"))
    again = post(operator, "services/", builders.table_only("a"))

    assert (crashed.status_code, again.status_code) == (500, 201)


def test_answer_is_forgotten_after_a_day(operator: APIClient) -> None:
    post(operator, "services/", builders.table_only("a"))
    Answer.objects.update(created_at=Answer.objects.get().created_at - timedelta(days=1, seconds=1))

    assert post(operator, "services/", builders.table_only("a")).json()["code"] == "name_taken"


def test_key_has_a_length(operator: APIClient) -> None:
    for key in ("", "k" * 256):
        assert post(operator, "services/", {}, key=key).json()["code"] == "idempotency_key_invalid"


def test_key_opens_no_door(operator: APIClient) -> None:
    """Whoever may not act learns nothing of the answers of others."""
    post(operator, "services/", builders.table_only("a"))

    assert post(builders.client_of(builders.viewer()), "services/", builders.table_only("a")).status_code == 403
    assert post(builders.client_of(None), "services/", builders.table_only("a")).status_code == 401
