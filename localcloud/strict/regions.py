"""Regions: calls for regions that are not there or not enabled are refused, and EC2 describes the real ones.

Every account here has the regions that AWS enables by default, and none of the opt-in ones.
"""

from __future__ import annotations

from typing import Any

from ministack.core.responses import get_region
from ministack.services import ec2

from localcloud.call import GLOBAL_SERVICES, Call, signed_region
from localcloud.strict.region_table import REGIONS, RegionRow
from localcloud.strict.rules import ANY, Refusal, rule

_REGIONS_PAGE = "https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html"
_TOKEN = "The security token included in the request is invalid."
_REFUSALS = {
    "ec2": Refusal("AuthFailure", "AWS was not able to validate the provided access credentials", 401),
    "sts": Refusal("InvalidClientTokenId", _TOKEN, 403),
    "s3": Refusal("InvalidToken", "The provided token is malformed or otherwise invalid.", 400),
}
_OTHERS = Refusal("UnrecognizedClientException", _TOKEN, 400)


@rule(ANY, ANY, page=_REGIONS_PAGE)
def the_region_is_enabled(call: Call) -> Refusal | None:
    """A call signed for a region that does not exist or is not opted in finds no such account there."""
    if call.service in GLOBAL_SERVICES:
        return None
    row = REGIONS.get(signed_region(call))
    if row is not None and not row.opt_in:
        return None
    return _REFUSALS.get(call.service, _OTHERS)


def _describe_regions(p: dict[str, Any]) -> Any:
    """DescribeRegions: the enabled ones, or all with their opt-in status
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html)."""
    asked = ec2._parse_member_list(p, "RegionName")
    everything = ec2._p(p, "AllRegions", "").lower() == "true"
    unknown = [name for name in asked if name not in REGIONS]
    if unknown:
        return ec2._error("InvalidParameterValue", f"Invalid region provided: [{', '.join(unknown)}]", 400)
    rows = {name: row for name, row in REGIONS.items() if not asked or name in asked}
    items = "".join(
        f"<item><regionName>{name}</regionName><regionEndpoint>ec2.{name}.amazonaws.com</regionEndpoint>"
        f"<optInStatus>{'not-opted-in' if row.opt_in else 'opt-in-not-required'}</optInStatus></item>"
        for name, row in rows.items()
        if everything or not row.opt_in
    )
    return ec2._xml(200, "DescribeRegionsResponse", f"<regionInfo>{items}</regionInfo>")


def _describe_availability_zones(p: dict[str, Any]) -> Any:
    """DescribeAvailabilityZones: the region's own zones with their ids
    (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html)."""
    region = get_region()
    row = REGIONS.get(region, RegionRow("", {}))
    names = set(ec2._parse_member_list(p, "ZoneName"))
    ids = set(ec2._parse_member_list(p, "ZoneId"))
    items = "".join(
        f"<item><zoneName>{region}{letter}</zoneName><zoneState>available</zoneState>"
        f"<regionName>{region}</regionName><zoneId>{row.zone_prefix}-az{number}</zoneId>"
        f"<groupName>{region}-zg-1</groupName><networkBorderGroup>{region}</networkBorderGroup>"
        f"<optInStatus>opt-in-not-required</optInStatus><zoneType>availability-zone</zoneType></item>"
        for letter, number in sorted(row.zones.items())
        if (not names or f"{region}{letter}" in names) and (not ids or f"{row.zone_prefix}-az{number}" in ids)
    )
    return ec2._xml(200, "DescribeAvailabilityZonesResponse", f"<availabilityZoneInfo>{items}</availabilityZoneInfo>")


def patch() -> None:
    """Let EC2 describe the real regions and zones; ministack has three zones everywhere and enables all."""
    ec2._ACTION_MAP["DescribeRegions"] = _describe_regions
    ec2._ACTION_MAP["DescribeAvailabilityZones"] = _describe_availability_zones
