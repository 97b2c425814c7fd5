"""A table: one replica in each region, changed one at a time."""

from typing import Any

import pytest

from deployments.components.component import Context
from deployments.components.table import Table
from deployments.plan.model import Out, Ref, Spec
from tests.deployments.written import manifest, parsed, problems, table


def placed(component: Table, *regions: str) -> Context:
    return Context("keyvalue", "123456789012", regions, {component.name: component}, tags={"team": "core"})


def keyvalues(**fields: Any) -> Table:
    component = parsed(manifest(table(**fields))).components[0]
    assert isinstance(component, Table)
    return component


def test_each_region_has_a_replica_that_knows_the_others() -> None:
    component = keyvalues(key={"zone": "S", "at": "N"})
    key = [{"name": "zone", "type": "S", "role": "HASH"}, {"name": "at", "type": "N", "role": "RANGE"}]
    assert component.expand(placed(component, "us-west-2", "eu-central-1")) == tuple(
        Spec(
            Ref("keyvalue", "dynamodb_table", region, "keyvalues"),
            params={"table_name": "keyvalue-keyvalues", "key": key, "tags": {"team": "core"}},
            context={"regions": ["us-west-2", "eu-central-1"]},
            lane="keyvalues",
        )
        for region in ("us-west-2", "eu-central-1")
    )


def test_others_may_ask_for_its_name_and_arn() -> None:
    component = keyvalues()
    replica = Ref("keyvalue", "dynamodb_table", "us-west-2", "keyvalues")
    assert component.attributes == {"name", "arn"}
    assert component.output("arn", "us-west-2", placed(component, "us-west-2")) == Out(replica, "arn")


@pytest.mark.parametrize(
    "key",
    [{"name": "S", "type": "N"}, [{"name": "S"}, {"type": "N"}], [{"name": "name", "type": "S"}, {"type": "N"}]],
)
def test_the_order_of_the_key_survives_a_store_that_sorts(key: Any) -> None:
    assert keyvalues(key=key).render()["key"] == [{"name": "S"}, {"type": "N"}]


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ({}, "components[0].key: has 0 attributes, a key has one or two"),
        ({"a": "X"}, 'components[0].key.a: "X" is not a key type'),
        ({"a": 1}, "components[0].key.a.type: 1 is not a key type"),
        ({"": "S"}, 'components[0].key.: "" can\'t be taken: it should have at least 1 character'),
        ({"a": "S", "b": "S", "c": "S"}, "components[0].key: has 3 attributes, a key has one or two"),
        ([{"a": "S"}, {"a": "N"}], 'components[0].key: "a" is both partition and sort key'),
        ("a", 'components[0].key: "a" is not a list'),
    ],
)
def test_a_key_is_one_or_two_attributes_of_a_type(key: Any, problem: str) -> None:
    assert problems(manifest(table(key=key))) == [problem]
