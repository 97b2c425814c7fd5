"""What Route 53 would answer: cases from its own documentation, each with its sentence and page; then what holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.routing.answer import ALIAS_TTL_S, Answer, World, Zone, answer, chances
from deployments.routing.record import Alias, Record, User
from regions.geography import Point

GUIDE = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide"
CHOOSES = f"{GUIDE}/health-checks-how-route-53-chooses-records.html"
WEIGHTED = f"{GUIDE}/routing-policy-weighted.html"
GEO = f"{GUIDE}/routing-policy-geo.html"
GEO_VALUES = "https://docs.aws.amazon.com/Route53/latest/APIReference/API_GeoLocation.html"
PROXIMITY = f"{GUIDE}/routing-policy-geoproximity.html"
ALIAS = "https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html"

NAME = "example.com"
KYIV = User(Point(50.45, 30.52), "UA", "EU")
TORONTO = User(Point(43.7, -79.4), "CA", "NA")
SEATTLE = User(Point(47.6, -122.3), "US", "NA", "WA")
LAGOS = User(Point(6.45, 3.39), "NG", "AF")
NOWHERE = User(Point(0, 0))

MS = {"eu-central-1": 31.0, "us-east-1": 110.0, "us-west-2": 170.0}
POINTS = {"eu-central-1": Point(50.1, 8.7), "us-east-1": Point(38.9, -77.4), "us-west-2": Point(45.9, -119.3)}
BLOCKS = {"C": {"office": [ip_network("203.0.113.0/24")], "desk": [ip_network("203.0.113.0/28")]}}
EARTH = World(lambda point, region: MS.get(region), POINTS, BLOCKS)


def record(identifier: str, *, check: bool = True, **policy: Any) -> Record:
    """One record of the set; its value is its identifier, and so is its check."""
    return Record(
        NAME,
        "A",
        60,
        (identifier,),
        set_identifier=identifier,
        policy=policy,
        health_check=identifier if check else None,
    )


def weighted(**weights: int) -> list[Record]:
    return [record(name, weight=weight) for name, weight in weights.items()]


def geo(*places: str) -> list[Record]:
    """ "EU" a continent, "CA!" a country, "US-WA" a state, "*" the default."""
    found = []
    for place in places:
        country, _, state = place.removesuffix("!").partition("-")
        told = {"CountryCode": country, "SubdivisionCode": state} if state else {"CountryCode": country}
        continent = place in ("AF", "EU", "NA")
        found.append(record(place, geolocation={"ContinentCode": place} if continent else told))
    return found


def ask(records: Sequence[Record], user: User = KYIV, ill: Sequence[str] = (), **more: Any) -> dict[str, float]:
    """The first value of each possible answer → its probability; "" for none."""
    found: dict[str, float] = {}
    for chance, one in chances(Zone(records), NAME, "A", user, dict.fromkeys(ill, False), EARTH):
        value = one.values[0] if one.values else ""
        found[value] = found.get(value, 0.0) + chance
    return found


ABC = weighted(a=1, b=1, c=2)

CASES: dict[str, tuple[str, Sequence[Record], User, Sequence[str], Mapping[str, float]]] = {
    "If the health check for one of the records is unhealthy, Route 53 responds to DNS queries with the IP addresses "
    "in one of the other two records.": (CHOOSES, weighted(a=1, b=1, c=1), KYIV, ["a"], {"b": 0.5, "c": 0.5}),
    "Route 53 initially chooses a record based on the routing policy and on the values that you specify for each "
    "record.": (CHOOSES, ABC, KYIV, [], {"a": 0.25, "b": 0.25, "c": 0.5}),
    "Records without a health check are always healthy": (
        CHOOSES,
        [record("a", check=False, weight=1), *weighted(b=1)],
        KYIV,
        ["a", "b"],
        {"a": 1.0},
    ),
    "If no record is healthy, all records are healthy": (
        CHOOSES,
        ABC,
        KYIV,
        ["a", "b", "c"],
        {"a": 0.25, "b": 0.25, "c": 0.5},
    ),
    "Route 53 initially considers only the nonzero weighted records, if any.": (
        CHOOSES,
        weighted(a=10, b=0),
        KYIV,
        [],
        {"a": 1.0},
    ),
    "If all the records that have a weight greater than 0 are unhealthy, then Route 53 considers the zero-weighted "
    "records.": (CHOOSES, weighted(a=10, b=0), KYIV, ["a"], {"b": 1.0}),
    "The resource with a weight of 1 gets 1/256th of the traffic (1/(1+255)), and the other resource gets 255/256ths": (
        WEIGHTED,
        weighted(small=1, large=255),
        KYIV,
        [],
        {"small": 1 / 256, "large": 255 / 256},
    ),
    "If you want to stop sending traffic to a resource, you can change the weight for that record to 0.": (
        WEIGHTED,
        weighted(a=0, b=1),
        KYIV,
        [],
        {"b": 1.0},
    ),
    "If you create separate records for overlapping geographic regions—for example, one record for North America and "
    "one for Canada—priority goes to the smallest geographic region.": (
        GEO,
        geo("NA", "CA!", "*"),
        TORONTO,
        [],
        {"CA!": 1},
    ),
    "This allows you to route some queries for a continent to one resource and to route queries for selected countries "
    "on that continent to a different resource.": (GEO, geo("NA", "CA!", "*"), SEATTLE, [], {"NA": 1}),
    "You can specify geographic locations by continent, by country, or by state in the United States.": (
        GEO,
        geo("US-WA", "US!", "NA", "*"),
        SEATTLE,
        [],
        {"US-WA": 1},
    ),
    "However, some IP addresses aren't mapped to geographic locations, so even if you create geolocation records that "
    "cover all seven continents": (GEO, geo("EU", "NA", "AF"), NOWHERE, [], {"": 1}),
    "if you want all queries from Africa to be routed to a web server with an IP address of 192.0.2.111": (
        GEO_VALUES,
        geo("AF", "*"),
        LAGOS,
        [],
        {"AF": 1},
    ),
    "The value * in the CountryCode element matches all geographic locations that aren't specified": (
        GEO_VALUES,
        geo("AF", "*"),
        KYIV,
        [],
        {"*": 1},
    ),
    "It routes traffic to the closest resource that is available.": (
        PROXIMITY,
        [record(code, geoproximity={"AWSRegion": code, "Bias": 0}) for code in POINTS],
        KYIV,
        ["eu-central-1"],
        {"us-east-1": 1},
    ),
    "To expand the size of the geographic region from which Route 53 routes traffic to a resource, specify a positive "
    "integer from 1 to 99 for the bias.": (
        PROXIMITY,
        [record(code, geoproximity={"AWSRegion": code, "Bias": 90 if code == "us-east-1" else 0}) for code in POINTS],
        KYIV,
        [],
        {"us-east-1": 1},
    ),
}


@pytest.mark.parametrize("sentence", CASES)
def test_the_documentation_says(sentence: str) -> None:
    page, records, user, ill, wanted = CASES[sentence]
    assert ask(records, user, ill) == pytest.approx(wanted), page


def test_an_alias_inherits_the_health_of_the_records_it_leads_to() -> None:
    """ "When EvaluateTargetHealth is true, an alias resource record set inherits the health of the referenced […]
    resource record set in the hosted zone" (API_AliasTarget): a branch with nobody well is left."""

    def branch(name: str, role: str, *, evaluate: bool = True) -> Record:
        return Record(
            NAME, "A", alias=Alias(name, "Z", evaluate), set_identifier=role, policy={"failover": role.upper()}
        )

    inner = [replace(one, name="eu.example.com") for one in weighted(a=1, b=1)]
    other = [replace(one, name="us.example.com") for one in weighted(c=1)]
    tree = [branch("eu.example.com", "primary"), branch("us.example.com", "secondary"), *inner, *other]
    assert ask(tree) == {"a": 0.5, "b": 0.5}
    assert ask(tree, ill=["a"]) == {"b": 1.0}
    assert ask(tree, ill=["a", "b"]) == {"c": 1.0}
    assert ask(tree, ill=["a", "b", "c"]) == {"a": 0.5, "b": 0.5}, (
        "all unhealthy: all count as healthy, the primary first"
    )
    fenced = [branch("eu.example.com", "primary", evaluate=False), *tree[1:]]
    assert ask(fenced, ill=["a", "b"]) == {"a": 0.5, "b": 0.5}, "who is fenced in is never led elsewhere"


def test_a_larger_place_takes_over_where_the_smaller_is_ill() -> None:
    places = geo("CA!", "NA", "*")
    assert ask(places, TORONTO, ["CA!"]) == {"NA": 1}
    assert ask(places, TORONTO, ["CA!", "NA"]) == {"*": 1}
    assert ask(places, TORONTO, ["CA!", "NA", "*"]) == {"CA!": 1}


def test_latency_is_the_lowest_of_those_that_are_well() -> None:
    records = [record(code, region=code) for code in POINTS]
    assert ask(records) == {"eu-central-1": 1}
    assert ask(records, ill=["eu-central-1"]) == {"us-east-1": 1}


def test_the_longest_block_that_holds_the_address_answers() -> None:
    records = [record(name, cidr={"CollectionId": "C", "LocationName": name}) for name in ("office", "desk", "*")]

    def at(address: str) -> dict[str, float]:
        return ask(records, replace(KYIV, address=ip_address(address)))

    assert (at("203.0.113.7"), at("203.0.113.77"), at("198.51.100.1")) == ({"desk": 1}, {"office": 1}, {"*": 1})
    assert ask(records) == {"*": 1}, "an address that nobody told is in no block"


def test_at_most_eight_values_of_the_healthy_ones_are_given() -> None:
    records = [record(str(number), multivalue=True) for number in range(10)]
    found = answer(Zone(records), NAME, "A", KYIV, {"0": False}, EARTH)
    assert found.values == tuple(str(number) for number in range(1, 9))


def test_what_there_is_not() -> None:
    zone = Zone(
        [
            Record(NAME, "A", 60, ("1",)),
            Record("*.wild.example.com", "A", 30, ("2",)),
            Record("a.b.example.com", "A", 1, ("3",)),
        ]
    )

    def of(name: str, kind: str = "A") -> tuple[str, tuple[str, ...]]:
        found = answer(zone, name, kind, KYIV, {}, EARTH)
        return found.outcome, found.values

    assert of(NAME, "AAAA") == ("nodata", ())
    assert of("no.example.com") == ("nxdomain", ())
    assert of("b.example.com") == ("nodata", ()), "a name with names beneath it exists"
    assert of("X.Wild.Example.com.") == ("answer", ("2",))
    assert Zone([]).find(NAME) is None


def test_a_cname_is_followed_within_the_zone() -> None:
    zone = Zone([Record(NAME, "CNAME", 60, ("there.example.com.",)), Record("there.example.com", "A", 5, ("9",))])
    assert answer(zone, NAME, "A", KYIV, {}, EARTH).values == ("9",)
    away = Zone([Record(NAME, "CNAME", 60, ("other.org",))])
    assert answer(away, NAME, "A", KYIV, {}, EARTH).values == ("other.org",)


def test_an_alias_out_of_the_zone_tells_its_target_and_region() -> None:
    leaf = Record(
        NAME, "A", alias=Alias("d-1.execute-api.eu-central-1.amazonaws.com", "Z", False), region="eu-central-1"
    )
    found = answer(Zone([leaf]), NAME, "A", KYIV, {}, EARTH)
    assert (found.values, found.ttl, found.region) == (
        ("d-1.execute-api.eu-central-1.amazonaws.com",),
        ALIAS_TTL_S,
        "eu-central-1",
    )


def test_reasons_name_what_was_left_out_and_why() -> None:
    found = answer(
        Zone([record(code, region=code) for code in POINTS]), NAME, "A", KYIV, {"eu-central-1": False}, EARTH
    )
    assert found.why == (
        "example.com: eu-central-1 is left out, its health check eu-central-1 is unhealthy",
        "example.com: latency, us-east-1 is about 110 ms, the lowest of 2",
    )


def test_records_that_lead_in_a_circle_end() -> None:
    loop = Record(NAME, "A", alias=Alias(NAME, "Z", True))
    assert answer(Zone([loop]), NAME, "A", KYIV, {}, EARTH).outcome == "nodata"


sets = st.one_of(
    st.lists(st.integers(0, 255), min_size=1, max_size=5).map(
        lambda w: weighted(**{f"r{n}": one for n, one in enumerate(w)})
    ),
    st.just([record(code, region=code) for code in POINTS]),
    st.just(geo("EU", "UA!", "*")),
    st.just([record("p", failover="PRIMARY"), record("s", failover="SECONDARY")]),
)


@settings(max_examples=60, deadline=None)
@given(sets, st.data())
def test_always(records: list[Record], data: st.DataObject) -> None:
    """Probabilities add up to 1; a draw picks one of them; nobody ill answers while somebody eligible is well."""
    names = [str(one.set_identifier) for one in records]
    ill = data.draw(st.sets(st.sampled_from(names)))
    user = data.draw(st.sampled_from([KYIV, TORONTO, LAGOS]))
    health = dict.fromkeys(ill, False)
    found = chances(Zone(records), NAME, "A", user, health, EARTH)
    assert sum(chance for chance, _ in found) == pytest.approx(1.0)
    assert all(one.outcome == "answer" for _, one in found)
    drawn = answer(Zone(records), NAME, "A", user, health, EARTH, draw=data.draw(st.floats(0, 1, exclude_max=True)))
    assert isinstance(drawn, Answer)
    assert drawn in [one for _, one in found]
    if len(ill) < len(records):
        eligible = {"UA!", "EU", "*"} & set(names) if user is KYIV else {"*"} if "*" in names else set(names)
        if eligible - ill:
            assert not {one.values[0] for _, one in found} & ill
