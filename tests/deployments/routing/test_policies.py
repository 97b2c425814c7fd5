"""Routing policies: the records that a name deserves for its replicas."""

from deployments.plan.model import Out, Ref
from deployments.routing.latency import POLICY as LATENCY
from deployments.routing.policy import Leaf, Member, alias_record, records
from deployments.routing.simple import POLICY as SIMPLE


def leaf(region: str) -> Leaf:
    domain = Ref("keyvalue", "apigatewayv2_domain", region, "kv.example.test")
    check = Ref("keyvalue", "route53_health_check", "global", region)
    return Leaf(region, Out(domain, "target"), Out(domain, "zone_id"), Out(check, "id"))


def test_latency_has_a_checked_record_for_each_region() -> None:
    leaves = [leaf("us-west-2"), leaf("eu-central-1")]
    assert LATENCY.members(leaves) == (
        Member(leaves[0], "us-west-2", {"region": "us-west-2"}),
        Member(leaves[1], "eu-central-1", {"region": "eu-central-1"}),
    )


def test_simple_has_one_record_without_set_identifier_and_check() -> None:
    only = leaf("us-west-2")
    assert SIMPLE.members([only]) == (Member(only, checked=False),)
    assert SIMPLE.most_regions == 1


def test_each_member_is_a_and_aaaa_and_otherwise_the_same() -> None:
    only = leaf("us-west-2")
    (a, member, first), (aaaa, _, second) = records("kv.example.test", "Z1", LATENCY, [only])
    assert (a, aaaa) == ("A", "AAAA")
    assert {**first, "type": "AAAA"} == second
    assert first == alias_record(
        zone_id="Z1",
        name="kv.example.test",
        kind="A",
        target=only.target,
        target_zone_id=only.zone_id,
        set_identifier=member.set_identifier,
        policy=member.policy,
        health_check_id=only.health_check,
    )
