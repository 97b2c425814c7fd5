"""What every component keeps to, whoever wrote it: run over each file in components/."""

import json

import pytest

from deployments.components.component import Component, Context
from deployments.manifest import component_schema, parse_component
from deployments.plugins import components
from regions.catalogue import published_slas

KINDS = sorted(components())
PLACES = ("us-west-2", "eu-central-1")


def example(kind: str) -> Component:
    """The one that its schema shows to people."""
    return parse_component(component_schema(kind)["examples"][0])


def placed(component: Component) -> Context:
    return Context("keyvalue", "123456789012", PLACES, {component.name: component})


@pytest.mark.parametrize("kind", KINDS)
def test_its_schema_is_a_form_with_a_valid_example(kind: str) -> None:
    schema = component_schema(kind)
    assert schema["description"]
    assert schema["properties"]["kind"]["const"] == example(kind).kind == kind
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("kind", KINDS)
def test_its_rendered_form_parses_to_itself_whatever_sorts_its_keys(kind: str) -> None:
    component = example(kind)
    stored = json.loads(json.dumps(component.render(), sort_keys=True))
    assert parse_component(stored) == component
    assert stored["kind"] == kind


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_made_in_every_region_and_nowhere_else(kind: str) -> None:
    component = example(kind)
    scopes = {spec.ref.scope for spec in component.expand(placed(component))}
    assert scopes == set(PLACES)
    assert all(spec.ref.stack == "keyvalue" for spec in component.expand(placed(component)))


@pytest.mark.parametrize("kind", KINDS)
def test_each_attribute_comes_from_something_that_it_makes_there(kind: str) -> None:
    component = example(kind)
    made = {spec.ref for spec in component.expand(placed(component))}
    for attribute in component.attributes:
        out = component.output(attribute, PLACES[1], placed(component))
        assert out.ref in made
        assert out.ref.scope == PLACES[1]


@pytest.mark.parametrize("kind", KINDS)
def test_what_functions_may_do_with_it_stays_in_its_region_account_and_service(kind: str) -> None:
    component = example(kind)
    grant = component.grant(PLACES[0], placed(component))
    assert grant.after <= {spec.ref for spec in component.expand(placed(component))}
    for statement in grant.statements:
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in statement["Action"])
        for resource in statement["Resource"]:
            assert f":{PLACES[0]}:123456789012:" in resource
            assert f"keyvalue-{component.name}" in resource


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("regions", [1, 3])
def test_it_stands_on_published_promises(kind: str, regions: int) -> None:
    assert set(example(kind).sla(regions)) <= set(published_slas())
