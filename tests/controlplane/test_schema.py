"""The API's description: current, valid, told to whoever may look."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from django.conf import settings
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema

from tests import builders

SNAPSHOT = Path(settings.BASE_DIR) / "docs" / "api" / "schema.yml"


def test_snapshot_is_current() -> None:
    """After a change of the API: `make snapshot`, and look at the difference."""
    schema = SchemaGenerator().get_schema(request=None, public=True)

    assert yaml.safe_load(OpenApiYamlRenderer().render(schema, renderer_context={})) == yaml.safe_load(
        SNAPSHOT.read_text()
    )


def test_schema_is_openapi_3_1_and_valid() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)

    validate_schema(schema)
    assert schema["openapi"] == "3.1.0"
    assert all(path.startswith("/api/v1/") for path in schema["paths"])


def test_every_operation_tells_its_problems_and_examples() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)

    for path, item in schema["paths"].items():
        for method, operation in item.items():
            assert {"401", "406"} <= set(operation["responses"]), (path, method)
            ok = next(response for status, response in operation["responses"].items() if status < "300")
            if "content" in ok:
                assert ok["content"]["application/json"].get("examples"), (path, method)


@pytest.mark.django_db
def test_schema_is_served_as_json() -> None:
    response = builders.client_of(builders.viewer()).get("/api/v1/schema/?format=json")

    assert response.status_code == 200
    assert response.json()["openapi"] == "3.1.0"


@pytest.mark.django_db
def test_root_names_the_lists() -> None:
    response = builders.client_of(builders.viewer()).get("/api/v1/")

    assert response.json()["services"] == "http://testserver/api/v1/services/"
