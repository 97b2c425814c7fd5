"""What every routing policy keeps to, whoever wrote it: run over each file in routing/."""

import pytest

from deployments.plan.model import Out, Ref
from deployments.plugins import policies
from deployments.routing.policy import TYPES, Leaf, records

NAMES = sorted(policies())
REGIONS = ("us-west-2", "eu-central-1", "ap-southeast-1")


def leaves(policy: str) -> list[Leaf]:
    return [
        Leaf(
            region,
            Out(Ref("kv", "apigatewayv2_domain", region, "kv.example.test"), "target"),
            Out(Ref("kv", "apigatewayv2_domain", region, "kv.example.test"), "zone_id"),
            Out(Ref("kv", "route53_health_check", "global", region), "id"),
        )
        for region in REGIONS[: policies()[policy].most_regions]
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_replica_answers_with_both_types(name: str) -> None:
    found = records("kv.example.test", "Z1", policies()[name], leaves(name))
    assert [(member.leaf, kind) for kind, member, _ in found] == [
        (leaf, kind) for leaf in leaves(name) for kind in TYPES
    ]


@pytest.mark.parametrize("name", NAMES)
def test_members_of_a_name_and_type_are_told_apart_and_of_one_shape(name: str) -> None:
    """Route 53 refuses two without set identifiers, two of one identifier, and policies mixed on a name."""
    found = [
        params for kind, _, params in records("kv.example.test", "Z1", policies()[name], leaves(name)) if kind == "A"
    ]
    assert len({params["set_identifier"] for params in found}) == len(found)
    assert len({frozenset(params["policy"]) for params in found}) == 1
    assert (found[0]["set_identifier"] is None) == (found[0]["policy"] == {})


@pytest.mark.parametrize("name", NAMES)
def test_where_there_is_a_choice_each_record_carries_its_own_check(name: str) -> None:
    found = records("kv.example.test", "Z1", policies()[name], leaves(name))
    chosen = [(member, params) for _, member, params in found if params["set_identifier"] is not None]
    assert all(params["health_check_id"] == member.leaf.health_check for member, params in chosen)


@pytest.mark.parametrize("name", NAMES)
def test_an_alias_has_no_ttl_and_no_values(name: str) -> None:
    for _, _, params in records("kv.example.test", "Z1", policies()[name], leaves(name)):
        assert (params["ttl"], params["values"]) == (None, None)
        assert params["alias"]["evaluate_target_health"] is False
