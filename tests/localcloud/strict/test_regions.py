"""Regions that are not there or not enabled, and what EC2 says of those that are."""

from __future__ import annotations

import pytest

from localcloud.strict.region_table import API_GATEWAY_ZONES, REGIONS
from tests.localcloud.strict.world import ADMITTED, Connect, refusal

INVALID_TOKEN = "UnrecognizedClientException"


@pytest.mark.parametrize("region", ["eu-nowhere-1", "ap-east-1"])
@pytest.mark.parametrize(
    ("service", "action", "code"),
    [
        ("dynamodb", "list_tables", INVALID_TOKEN),
        ("lambda", "list_functions", INVALID_TOKEN),
        ("apigatewayv2", "get_apis", INVALID_TOKEN),
        ("acm", "list_certificates", INVALID_TOKEN),
        ("logs", "describe_log_groups", INVALID_TOKEN),
        ("ec2", "describe_regions", "AuthFailure"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("s3", "list_buckets", "InvalidToken"),
        ("route53", "list_hosted_zones", ADMITTED),
        ("iam", "list_roles", ADMITTED),
    ],
)
def test_a_region_that_is_not_enabled_is_refused(
    connect: Connect, service: str, action: str, code: str, region: str
) -> None:
    """Global services have no region: botocore signs them with the client's at an endpoint of one's own."""
    assert refusal(getattr(connect(service, region), action)) == code


def test_ec2_describes_the_17_regions_that_are_enabled_by_default(connect: Connect) -> None:
    held = connect("ec2").describe_regions()["Regions"]

    assert len(held) == 17
    assert {region["OptInStatus"] for region in held} == {"opt-in-not-required"}


def test_ec2_describes_all_regions_with_their_opt_in_status(connect: Connect) -> None:
    held = {region["RegionName"]: region for region in connect("ec2").describe_regions(AllRegions=True)["Regions"]}

    assert set(held) == set(REGIONS)
    assert held["ap-east-1"]["OptInStatus"] == "not-opted-in"
    assert held["eu-central-1"]["OptInStatus"] == "opt-in-not-required"


def test_ec2_describes_the_regions_that_are_named(connect: Connect) -> None:
    ec2 = connect("ec2")

    assert [r["RegionName"] for r in ec2.describe_regions(RegionNames=["eu-west-1"])["Regions"]] == ["eu-west-1"]
    assert refusal(ec2.describe_regions, RegionNames=["eu-nowhere-1"]) == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("region", "zones"),
    [
        ("us-east-1", {f"us-east-1{letter}": f"use1-az{n}" for n, letter in enumerate("abcdef", start=1)}),
        ("us-west-1", {"us-west-1a": "usw1-az1", "us-west-1c": "usw1-az3"}),
        ("eu-central-1", {f"eu-central-1{letter}": f"euc1-az{n}" for n, letter in enumerate("abc", start=1)}),
    ],
)
def test_ec2_describes_a_regions_own_zones(connect: Connect, region: str, zones: dict[str, str]) -> None:
    held = connect("ec2", region).describe_availability_zones()["AvailabilityZones"]

    assert {zone["ZoneName"]: zone["ZoneId"] for zone in held} == zones


def test_every_enabled_region_has_its_alias_zone() -> None:
    assert set(API_GATEWAY_ZONES) == {name for name, row in REGIONS.items() if not row.opt_in}
    assert len(set(API_GATEWAY_ZONES.values())) == 17
