"""Routings as manifests have them: one of each policy, and random trees over regions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

THREE = ("us-west-2", "eu-central-1", "ap-southeast-1")
BELOW = {"policy": "latency", "branches": ["eu-central-1", "ap-southeast-1"]}

EXAMPLES: dict[str, dict[str, Any]] = {
    "latency": {"policy": "latency"},
    "weighted": {
        "policy": "weighted",
        "branches": [{"to": "us-west-2", "weight": 90}, {"to": "eu-central-1", "weight": 0}, "ap-southeast-1"],
    },
    "failover": {"policy": "failover", "primary": "us-west-2", "secondary": BELOW},
    "geolocation": {
        "policy": "geolocation",
        "branches": [
            {"to": BELOW, "fence": True, "continent": "EU"},
            {"to": "us-west-2", "country": "US", "subdivision": "CA"},
            {"to": "us-west-2", "country": "NA", "fence": True},
            {"to": "us-west-2", "default": True},
        ],
    },
    "geoproximity": {
        "policy": "geoproximity",
        "branches": [
            {"to": "eu-central-1", "bias": 10},
            "us-west-2",
            {"to": "ap-southeast-1", "coordinates": {"latitude": 1.35, "longitude": 103.82}},
        ],
    },
    "ip": {
        "policy": "ip",
        "branches": [
            {"to": "us-west-2", "name": "Office_1", "cidrs": ["203.0.113.0/24", "2001:db8::/48"]},
            {"to": BELOW, "default": True},
        ],
    },
    "three levels": {
        "policy": "latency",
        "branches": [
            {"to": {"policy": "failover", "primary": "us-west-2", "secondary": BELOW}, "region": "us-west-2"},
            "eu-central-1",
        ],
    },
}


@st.composite
def routings(draw: st.DrawFn, regions: Sequence[str], levels: int = 3) -> dict[str, Any]:
    """A tree of any policies that leads to all of some regions (two at least)."""
    policy = draw(st.sampled_from(["latency", "weighted", "failover", "geolocation", "geoproximity", "ip"]))
    parts = draw(st.integers(2, len(regions))) if policy != "failover" else 2
    order = list(draw(st.permutations(regions)))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1), min_size=parts - 1, max_size=parts - 1)))
    pieces = [order[start:end] for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True)]
    targets = [draw(_target(piece, levels - 1)) if len(piece) > 1 else piece[0] for piece in pieces]
    if policy == "failover":
        return {"policy": policy, "primary": targets[0], "secondary": targets[1]}
    fields = {
        "latency": [{"region": piece[0]} for piece in pieces],
        "weighted": [{"weight": draw(st.integers(0, 255)), "name": f"n{piece[0]}"} for piece in pieces],
        "geolocation": [{"default": True}, *({"country": code} for code in ("UA", "US", "DE", "JP", "NA"))],
        "geoproximity": [{"region": piece[0], "bias": draw(st.integers(-99, 99))} for piece in pieces],
        "ip": [{"default": True}, *({"name": f"{piece[0][:9]}", "cidrs": [_block(piece)]} for piece in pieces)],
    }[policy]
    fence = st.booleans() if policy in ("geolocation", "ip") else st.just(False)
    branches = [
        {"to": to, **own, **({"fence": True} if draw(fence) else {})}
        for to, own in zip(targets, fields[: len(targets)], strict=True)
    ]
    return {"policy": policy, "branches": branches}


def _target(regions: Sequence[str], levels: int) -> st.SearchStrategy[dict[str, Any]]:
    return routings(regions, levels) if levels else st.just({"policy": "latency", "branches": list(regions)})


def _block(regions: Sequence[str]) -> str:
    return f"10.{sum(map(ord, regions[0])) % 256}.0.0/16"
