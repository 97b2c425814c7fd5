"""Routing in the manifest: what trees are refused, at which path, in which words, and how fast."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.manifest import ManifestError, Problem
from deployments.routing.geoproximity import POLICY as GEOPROXIMITY
from deployments.routing.ip import LONGEST, MOST_BLOCKS
from deployments.routing.policy import MOST_RECORDS
from deployments.routing.tree import MOST_BRANCHES
from tests.deployments.routing.trees import BELOW, THREE
from tests.deployments.written import demo, parsed

ROOT = Path(__file__).parents[2]
US, EU, AP = THREE
REST = {"default": True, "to": BELOW}


def found(routing: dict[str, Any]) -> list[Problem]:
    try:
        parsed(demo(routing=routing))
    except ManifestError as error:
        return list(error.problems)
    return []


def of(policy: str, *branches: Any) -> dict[str, Any]:
    return {"policy": policy, "branches": list(branches)}


def to_blocks(*cidrs: Any, name: str = "office") -> dict[str, Any]:
    return of("ip", {"name": name, "cidrs": list(cidrs), "to": US}, REST)


REFUSED: list[tuple[dict[str, Any], str, str, str]] = [
    # geolocation
    (of("geolocation", {"country": "UK", "to": US}, REST), "branches[0].country", "choice", "such as UA"),
    (of("geolocation", {"country": "ua", "to": US}, REST), "branches[0].country", "choice", 'use "UA"'),
    (of("geolocation", {"country": "УА", "to": US}, REST), "branches[0].country", "choice", "such as UA"),
    (of("geolocation", {"continent": "XX", "to": US}, REST), "branches[0].continent", "choice", "use one of: AF"),
    (of("geolocation", {"continent": ["EU"], "to": US}, REST), "branches[0].continent", "choice", "use one of"),
    (
        of("geolocation", {"country": "DE", "subdivision": "BY", "to": US}, REST),
        "branches[0].subdivision",
        "choice",
        "route the whole country; Route 53 knows those of US and UA",
    ),
    (
        of("geolocation", {"country": "US", "subdivision": "XX", "to": US}, REST),
        "branches[0].subdivision",
        "choice",
        "",
    ),
    (of("geolocation", {"subdivision": "CA", "to": US}, REST), "branches[0].subdivision", "subdivision", "its country"),
    (of("geolocation", {"continent": "EU", "country": "DE", "to": US}, REST), "branches[0].country", "twice", "each"),
    (of("geolocation", {"to": US}, REST), "branches[0]", "missing", "default: true"),
    (of("geolocation", {"country": "DE", "to": US}, {"country": "DE", "to": EU}, REST), "branches[1]", "twice", "once"),
    (of("geolocation", {"continent": "EU", "to": BELOW}, {"country": "US", "to": US}), "branches", "default", "add"),
    # ip
    (to_blocks("203.0.113.0/25"), "branches[0].cidrs[0]", "cidr", "write 203.0.113.0/24"),
    (to_blocks("2001:db8::/64"), "branches[0].cidrs[0]", "cidr", "write 2001:db8::/48"),
    (to_blocks("10.0.0.1/8"), "branches[0].cidrs[0]", "cidr", "write 10.0.0.0/8"),
    (to_blocks("10.1.2.3"), "branches[0].cidrs[0]", "cidr", "write 10.1.2.0/24"),
    (to_blocks("0.0.0.0/0"), "branches[0].cidrs[0]", "cidr", "default: true"),
    (to_blocks("١٠.0.0.0/8"), "branches[0].cidrs[0]", "cidr", "write 203.0.113.0/24"),
    (to_blocks("10.0.0.0/8", "10.0.0.0/8"), "branches[0].cidrs[1]", "twice", "once"),
    (to_blocks("10.1.0.0/16", "10.0.0.0/8"), "branches[0].cidrs[0]", "overlap", "disjoint"),
    (to_blocks(), "branches[0].cidrs", "missing", "add a block"),
    (to_blocks("10.0.0.0/8", name="a" * 17), "branches[0].name", "form", "1 to 16"),
    (of("ip", {"cidrs": ["10.0.0.0/8"], "to": US}, REST), "branches[0].name", "missing", "office"),
    (of("ip", {**REST, "cidrs": ["10.0.0.0/8"]}, US), "branches[0].cidrs", "twice", "of its own"),
    # weighted, geoproximity, latency
    (of("weighted", {"to": US, "weight": -1}, EU, AP), "branches[0].weight", "range", ""),
    (of("weighted", US, {"to": US}, EU, AP), "branches[1].to", "twice", "once"),
    (of("geoproximity", {"to": US, "bias": -100}, EU, AP), "branches[0].bias", "range", ""),
    (of("geoproximity", {"to": BELOW}, US), "branches[0].region", "missing", "coordinates"),
    (
        of("geoproximity", {"to": US, "coordinates": {"latitude": 91, "longitude": 0}}, EU, AP),
        "branches[0].coordinates.latitude",
        "range",
        "",
    ),
    (of("geoproximity", *[US] * 31), "branches", "too_many", "nest"),
    (of("latency", US, {"region": US, "to": BELOW}), "branches[1].region", "twice", "once"),
    (of("latency", {"to": BELOW}, US), "branches[0].region", "missing", "measured to"),
    (of("latency", {"region": "mars", "to": BELOW}, US), "branches[0].region", "region", ""),
    (of("latency", *[US] * 101), "branches", "too_many", "nest"),
    # failover
    ({"policy": "failover", "primary": US, "secondary": US}, "secondary", "twice", "another region"),
    ({"policy": "failover", "primary": BELOW}, "secondary", "missing", "name the secondary"),
    ({"policy": "failover"}, "primary", "missing", "where users may go"),
    ({"policy": "failover", "primary": 3, "secondary": BELOW}, "primary", "type", "name a region"),
    # trees
    (of("latency", US, EU), "", "region", "add a branch to it"),
    (of("latency", US, EU, AP, "eu-west-1"), "branches[3]", "region", "or add it to regions"),
    (of("geolocation"), "branches", "missing", "where users may go"),
    (of("latency", {"policy": "latency"}), "branches[0].to", "missing", ""),
    (of("latency", {"region": US, "to": {"policy": "multivalue"}}), "branches[0].to.policy", "policy", "use weighted"),
    (of("latency", {"region": US, "to": {"policy": "simple"}}), "branches[0].to.policy", "policy", "the region itself"),
    (of("latency", {"region": US, "to": {"policy": "latancy"}}), "branches[0].to.policy", "choice", 'use "latency"'),
    (of("latency", {"region": US, "to": {}}), "branches[0].to.policy", "missing", "use one of"),
    (of("latency", {"region": US, "to": {"policy": "latency"}}), "branches[0].to.branches", "missing", "users may go"),
    (of("latency", 7), "branches[0]", "type", "name a region"),
    ({"policy": "latency", "branches": {"a": 1}}, "branches", "type", "write a list"),
    ({"policy": "latency", "primary": US}, "primary", "unknown_field", ""),
]


@pytest.mark.parametrize(("routing", "path", "code", "mend"), REFUSED, ids=lambda value: str(value)[:50])
def test_a_tree_is_refused_where_it_is_wrong(routing: dict[str, Any], path: str, code: str, mend: str) -> None:
    first = found(routing)[0]
    assert (first.path, first.code) == (f"routing.{path}" if path else "regions[2]", code)
    assert mend in first.mend


def test_the_same_name_means_the_same_blocks_wherever_it_stands() -> None:
    below = to_blocks("10.2.0.0/16")
    routing = of("ip", {"name": "office", "cidrs": ["10.1.0.0/16"], "to": US}, {"default": True, "to": below})
    assert [(one.path, one.code) for one in found(routing)] == [("routing.branches[1].to.branches[0].cidrs", "twice")]
    below["branches"][0]["cidrs"] = ["10.1.0.0/16"]
    assert found(routing) == []


def test_all_weights_of_zero_are_legal() -> None:
    assert found(of("weighted", *({"to": region, "weight": 0} for region in THREE))) == []


def test_weights_of_regions_are_those_of_their_records() -> None:
    manifest = parsed(demo(regions={US: {"weight": 7}, EU: {"weight": 0}, AP: None}, routing={"policy": "weighted"}))
    assert [branch.model_dump()["weight"] for branch in manifest.tree.branches] == [7, 0, 100]


def deep(levels: int) -> Any:
    return {"policy": "failover", "primary": deep(levels - 1), "secondary": US} if levels else US


def wide(levels: int, to: str = US) -> Any:
    if not levels:
        return to
    return of("weighted", *({"to": wide(levels - 1, f"r{n}"), "name": f"n{n}"} for n in range(8)))


@pytest.mark.parametrize(
    ("routing", "code"),
    [
        (deep(15), "too_deep"),
        (wide(4), "too_many"),
        (of("latency", *(f"r{n}" for n in range(10_000))), "too_many"),
        (to_blocks(*(f"10.{n // 256}.{n % 256}.0/24" for n in range(10_000))), "too_many"),
        (of("geolocation", *({"country": "ß" * 50_000, "to": US} for _ in range(10)), REST), "choice"),
    ],
    ids=["deep", "wide", "many branches", "many blocks", "long texts"],
)
def test_hostile_trees_are_refused_quickly(routing: dict[str, Any], code: str) -> None:
    started = time.process_time()
    assert code in {problem.code for problem in found(routing)}
    assert time.process_time() - started < 2


EXAMPLES = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "routing.md").read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_examples_of_the_page_are_valid(example: str) -> None:
    assert found(yaml.safe_load(example)["routing"]) == []


@pytest.mark.parametrize(
    "told",
    [
        f"{MOST_BRANCHES} branches",
        f"at most {MOST_RECORDS}\nbranches",
        f"geoproximity {GEOPROXIMITY.most_records}",
        f"{MOST_BLOCKS:,} blocks",
        f"{LONGEST[4]} bits (IPv4) or 1 to {LONGEST[6]} (IPv6)",
    ],
)
def test_the_limits_of_the_page_are_those_of_the_code(told: str) -> None:
    assert told in (ROOT / "docs" / "routing.md").read_text()
