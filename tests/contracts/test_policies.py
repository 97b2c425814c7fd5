"""What every routing policy keeps to, whoever wrote it: run over each file in routing/, and over trees of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployments.desired import ReleasedService, desired
from deployments.manifest import render
from deployments.plan.model import Spec
from deployments.plugins import policies
from tests.deployments.routing.trees import EXAMPLES, THREE, routings
from tests.deployments.written import REGIONS, demo, parsed

USABLE = sorted(name for name, policy in policies().items() if policy.refusal is None)
TREES = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def records(routing: dict[str, Any], regions: Any = THREE, ramps: Any = None) -> dict[str, Spec]:
    """The records of a service's name and of the sets below it, by their refs' names."""
    manifest = parsed(demo(regions=list(regions), routing=routing))
    found = desired(ReleasedService(manifest, "123456789012", "Z1", ramps or {}))
    return {spec.ref.name: spec for spec in found if spec.group}


def of(name: str) -> dict[str, Any]:
    return EXAMPLES.get(name, {"policy": name})


def placed(name: str) -> tuple[str, ...]:
    return THREE[: policies()[name].most_regions]


def legal(found: dict[str, Spec]) -> None:
    """What Route 53 refuses of a set: policies mixed, identifiers missing or twice, more than it takes."""
    groups: dict[str, list[Spec]] = {}
    for spec in found.values():
        groups.setdefault(str(spec.group), []).append(spec)
    for members in groups.values():
        params = [member.params for member in members]
        assert len({frozenset(one["policy"]) for one in params}) == 1
        assert len({one["set_identifier"] for one in params}) == len(params) <= 100
        assert len({repr(one["policy"]) for one in params}) == len(params) or "weight" in params[0]["policy"]
        assert all((one["set_identifier"] is None) == (one["policy"] == {}) for one in params)
        assert all((one["ttl"], one["values"]) == (None, None) for one in params)
        assert all(len(label) <= 63 for one in params for label in one["name"].split("."))


def whole(found: dict[str, Spec]) -> None:
    """Every alias into a set comes after all records of that set, and every set has one that leads to it."""
    sets = {(spec.params["name"], spec.params["type"]) for spec in found.values()}
    led = set()
    for spec in found.values():
        target = (spec.params["alias"]["dns_name"], spec.params["type"])
        if target in sets:
            led.add(target)
            below = {other.ref for other in found.values() if other.group == " ".join(target)}
            assert below <= spec.after
    assert {target for target in sets if "._route." in target[0]} == led


@pytest.mark.parametrize("name", USABLE)
def test_every_region_is_led_to_by_both_types_alike(name: str) -> None:
    found = records(of(name), placed(name))
    led = {
        kind: {s.context.get("region") for s in found.values() if s.params["type"] == kind} for kind in ("A", "AAAA")
    }
    assert led["A"] - {None} == led["AAAA"] - {None} == set(placed(name))
    for spec in found.values():
        if spec.params["type"] == "A":
            twin = found[spec.ref.name.replace(" A", " AAAA", 1)]
            assert {**spec.params, "type": "AAAA"} == twin.params


@pytest.mark.parametrize("name", [*USABLE, *(EXAMPLES.keys() - set(USABLE))])
def test_sets_are_as_route_53_takes_them(name: str) -> None:
    found = records(of(name), placed(name) if name in policies() else THREE)
    legal(found)
    whole(found)


@pytest.mark.parametrize("name", USABLE)
def test_what_leads_to_a_region_names_its_check_unless_fenced_and_what_leads_below_evaluates(name: str) -> None:
    for spec in records(of(name), placed(name)).values():
        fenced = spec.params["set_identifier"] in ("continent-EU", "country-NA")
        checked = policies()[str(spec.shape)].checked and not fenced
        if "region" in spec.context:
            assert (spec.params["health_check_id"] is not None) == checked
        else:
            assert spec.params["health_check_id"] is None
            assert spec.params["alias"]["evaluate_target_health"] is not fenced


@pytest.mark.parametrize("name", [*USABLE, *(EXAMPLES.keys() - set(USABLE))])
def test_the_canonical_form_says_the_same_and_no_more(name: str) -> None:
    regions = placed(name) if name in policies() else THREE
    manifest = parsed(demo(regions=list(regions), routing=of(name)))
    said = render(manifest)
    assert said["routing"] == {**of(name), "ttl": 60, "switch": "region"}
    assert parsed(said) == manifest


@TREES
@given(routings(REGIONS[:4]), st.sampled_from(REGIONS[:4]), st.sampled_from([10, 50]))
def test_any_tree_is_legal_whole_and_round_trips_also_while_a_region_comes_back(
    routing: dict[str, Any], region: str, per_cent: int
) -> None:
    for ramps in ({}, {region: per_cent}):
        found = records(routing, REGIONS[:4], ramps)
        legal(found)
        whole(found)
        assert {s.context["region"] for s in found.values() if "region" in s.context} == set(REGIONS[:4])
    manifest = parsed(demo(regions=list(REGIONS[:4]), routing=routing))
    assert parsed(render(manifest)) == manifest


NEW = "eu-west-1"
GROWN: dict[str, dict[str, Any]] = {
    name: {**routing, "branches": [{"to": NEW}, *routing["branches"]]}
    for name, routing in EXAMPLES.items()
    if name in ("weighted", "geoproximity")
} | {
    "latency": EXAMPLES["latency"],
    "geolocation": {
        **EXAMPLES["geolocation"],
        "branches": [{"to": NEW, "country": "UA"}, *EXAMPLES["geolocation"]["branches"]],
    },
    "ip": {
        **EXAMPLES["ip"],
        "branches": [{"to": NEW, "name": "lab", "cidrs": ["198.51.100.0/24"]}, *EXAMPLES["ip"]["branches"]],
    },
    "failover": {
        **EXAMPLES["failover"],
        "secondary": {**EXAMPLES["failover"]["secondary"], "branches": [NEW, "eu-central-1", "ap-southeast-1"]},
    },
}


@pytest.mark.parametrize("name", sorted(GROWN))
def test_adding_a_region_touches_no_other_members_record(name: str) -> None:
    before, after = records(of(name)), records(GROWN[name], (NEW, *THREE))
    assert before.keys() < after.keys()
    assert {ref: spec.params for ref, spec in before.items()} == {ref: after[ref].params for ref in before}
    assert all(after[ref].context["region"] == NEW for ref in after.keys() - before.keys())
