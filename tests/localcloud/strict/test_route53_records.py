"""What Route 53 refuses in a batch of records, each case by its error code; and how it keeps and lists what it took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.localcloud.strict.world import (
    ADMITTED,
    Connect,
    alias,
    change,
    domain,
    make_check,
    make_domain,
    make_zone,
    message,
    refusal,
    values,
)

BATCH = "InvalidChangeBatch"
INPUT = "InvalidInput"
LATENCY = {"SetIdentifier": "one", "Region": "eu-central-1"}
WEIGHTED = {"SetIdentifier": "one", "Weight": 1}
Record = dict[str, Any]
Changes = list[tuple[str, Record]]


class Zone:
    """An empty zone that cases write to: `z.a(...)` makes an A record of a name in it."""

    def __init__(self, connect: Connect) -> None:
        self.connect = connect
        self.name = domain()
        self.id = make_zone(connect, self.name)

    def at(self, label: str) -> str:
        return f"{label}.{self.name}"

    def a(self, label: str = "a", value: str = "192.0.2.1", **more: Any) -> Record:
        return values(self.at(label), value, **more)

    def to(self, label: str, target: str, **more: Any) -> Record:
        return alias(self.at(label), self.at(target), self.id, **more)

    def change(self, *changes: tuple[str, Record]) -> Any:
        return change(self.connect, self.id, *changes)

    def refusal(self, *changes: tuple[str, Record]) -> str:
        return refusal(lambda: self.change(*changes))

    def records(self, **asked: Any) -> list[Record]:
        answer = self.connect("route53").list_resource_record_sets(HostedZoneId=self.id, **asked)
        held: list[Record] = answer["ResourceRecordSets"]
        return held


@pytest.fixture
def zone(connect: Connect) -> Zone:
    return Zone(connect)


def _many(times: int, length: int = 1) -> Callable[[Zone], Changes]:
    return lambda z: [("UPSERT", z.a(f"n{number}", "x" * length, kind="CNAME")) for number in range(times)]


REFUSED: dict[str, tuple[str, Callable[[Zone], Changes]]] = {
    "alias with TTL": (INPUT, lambda z: [("CREATE", z.a()), ("CREATE", z.to("b", "a", TTL=60))]),
    "neither alias nor values": (INPUT, lambda z: [("CREATE", {"Name": z.at("a"), "Type": "A"})]),
    "values without TTL": (INPUT, lambda z: [("CREATE", {k: v for k, v in z.a().items() if k != "TTL"})]),
    "alias without a target record": (BATCH, lambda z: [("CREATE", z.to("b", "absent"))]),
    "alias to another type": (BATCH, lambda z: [("CREATE", z.a()), ("CREATE", z.to("b", "a", kind="AAAA"))]),
    "alias to another zone's name": (BATCH, lambda z: [("CREATE", alias(z.at("b"), "a.example", z.id))]),
    "alias to itself": (BATCH, lambda z: [("CREATE", z.to("b", "b"))]),
    "alias to an unknown domain": (
        BATCH,
        lambda z: [("CREATE", alias(z.at("b"), "d-0000.execute-api.eu-central-1.amazonaws.com", "Z1U9ULNL0V5AJ3"))],
    ),
    "multivalue alias": (
        INPUT,
        lambda z: [("CREATE", z.a()), ("CREATE", z.to("b", "a", SetIdentifier="one", MultiValueAnswer=True))],
    ),
    "two latency records of a region": (
        BATCH,
        lambda z: [("CREATE", z.a(**LATENCY)), ("CREATE", z.a(**{**LATENCY, "SetIdentifier": "two"}))],
    ),
    "latency beside weighted": (
        BATCH,
        lambda z: [("CREATE", z.a(**LATENCY)), ("CREATE", z.a(SetIdentifier="two", Weight=1))],
    ),
    "latency beside simple": (BATCH, lambda z: [("CREATE", z.a()), ("CREATE", z.a(**LATENCY))]),
    "simple with an identifier": (INPUT, lambda z: [("CREATE", z.a(SetIdentifier="one"))]),
    "policy without an identifier": (INPUT, lambda z: [("CREATE", z.a(Weight=1))]),
    "two policies in a record": (INPUT, lambda z: [("CREATE", z.a(**LATENCY, Weight=1))]),
    "two primaries": (
        BATCH,
        lambda z: [
            ("CREATE", z.a(SetIdentifier=one, Failover="PRIMARY", HealthCheckId=make_check(z.connect)["Id"]))
            for one in ("one", "two")
        ],
    ),
    "primary without a check": (BATCH, lambda z: [("CREATE", z.a(SetIdentifier="one", Failover="PRIMARY"))]),
    "two records of a place": (
        BATCH,
        lambda z: [("CREATE", z.a(SetIdentifier=one, GeoLocation={"CountryCode": "DE"})) for one in ("one", "two")],
    ),
    "weighted with two TTLs": (
        BATCH,
        lambda z: [("CREATE", z.a(**WEIGHTED)), ("CREATE", z.a(SetIdentifier="two", Weight=1, ttl=5))],
    ),
    "weight 256": (INPUT, lambda z: [("CREATE", z.a(SetIdentifier="one", Weight=256))]),
    "unknown health check": ("NoSuchHealthCheck", lambda z: [("CREATE", z.a(HealthCheckId="absent"))]),
    "no region": (INPUT, lambda z: [("CREATE", z.a(SetIdentifier="one", Region="nowhere"))]),
    "CNAME at the apex": (BATCH, lambda z: [("CREATE", values(z.name, "a.example", kind="CNAME"))]),
    "CNAME beside another": (
        BATCH,
        lambda z: [("CREATE", z.a()), ("CREATE", z.a(value="a.example", kind="CNAME"))],
    ),
    "another beside a CNAME": (
        BATCH,
        lambda z: [("CREATE", z.a(value="a.example", kind="CNAME")), ("CREATE", z.a(value="::1", kind="AAAA"))],
    ),
    "CNAME with two values": (
        BATCH,
        lambda z: [("CREATE", values(z.at("a"), "a.example", "b.example", kind="CNAME"))],
    ),
    "name outside the zone": (BATCH, lambda _: [("CREATE", values("a.elsewhere.example", "192.0.2.1"))]),
    "label of 64 characters": (BATCH, lambda z: [("CREATE", z.a("a" * 64))]),
    "delete what is absent": (BATCH, lambda z: [("DELETE", z.a())]),
    "create twice": (BATCH, lambda z: [("CREATE", z.a()), ("CREATE", z.a())]),
    "create and delete in one": (BATCH, lambda z: [("CREATE", z.a()), ("DELETE", z.a())]),
    "delete the zone's NS": (BATCH, lambda z: [("DELETE", r) for r in z.records() if r["Type"] == "NS"]),
    "TXT without quotes": (BATCH, lambda z: [("CREATE", z.a(value="words", kind="TXT"))]),
    "A that is no address": (BATCH, lambda z: [("CREATE", z.a(value="::1"))]),
    "AAAA that is no address": (BATCH, lambda z: [("CREATE", z.a(value="192.0.2.1", kind="AAAA"))]),
    "a value twice": (BATCH, lambda z: [("CREATE", values(z.at("a"), "192.0.2.1", "192.0.2.1"))]),
    "501 upserts": (BATCH, _many(501)),
    "16,500 characters upserted": (BATCH, _many(66, length=250)),
    "unknown type": (INPUT, lambda z: [("CREATE", z.a(kind="NOPE"))]),
}

ADMITTED_BATCHES: dict[str, Callable[[Zone], Changes]] = {
    "alias beside its target": lambda z: [("CREATE", z.to("b", "a")), ("CREATE", z.a())],
    "alias to a policy's name": lambda z: [("CREATE", z.a(**LATENCY)), ("CREATE", z.to("b", "a"))],
    "two latency regions": lambda z: [
        ("CREATE", z.a(**LATENCY)),
        ("CREATE", z.a(SetIdentifier="two", Region="us-west-2")),
    ],
    "weights 0 and 255": lambda z: [
        ("CREATE", z.a(SetIdentifier="none", Weight=0)),
        ("CREATE", z.a(SetIdentifier="most", Weight=255)),
    ],
    "primary alias without a check": lambda z: [
        ("CREATE", z.a()),
        ("CREATE", z.to("b", "a", SetIdentifier="one", Failover="PRIMARY")),
    ],
    "TTL 0": lambda z: [("CREATE", z.a(ttl=0))],
    "quoted TXT in parts": lambda z: [("CREATE", z.a(value='"one" "two \\" three"', kind="TXT"))],
    "250 characters upserted": _many(1, length=250),
    "underscore and wildcard": lambda z: [("CREATE", z.a("_owner")), ("CREATE", z.a("*.b"))],
}


@pytest.mark.parametrize("case", REFUSED)
def test_route_53_refuses(zone: Zone, case: str) -> None:
    code, changes = REFUSED[case]

    assert zone.refusal(*changes(zone)) == code


@pytest.mark.parametrize("case", ADMITTED_BATCHES)
def test_route_53_admits(zone: Zone, case: str) -> None:
    assert zone.refusal(*ADMITTED_BATCHES[case](zone)) == ADMITTED


def test_a_refused_batch_changes_nothing(zone: Zone) -> None:
    before = zone.records()

    assert zone.refusal(("CREATE", zone.a("fine")), ("CREATE", zone.a(value="::1"))) == BATCH
    assert zone.records() == before


def test_a_batch_that_deletes_and_creates_fences_a_stale_one(zone: Zone) -> None:
    first, second = (zone.a("_owner", f'"generation {number}"', kind="TXT") for number in (1, 2))
    zone.change(("CREATE", first))
    zone.change(("DELETE", first), ("CREATE", second))

    assert zone.refusal(("DELETE", first), ("CREATE", second)) == BATCH


@pytest.mark.parametrize(
    "other",
    [{"ttl": 61}, {"value": "192.0.2.2"}, {"Weight": 2}, {"HealthCheckId": "11111111-1111-1111-1111-111111111111"}],
    ids=lambda other: next(iter(other)),
)
def test_a_deletion_matches_exactly(zone: Zone, other: dict[str, Any]) -> None:
    zone.change(("CREATE", zone.a(**WEIGHTED)))

    assert zone.refusal(("DELETE", zone.a(**{**WEIGHTED, **other}))) == BATCH
    assert zone.refusal(("DELETE", zone.a(**WEIGHTED))) == ADMITTED


def test_every_complaint_of_a_batch_is_told(zone: Zone) -> None:
    said = message(lambda: zone.change(("CREATE", zone.a(value="::1")), ("DELETE", zone.a("absent"))))

    name = f"absent.{zone.name}."
    assert said.startswith(f"[Tried to delete resource record set [name='{name}', type='A'] but it was not found, ")
    assert "ARRDATAIllegalIPv4Address" in said


def test_an_alias_finds_the_domain_in_its_regions_zone_only(zone: Zone) -> None:
    configuration = make_domain(zone.connect, "eu-central-1", zone.name, zone.id)
    target = configuration["ApiGatewayDomainName"]

    assert configuration["HostedZoneId"] == "Z1U9ULNL0V5AJ3"
    assert zone.refusal(("CREATE", alias(zone.name, target, "Z2OJLYMUO9EFXC"))) == BATCH
    assert zone.refusal(("CREATE", alias(zone.name, target.upper(), "Z1U9ULNL0V5AJ3"))) == ADMITTED


@pytest.mark.parametrize(
    "policy",
    [
        {"Weight": 0},
        {"Region": "eu-central-1"},
        {"Failover": "SECONDARY"},
        {"GeoLocation": {"ContinentCode": "EU"}},
        {"GeoProximityLocation": {"AWSRegion": "eu-central-1", "Bias": 10}},
        {"GeoProximityLocation": {"Coordinates": {"Latitude": "50.1", "Longitude": "8.7"}}},
        {"MultiValueAnswer": True},
    ],
    ids=repr,
)
def test_a_record_keeps_its_policy(zone: Zone, policy: dict[str, Any]) -> None:
    record = zone.a(**policy, SetIdentifier="one", HealthCheckId=make_check(zone.connect)["Id"])
    zone.change(("CREATE", record))

    assert [held for held in zone.records() if held["Type"] == "A"] == [{**record, "Name": record["Name"] + "."}]


def test_names_are_kept_in_lower_case_and_wildcards_escaped(zone: Zone) -> None:
    zone.change(("CREATE", zone.a("*.MiXed")))

    assert f"\\052.mixed.{zone.name}." in [record["Name"] for record in zone.records()]
    assert zone.refusal(("CREATE", zone.a("*.mixed"))) == BATCH


def test_records_are_listed_by_reversed_labels_and_paged(zone: Zone) -> None:
    zone.change(
        *(("CREATE", zone.a(label)) for label in ("b", "a.b", "b-c", "a")),
        ("CREATE", zone.a("a", "::1", kind="AAAA")),
    )
    expected = [(f"a.{zone.name}.", "A"), (f"a.{zone.name}.", "AAAA")]
    expected += [(f"{label}.{zone.name}.", "A") for label in ("b-c", "b", "a.b")]

    pages = zone.connect("route53").get_paginator("list_resource_record_sets")
    found = [
        (record["Name"], record["Type"])
        for page in pages.paginate(HostedZoneId=zone.id, PaginationConfig={"PageSize": 2})
        for record in page["ResourceRecordSets"]
        if record["Type"] not in ("NS", "SOA")
    ]
    rest = zone.records(StartRecordName=f"a.{zone.name}", StartRecordType="AAAA", MaxItems="2")

    assert found == expected
    assert [(record["Name"], record["Type"]) for record in rest] == expected[1:3]


def test_a_page_does_not_start_at_a_type_alone(zone: Zone) -> None:
    assert refusal(lambda: zone.records(StartRecordType="A")) == INPUT
