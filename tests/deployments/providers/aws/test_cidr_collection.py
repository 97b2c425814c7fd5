"""CIDR collections, of which Route 53 tells neither tags nor tokens: their names say whose they are."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from tests.deployments.providers.aws.cases import collection, params
from tests.deployments.providers.aws.stage import Stage


def test_blocks_have_no_order_and_one_way_of_writing(stage: Stage) -> None:
    target = collection(stage)
    made = stage.make(target)
    turned = {"office": ["2001:0DB8::/32", "203.0.113.0/24"], "branch": ["198.51.100.0/24"]}
    other = replace(params(locations=turned)(stage, target), physical_id=made.physical_id)

    assert stage.settle(other).params == other.params


def test_a_block_moves_without_a_moment_outside(stage: Stage) -> None:
    target = collection(stage)
    made = stage.make(target)
    before = len(stage.calls())
    moved = {"branch": ["203.0.113.0/24", "198.51.100.0/24"], "office": ["2001:db8::/32"]}

    stage.change(replace(params(locations=moved)(stage, target), physical_id=made.physical_id))

    changes = [call["action"] for call in stage.calls()[before:]].count("ChangeCidrCollection")
    assert changes == 1


def test_a_long_list_comes_in_several_calls(stage: Stage) -> None:
    target = collection(stage)
    made = stage.make(target)
    every = {"office": [f"10.{number // 256}.{number % 256}.0/24" for number in range(1000)]}

    wanted = replace(params(locations=every)(stage, target), physical_id=made.physical_id)

    assert stage.change(wanted).params == wanted.params
    stage.remove(wanted)
    assert stage.look(wanted) is None


def test_two_installations_in_one_account_have_one_each(stage: Stage) -> None:
    target = collection(stage)
    ours = stage.make(target)
    stage.owner = str(uuid4())
    stage.provider = stage.another_provider()

    assert stage.look(target) is None
    assert stage.make(target).physical_id != ours.physical_id


def test_its_name_tells_the_service(stage: Stage) -> None:
    stage.make(collection(stage))

    (listed,) = stage.root("route53").list_cidr_collections()["CidrCollections"]
    assert listed["Name"].startswith("keyvalue-")
