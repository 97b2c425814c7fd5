"""Health and availability of a service over the REST API; answers hold to the shapes that the description tells."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from deployments import api_examples
from deployments.models import Step
from regions.models import Endpoint, Status
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer() -> APIClient:
    builders.account()
    return builders.client_of(builders.viewer())


def test_health_tells_each_region(viewer: APIClient) -> None:
    stack = builders.deployed(builders.service(builders.manifest()))
    endpoint = Endpoint.objects.get(region__code="eu-central-1")
    endpoint.status, endpoint.latency_ms, endpoint.error = Status.DOWN, None, "timeout"
    endpoint.why = "3 probes failed in a row"
    endpoint.save()

    west, central = viewer.get(f"/api/v1/services/{stack.name}/health/").json()["regions"]

    assert (west["region"], west["status"], west["latency_ms"]) == ("us-west-2", "up", 12.5)
    assert central == {
        "region": "eu-central-1",
        "status": "down",
        "since": endpoint.since.isoformat().replace("+00:00", "Z"),
        "latency_ms": None,
        "error": "timeout",
        "why": "3 probes failed in a row",
    }


def test_silence_is_unknown(viewer: APIClient) -> None:
    """A verdict ends with the probes that it rests on."""
    stack = builders.deployed(builders.service(builders.manifest()))
    Endpoint.objects.update(probed_at=timezone.now() - timedelta(minutes=10))

    body = viewer.get(f"/api/v1/services/{stack.name}/").json()

    assert (body["health"]["status"], body["health"]["unknown"]) == ("unknown", 2)


def test_nothing_watched_is_unknown(viewer: APIClient) -> None:
    builders.deployed(builders.service())

    regions = viewer.get("/api/v1/services/ledger/health/").json()["regions"]

    assert [(one["region"], one["status"]) for one in regions] == [
        ("us-west-2", "unknown"),
        ("eu-central-1", "unknown"),
    ]


def test_availability_is_computed_and_measured(viewer: APIClient) -> None:
    """Computed for its regions and for 1 … 5; measured with unknown time apart; the budget of its objective."""
    stack = builders.deployed(builders.service(builders.manifest(slo={"availability": 99.95})))
    endpoint = Endpoint.objects.get(region__code="eu-central-1")
    builders.flip(endpoint, timezone.now() - timedelta(minutes=1), Status.DOWN)

    body = viewer.get(f"/api/v1/services/{stack.name}/availability/").json()

    computed = body["computed"]
    assert computed["regions"] == 2
    assert {part["key"] for part in computed["components"]} >= {"lambda", "api_gateway", "dynamodb_global_table"}
    assert [row["regions"] for row in computed["by_regions"]] == [1, 2, 3, 4, 5]
    assert computed["by_regions"][1]["availability"] == computed["availability"]
    central = next(one for one in body["measured"]["regions"] if one["region"] == "eu-central-1")
    assert (central["up_s"], central["down_s"]) == (pytest.approx(240, abs=5), pytest.approx(60, abs=5))
    assert central["unknown_s"] == pytest.approx(30 * 86_400 - 300, abs=5)
    assert body["measured"]["service"]["down_s"] == 0
    assert (body["error_budget"]["objective"], body["error_budget"]["allowed_s"]) == ("99.95", 1296.0)


def test_described_example_is_what_is_computed(viewer: APIClient) -> None:
    """To the last digit; the description shows the first two rows."""
    draft = builders.service(api_examples.MANIFEST.value)

    computed = viewer.get(f"/api/v1/services/{draft.name}/availability/").json()["computed"]

    assert {**computed, "by_regions": computed["by_regions"][:2]} == api_examples.AVAILABILITY.value["computed"]


def test_nothing_deployed_has_nothing_measured(viewer: APIClient) -> None:
    builders.service()

    body = viewer.get("/api/v1/services/ledger/availability/").json()

    assert (body["measured"]["service"], body["measured"]["regions"], body["error_budget"]) == (None, [], None)
    assert body["computed"]["regions"] == 2


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/api/v1/services/", "/api/v1/services/"),
        ("/api/v1/services/keyvalue/", "/api/v1/services/{name}/"),
        ("/api/v1/services/keyvalue/health/", "/api/v1/services/{name}/health/"),
        ("/api/v1/services/keyvalue/availability/", "/api/v1/services/{name}/availability/"),
        ("/api/v1/operations/", "/api/v1/operations/"),
        ("/api/v1/regions/", "/api/v1/regions/"),
        ("/api/v1/availability/?component=99.9", "/api/v1/availability/"),
    ],
)
def test_answers_have_the_described_shape(viewer: APIClient, address: str, path: str) -> None:
    """Every field is described, and every described field is there."""
    stack = builders.deployed(builders.service(builders.manifest(slo={"availability": 99.95})))
    Step.objects.create(
        operation=stack.operations.get(),
        position=0,
        kind="dynamodb_table",
        scope="us-west-2",
        name="keyvalues",
        action="create",
        diff=[{"path": "tags.team", "before": None, "after": "core"}],
    )
    described = SchemaGenerator().get_schema(request=None, public=True)
    schema = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]

    body = viewer.get(address).json()

    validator = Draft202012Validator({**schema, "components": _closed(described["components"])})
    assert [error.message for error in validator.iter_errors(body)] == []


def test_examples_have_the_described_shape() -> None:
    described = SchemaGenerator().get_schema(request=None, public=True)
    components = _closed(described["components"])

    for path, item in described["paths"].items():
        for method, operation in item.items():
            for response in operation["responses"].values():
                for media in response.get("content", {}).values():
                    for example in media.get("examples", {}).values():
                        validator = Draft202012Validator({**media["schema"], "components": components})
                        found = [error.message for error in validator.iter_errors(example["value"])]
                        assert (path, method, found) == (path, method, [])


def _closed(components: dict[str, Any]) -> dict[str, Any]:
    """The schemas, with unknown fields refused: an answer must not hold what nobody described."""
    closed = {}
    for name, schema in components["schemas"].items():
        closed[name] = {**schema, "additionalProperties": False} if schema.get("type") == "object" else schema
    return {"schemas": closed}
