"""Commercial regions as EC2 describes them: opt-in, prefix of zone ids, zones by letter. Pure data.

Sources, read November 2026: docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html and
…/aws-availability-zones.html. AWS shuffles the letters per account; ids are the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RegionRow:
    zone_prefix: str
    zones: dict[str, int]
    opt_in: bool = False


def _zones(letters: str, numbers: tuple[int, ...] | None = None) -> dict[str, int]:
    return dict(zip(letters, numbers or range(1, len(letters) + 1), strict=True))


REGIONS = {
    "us-east-1": RegionRow("use1", _zones("abcdef")),
    "us-east-2": RegionRow("use2", _zones("abc")),
    "us-west-1": RegionRow("usw1", _zones("ac", (1, 3))),
    "us-west-2": RegionRow("usw2", _zones("abcd")),
    "ap-northeast-1": RegionRow("apne1", _zones("acd", (4, 1, 2))),
    "ap-northeast-2": RegionRow("apne2", _zones("abcd")),
    "ap-northeast-3": RegionRow("apne3", _zones("abc")),
    "ap-south-1": RegionRow("aps1", _zones("abc")),
    "ap-southeast-1": RegionRow("apse1", _zones("abc")),
    "ap-southeast-2": RegionRow("apse2", _zones("abc")),
    "ca-central-1": RegionRow("cac1", _zones("abd", (1, 2, 4))),
    "eu-central-1": RegionRow("euc1", _zones("abc")),
    "eu-north-1": RegionRow("eun1", _zones("abc")),
    "eu-west-1": RegionRow("euw1", _zones("abc")),
    "eu-west-2": RegionRow("euw2", _zones("abc")),
    "eu-west-3": RegionRow("euw3", _zones("abc")),
    "sa-east-1": RegionRow("sae1", _zones("abc")),
    "af-south-1": RegionRow("afs1", _zones("abc"), opt_in=True),
    "ap-east-1": RegionRow("ape1", _zones("abc"), opt_in=True),
    "ap-east-2": RegionRow("ape2", _zones("abc"), opt_in=True),
    "ap-south-2": RegionRow("aps2", _zones("abc"), opt_in=True),
    "ap-southeast-3": RegionRow("apse3", _zones("abc"), opt_in=True),
    "ap-southeast-4": RegionRow("apse4", _zones("abc"), opt_in=True),
    "ap-southeast-5": RegionRow("apse5", _zones("abc"), opt_in=True),
    "ap-southeast-6": RegionRow("apse6", _zones("abc"), opt_in=True),
    "ap-southeast-7": RegionRow("apse7", _zones("abc"), opt_in=True),
    "ca-west-1": RegionRow("caw1", _zones("abc"), opt_in=True),
    "eu-central-2": RegionRow("euc2", _zones("abc"), opt_in=True),
    "eu-south-1": RegionRow("eus1", _zones("abc"), opt_in=True),
    "eu-south-2": RegionRow("eus2", _zones("abc"), opt_in=True),
    "il-central-1": RegionRow("ilc1", _zones("abc"), opt_in=True),
    "me-central-1": RegionRow("mec1", _zones("abc"), opt_in=True),
    "me-south-1": RegionRow("mes1", _zones("abc"), opt_in=True),
    "mx-central-1": RegionRow("mxc1", _zones("abc"), opt_in=True),
}

# Route 53 zone ids of API Gateway's regional endpoints, for alias records
# (docs.aws.amazon.com/general/latest/gr/apigateway.html).
API_GATEWAY_ZONES = {
    "us-east-1": "Z1UJRXOUMOOFQ8",
    "us-east-2": "ZOJJZC49E0EPZ",
    "us-west-1": "Z2MUQ32089INYE",
    "us-west-2": "Z2OJLYMUO9EFXC",
    "ap-northeast-1": "Z1YSHQZHG15GKL",
    "ap-northeast-2": "Z20JF4UZKIW1U8",
    "ap-northeast-3": "Z22ILHG95FLSZ2",
    "ap-south-1": "Z3VO1THU9YC4UR",
    "ap-southeast-1": "ZL327KTPIQFUL",
    "ap-southeast-2": "Z2RPCDW04V8134",
    "ca-central-1": "Z19DQILCV0OWEC",
    "eu-central-1": "Z1U9ULNL0V5AJ3",
    "eu-north-1": "Z3UWIKFBOOGXPP",
    "eu-west-1": "ZLY8HYME6SFDD",
    "eu-west-2": "ZJ5UAJN8Y3Z2Q",
    "eu-west-3": "Z3KY65QIEKYHQQ",
    "sa-east-1": "ZCMLWB8V5SYIT",
}
