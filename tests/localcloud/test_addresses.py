"""Each region has doors of its own, on machines with many loopback addresses and on those with one."""

from __future__ import annotations

from localcloud.addresses import Door, commercial_regions, published, region_doors, shared_door

REGIONS = ("eu-central-1", "us-west-2")


def test_an_address_for_each_region() -> None:
    assert published(region_doors(4566, REGIONS, own_addresses=True)) == {
        "eu-central-1": {"api": "http://127.10.0.1:4566", "http": "127.10.0.1:4567", "https": "127.10.0.1:4568"},
        "us-west-2": {"api": "http://127.10.0.2:4566", "http": "127.10.0.2:4567", "https": "127.10.0.2:4568"},
    }


def test_ports_for_each_region_where_there_is_one_address() -> None:
    assert published(region_doors(4566, REGIONS, own_addresses=False)) == {
        "eu-central-1": {"api": "http://127.0.0.1:4567", "http": "127.0.0.1:4568", "https": "127.0.0.1:4569"},
        "us-west-2": {"api": "http://127.0.0.1:4570", "http": "127.0.0.1:4571", "https": "127.0.0.1:4572"},
    }


def test_no_two_doors_share_an_address() -> None:
    for own_addresses in (True, False):
        doors = [shared_door(4566), *region_doors(4566, commercial_regions(), own_addresses=own_addresses)]

        assert len({(door.host, door.port) for door in doors}) == len(doors)


def test_the_published_https_door_stays_the_unprivileged_one() -> None:
    doors = [*region_doors(4566, REGIONS[:1], own_addresses=True), Door("127.10.0.1", 443, "https", REGIONS[0])]

    assert published(doors)["eu-central-1"]["https"] == "127.10.0.1:4568"


def test_the_commercial_regions_are_regions() -> None:
    regions = commercial_regions()

    assert {"us-east-1", "eu-central-1", "ap-southeast-1"} <= set(regions)
    assert not [region for region in regions if region.startswith(("us-gov", "cn-", "aws-"))]
