"""Two readings of Route 53's documentation, written apart, give the same answers: the local cloud's name servers and
the product's resolver. Latency is by distance for both here."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.routing.answer import World, Zone, chances
from deployments.routing.record import Record, User
from localcloud.dns.choose import Client, choose
from localcloud.dns.choose import World as Earth
from regions.geography import Point, distance_km

NAME = "kv.example.test"
POINTS = {
    "eu-central-1": (50.1, 8.7),
    "us-west-2": (45.9, -119.3),
    "ap-southeast-1": (1.3, 103.8),
    "sa-east-1": (-23.5, -46.6),
}
BLOCKS = {"C": {"office": ["203.0.113.0/24"], "desk": ["203.0.113.0/28"]}}
PEOPLE = (
    Client(50.45, 30.52, "UA", "EU", "", ip_address("203.0.113.5")),
    Client(47.6, -122.3, "US", "NA", "WA", ip_address("203.0.113.99")),
    Client(1.3, 103.8, "SG", "AS", "", None),
    Client(0.0, 0.0),
)
PLACES: tuple[dict[str, str], ...] = (
    {"ContinentCode": "EU"},
    {"ContinentCode": "NA"},
    {"CountryCode": "UA"},
    {"CountryCode": "US"},
    {"CountryCode": "US", "SubdivisionCode": "WA"},
    {"CountryCode": "*"},
)
AWS = {
    "weight": "Weight",
    "region": "Region",
    "failover": "Failover",
    "geolocation": "GeoLocation",
    "geoproximity": "GeoProximityLocation",
    "cidr": "CidrRoutingConfig",
}


def some(values: Any, least: int = 1) -> Any:
    return st.lists(st.sampled_from(list(values)), min_size=least, unique_by=str)


POLICIES = st.one_of(
    st.lists(st.integers(0, 255), min_size=1, max_size=5).map(lambda found: [("weight", one) for one in found]),
    some(POINTS).map(lambda found: [("region", one) for one in found]),
    some(("PRIMARY", "SECONDARY")).map(lambda found: [("failover", one) for one in found]),
    some(PLACES).map(lambda found: [("geolocation", one) for one in found]),
    st.lists(
        st.tuples(st.sampled_from(list(POINTS)), st.integers(-99, 99)), min_size=1, unique_by=lambda one: one[0]
    ).map(lambda found: [("geoproximity", {"AWSRegion": code, "Bias": bias}) for code, bias in found]),
    some(("office", "desk", "*")).map(
        lambda found: [("cidr", {"CollectionId": "C", "LocationName": one}) for one in found]
    ),
)


@settings(max_examples=200, deadline=None)
@given(POLICIES, st.sampled_from(PEOPLE), st.integers(0, 2**16), st.data())
def test_both_choose_alike(policies: list[tuple[str, Any]], client: Client, seed: int, data: st.DataObject) -> None:
    names = [str(number) for number in range(len(policies))]
    ill = data.draw(st.sets(st.sampled_from(names)))
    theirs = [
        {"Name": NAME, "Type": "A", "SetIdentifier": n, AWS[key]: v}
        for n, (key, v) in zip(names, policies, strict=True)
    ]
    ours = [
        Record(NAME, "A", 60, (n,), set_identifier=n, policy={key: v}, health_check=n)
        for n, (key, v) in zip(names, policies, strict=True)
    ]
    chosen = choose(
        theirs,
        client,
        lambda one: one["SetIdentifier"] not in ill,
        Earth(POINTS, BLOCKS),
        Random(seed),
    )
    user = User(
        Point(client.latitude, client.longitude),
        client.country or None,
        client.continent or None,
        client.subdivision or None,
        client.address,
    )
    world = World(
        lambda point, code: distance_km(point, Point(*POINTS[code])),
        {code: Point(*place) for code, place in POINTS.items()},
        {"C": {name: [ip_network(block) for block in blocks] for name, blocks in BLOCKS["C"].items()}},
    )
    possible = {
        one.values[0] if one.values else None
        for chance, one in chances(Zone(ours), NAME, "A", user, dict.fromkeys(ill, False), world)
        if chance
    }
    assert (chosen[0]["SetIdentifier"] if chosen else None) in possible
