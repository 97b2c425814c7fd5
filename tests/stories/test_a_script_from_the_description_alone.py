"""A fourth region, by a script that knows the OpenAPI document and nothing else: no address is written down here."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from typing import Any

import pytest

from tests.stories.service import THREE, Service
from tests.stories.system import System

pytestmark = pytest.mark.story

FOURTH = "sa-east-1"


@dataclass
class Client:
    """Calls operations by their ids; where they are, how they are sent and what they answer, the document says."""

    url: str
    token: str
    document: dict[str, Any]

    def __call__(self, operation_id: str, body: object = None, **path: object) -> tuple[int, Any, Message]:
        address, method, operation = self._find(operation_id)
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + address.format(**path), data, method=method.upper())
        (scheme,) = [each for each in self.document["components"]["securitySchemes"].values() if each["type"] == "http"]
        request.add_header("Authorization", f"{scheme['scheme'].capitalize()} {self.token}")
        if data is not None:
            assert "application/json" in operation["requestBody"]["content"]
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as response:
                status, headers, text = response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            status, headers, text = error.code, error.headers, error.read()
        assert str(status) in operation["responses"], (operation_id, status, text)
        return status, json.loads(text) if text else None, headers

    def _find(self, operation_id: str) -> tuple[str, str, dict[str, Any]]:
        return next(
            (address, method, operation)
            for address, item in self.document["paths"].items()
            for method, operation in item.items()
            if operation["operationId"] == operation_id
        )


def test_a_script_from_the_description_alone(system: System, service: Callable[[str], Service]) -> None:
    parcels = service("parcels")
    parcels.save()
    parcels.deploy()
    document = system.api.call("GET", "schema/?format=json")
    client = Client(system.options.url, system.api.token, document)

    _, told, headers = client("services_get", name="parcels")
    assert [replica["region"] for replica in told["replicas"]] == list(THREE)
    regions = client("regions_list")[1]["results"]
    assert FOURTH in [region["code"] for region in regions if region["enabled"]]

    status, told, _ = client("services_patch", {"regions": [*THREE, FOURTH]}, name="parcels")
    assert (status, told["pending"]) == (200, True)
    _, plan, _ = client("services_plan", {}, name="parcels")
    assert {change["action"] for change in plan["changes"]} == {"create"}
    assert not [guard for guard in plan["guards"] if guard["refuses"]]

    status, operation, headers = client("services_deploy", {"plan": plan["id"]}, name="parcels")
    assert (status, headers["Location"]) == (202, f"/api/v1/operations/{operation['id']}/")
    ended = system.until(
        lambda: (found := client("operations_get", id=operation["id"])[1])["finished_at"] and found,
        "the operation ends",
    )
    assert ended["status"] == "succeeded"

    _, told, _ = client("services_get", name="parcels")
    (replica,) = [each for each in told["replicas"] if each["region"] == FOURTH]
    assert (told["pending"], system.fetch(f"{replica['url']}/health")[0]) == (False, 200)
    actions = [entry["action"] for entry in client("audit_list")[1]["results"]]
    assert {"plan.saved", "release.approved", "operation.succeeded"} <= set(actions)
