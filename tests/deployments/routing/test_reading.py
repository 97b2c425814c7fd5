"""Records of Specs as answers read them."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.desired import ReleasedService, desired
from deployments.manifest import parse
from deployments.resolving import wanted
from deployments.routing.reading import health_of, read_record
from deployments.routing.record import Alias, Record
from tests import builders
from tests.deployments.routing.trees import EXAMPLES, THREE


def records(routing: dict[str, Any]) -> tuple[Record, ...]:
    document = builders.manifest(regions=list(THREE), routing=routing)
    return wanted(desired(ReleasedService(parse(document, known_regions=THREE, accounts=["demo"]), "0" * 12, "Z1")))


def test_standing_record_is_read_in_lower_case_without_its_dot() -> None:
    params = {
        "name": "KV.example.test.",
        "type": "A",
        "ttl": None,
        "values": None,
        "alias": {"dns_name": "D-1.execute-api.aws.test.", "zone_id": "Z2", "evaluate_target_health": False},
        "set_identifier": "eu-central-1",
        "policy": {"region": "eu-central-1"},
        "health_check_id": "abc",
    }

    assert read_record(params, {"hostname": "kv.example.test", "region": "eu-central-1"}) == Record(
        "kv.example.test",
        "A",
        alias=Alias("d-1.execute-api.aws.test", "Z2", False),
        set_identifier="eu-central-1",
        policy={"region": "eu-central-1"},
        health_check="abc",
        region="eu-central-1",
    )


@pytest.mark.parametrize("policy", EXAMPLES)
def test_alias_within_the_zone_leads_to_a_record_that_is_there(policy: str) -> None:
    found = records(EXAMPLES[policy])

    names = {(one.name, one.type) for one in found}
    inner = [one for one in found if one.alias is not None and one.alias.zone_id == "Z1"]
    assert all((one.alias.dns_name, one.type) in names for one in inner if one.alias is not None)
    assert {one.type for one in found if one.name == "keyvalue.example.test"} == {"A", "AAAA"}


def test_down_region_makes_its_own_check_unhealthy_and_no_other() -> None:
    health = health_of(records({"policy": "latency"}), {"eu-central-1"})

    assert sorted(health.values()) == [False, True, True]
    assert next(check for check, healthy in health.items() if not healthy).endswith("eu-central-1 id")


def test_record_without_a_check_is_in_no_one_s_health() -> None:
    assert health_of([Record("a.example.test", "TXT", 60, ('"x"',))], {"eu-central-1"}) == {}
