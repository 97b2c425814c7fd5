"""CIDR collections: what Route 53 keeps of them, and what it refuses."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.localcloud.strict.world import Connect, change, domain, make_zone, refusal

OFFICE = ["203.0.113.0/24", "2001:db8::/32"]


def make(connect: Connect, name: str = "service", reference: str = "once") -> str:
    made = connect("route53").create_cidr_collection(Name=name, CallerReference=reference)["Collection"]
    return str(made["Id"])


def put(connect: Connect, collection_id: str, location: str, *blocks: str, **more: Any) -> str:
    one = {"LocationName": location, "Action": "PUT", "CidrList": list(blocks)}
    return str(connect("route53").change_cidr_collection(Id=collection_id, Changes=[one], **more)["Id"])


def blocks(connect: Connect, collection_id: str) -> dict[str, str]:
    listed = connect("route53").list_cidr_blocks(CollectionId=collection_id)["CidrBlocks"]
    return {each["CidrBlock"]: each["LocationName"] for each in listed}


def test_a_collection_keeps_its_blocks(connect: Connect) -> None:
    route53, made = connect("route53"), make(connect)
    put(connect, made, "office", *OFFICE)
    put(connect, made, "branch", "198.51.100.0/24")

    assert blocks(connect, made) == {**dict.fromkeys(OFFICE, "office"), "198.51.100.0/24": "branch"}
    listed = route53.list_cidr_collections()["CidrCollections"]
    assert [(each["Id"], each["Name"], each["Version"]) for each in listed] == [(made, "service", 3)]
    places = route53.list_cidr_locations(CollectionId=made)["CidrLocations"]
    assert [each["LocationName"] for each in places] == ["branch", "office"]


def test_lists_have_pages(connect: Connect) -> None:
    made = make(connect)
    put(connect, made, "office", *OFFICE)

    first = connect("route53").list_cidr_blocks(CollectionId=made, MaxResults="1")
    rest = connect("route53").list_cidr_blocks(CollectionId=made, MaxResults="1", NextToken=first["NextToken"])

    assert [each["CidrBlock"] for page in (first, rest) for each in page["CidrBlocks"]] == OFFICE
    assert "NextToken" not in rest


def test_a_block_moves_in_one_change(connect: Connect) -> None:
    made = make(connect)
    put(connect, made, "office", *OFFICE)

    connect("route53").change_cidr_collection(
        Id=made,
        Changes=[
            {"LocationName": "office", "Action": "DELETE_IF_EXISTS", "CidrList": OFFICE[:1]},
            {"LocationName": "branch", "Action": "PUT", "CidrList": OFFICE[:1]},
        ],
    )

    assert blocks(connect, made) == {OFFICE[0]: "branch", OFFICE[1]: "office"}


def test_of_a_change_that_is_refused_nothing_is_done(connect: Connect) -> None:
    made = make(connect)
    put(connect, made, "office", *OFFICE)

    assert refusal(partial(put, connect, made, "branch", "198.51.100.0/24", OFFICE[0])) == "CidrBlockInUseException"
    assert blocks(connect, made) == dict.fromkeys(OFFICE, "office")


@pytest.mark.parametrize(
    ("location", "block"),
    [
        ("office", "203.0.113.0/25"),
        ("office", "2001:db8::/49"),
        ("office", "0.0.0.0/0"),
        ("office", "203.0.113.1/24"),
        ("office", "home"),
        ("an office abroad", OFFICE[0]),
        ("*", OFFICE[0]),
    ],
)
def test_route_53_refuses_a_block(connect: Connect, location: str, block: str) -> None:
    assert refusal(partial(put, connect, make(connect), location, block)) == "InvalidInput"


def test_a_name_is_taken_but_for_the_one_who_took_it(connect: Connect) -> None:
    made = make(connect)

    assert make(connect) == made
    assert refusal(partial(make, connect, reference="twice")) == "CidrCollectionAlreadyExistsException"
    assert refusal(partial(make, connect, name="a service", reference="other")) == "InvalidInput"


def test_an_older_version_is_not_overwritten(connect: Connect) -> None:
    made = make(connect)
    put(connect, made, "office", OFFICE[0], CollectionVersion=1)

    again = refusal(partial(put, connect, made, "office", OFFICE[1], CollectionVersion=1))

    assert again == "CidrCollectionVersionMismatchException"


def test_what_is_not_there_is_not_found(connect: Connect) -> None:
    route53, absent = connect("route53"), "00000000-0000-0000-0000-000000000000"

    assert refusal(partial(put, connect, absent, "office", OFFICE[0])) == "NoSuchCidrCollectionException"
    assert refusal(route53.delete_cidr_collection, Id=absent) == "NoSuchCidrCollectionException"
    assert refusal(route53.list_cidr_locations, CollectionId=absent) == "NoSuchCidrCollectionException"
    no_such = refusal(route53.list_cidr_blocks, CollectionId=make(connect), LocationName="office")
    assert no_such == "NoSuchCidrLocationException"


def test_an_account_has_five_and_a_collection_a_thousand_blocks(connect: Connect) -> None:
    made = [make(connect, name=f"service-{number}", reference=str(number)) for number in range(5)]
    put(connect, made[0], "office", *[f"10.{number // 256}.{number % 256}.0/24" for number in range(1000)])

    assert refusal(partial(make, connect, name="one-more", reference="6")) == "LimitsExceeded"
    assert refusal(partial(put, connect, made[0], "office", OFFICE[0])) == "LimitsExceeded"


def test_it_goes_once_it_is_empty_and_no_record_names_it(connect: Connect) -> None:
    route53, name, made = connect("route53"), domain(), make(connect)
    zone = make_zone(connect, name)
    put(connect, made, "office", OFFICE[0])

    def record(collection_id: str, location: str) -> dict[str, Any]:
        return {
            "Name": name,
            "Type": "A",
            "SetIdentifier": location,
            "CidrRoutingConfig": {"CollectionId": collection_id, "LocationName": location},
            "TTL": 60,
            "ResourceRecords": [{"Value": "192.0.2.1"}],
        }

    absent = record("00000000-0000-0000-0000-000000000000", "office")
    assert refusal(partial(change, connect, zone, ("CREATE", absent))) == "InvalidChangeBatch"
    assert refusal(partial(change, connect, zone, ("CREATE", record(made, "branch")))) == "InvalidChangeBatch"
    twice = {**record(made, "*"), "SetIdentifier": "again"}
    assert refusal(partial(change, connect, zone, *[("CREATE", each) for each in (record(made, "*"), twice)])) == (
        "InvalidChangeBatch"
    )
    change(connect, zone, ("CREATE", record(made, "*")))
    assert refusal(route53.delete_cidr_collection, Id=made) == "CidrCollectionInUseException"
    one = {"LocationName": "office", "Action": "DELETE_IF_EXISTS", "CidrList": OFFICE[:1]}
    route53.change_cidr_collection(Id=made, Changes=[one])
    assert refusal(route53.delete_cidr_collection, Id=made) == "CidrCollectionInUseException"

    change(connect, zone, ("DELETE", record(made, "*")))
    route53.delete_cidr_collection(Id=made)

    assert route53.list_cidr_collections()["CidrCollections"] == []
