"""docs/manifest.md against the schema: every field with its default and limits, and an example that parses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from demo.processes import ROOT
from deployments.components.component import ENVIRONMENT_LIMIT_BYTES
from deployments.components.http_route import HTTP_TIMEOUT_S, MOST_ROUTES
from deployments.manifest import parse
from deployments.manifest.load import MAX_BYTES
from deployments.manifest.model import HOSTNAME_LIMIT, MOST_REGIONS, MOST_TAGS, Manifest
from deployments.manifest.parse import MOST_COMPONENTS, component_schema
from deployments.plugins import components, policies

PAGE = (ROOT / "docs" / "manifest.md").read_text()
SCHEMA = Manifest.model_json_schema()
PARTS = {"regions": "Placement", "zone": "Zone", "slo": "Slo", "routing": "Routing", "health_check": "HealthCheck"}
PARTS |= {"safety": "Safety"}


def section(heading: str) -> str:
    return PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]


def told(heading: str) -> list[tuple[str, ...]]:
    """(field, default, limits) of each row under a heading."""
    rows = [line for line in section(heading).splitlines() if line.startswith("| `")]
    return [tuple(cell.strip() for cell in row.strip("|").split(" | "))[:3] for row in rows]


def expected(schema: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (f"`{name}`", _default(name, field, schema), _limits(field)) for name, field in schema["properties"].items()
    ]


def _default(name: str, field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if name in schema.get("required", ()):
        return "required"
    default = field.get("default")
    if default is None or default == [] or isinstance(default, dict) or "default" not in field:
        return "none"
    return f"`{json.dumps(default)}`"


def _limits(field: Mapping[str, Any]) -> str:
    """What the schema says of the value, in the words of the page."""
    (of,) = [one for one in field.get("anyOf", [field]) if one.get("type") != "null"]
    if "const" in of:
        return f"`{json.dumps(of['const'])}`"
    if "enum" in of:
        return ", ".join(f"`{json.dumps(value)}`" for value in of["enum"])
    if "minimum" in of:
        return f"{of['minimum']} … {of['maximum']}" if "maximum" in of else f"≥ {of['minimum']}"
    if "exclusiveMinimum" in of:
        return f"> {of['exclusiveMinimum']:g}, < {of['exclusiveMaximum']:g}"
    if "maxLength" in of:
        return f"≤ {of['maxLength']} characters"
    return "–"


def test_the_fields_of_a_service_are_the_schemas() -> None:
    assert told("The service") == expected(SCHEMA)


@pytest.mark.parametrize("part", PARTS)
def test_the_fields_of_a_part_are_the_schemas(part: str) -> None:
    assert told(f"`{part}`") == expected(SCHEMA["$defs"][PARTS[part]])


def test_no_part_is_left_out() -> None:
    assert set(PARTS.values()) == SCHEMA["$defs"].keys() - {"Component"}


@pytest.mark.parametrize("kind", components())
def test_the_fields_of_a_component_are_the_schemas(kind: str) -> None:
    assert told(f"Component `{kind}`") == expected(component_schema(kind))


def test_the_policies_are_those_that_exist() -> None:
    named = re.findall(r"^\* `([a-z]+)`:", section("`routing`"), flags=re.MULTILINE)
    assert sorted(named) == sorted(policies())


@pytest.mark.parametrize(
    "told_limit",
    [
        f"at most {MOST_REGIONS} regions",
        f"at most {MOST_COMPONENTS} components",
        f"at most {MOST_TAGS} tags",
        f"at most {HOSTNAME_LIMIT} characters",
        f"at most {MOST_ROUTES} routes",
        f"{ENVIRONMENT_LIMIT_BYTES:,} bytes",
        f"{HTTP_TIMEOUT_S} s",
        f"{MAX_BYTES:,} bytes",
    ],
)
def test_limits_that_no_schema_can_say_are_those_of_the_code(told_limit: str) -> None:
    assert told_limit in PAGE


def test_the_example_is_a_valid_manifest() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    manifest = parse(example, known_regions=["us-west-2", "eu-central-1"], accounts=["production"])
    assert manifest.region_codes == ("us-west-2", "eu-central-1")
