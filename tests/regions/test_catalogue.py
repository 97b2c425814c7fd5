"""The catalogue holds what AWS says, complete, dated and with its source."""

import re
from decimal import Decimal
from fractions import Fraction

import botocore.session
import pytest

from regions import catalogue


def test_every_commercial_region_of_botocore_is_known_and_no_other() -> None:
    """Compared with the endpoints that the locked botocore ships: a new region there must come in here."""
    assert set(catalogue.regions()) == set(botocore.session.get_session().get_available_regions("ec2"))


def test_regions_bear_the_names_that_aws_gives_them() -> None:
    """botocore's endpoint descriptions are AWS's own names."""
    partitions = botocore.session.get_session().get_data("endpoints")["partitions"]
    aws = next(partition["regions"] for partition in partitions if partition["partition"] == "aws")
    assert {code: facts.name for code, facts in catalogue.regions().items()} == {
        code: region["description"] for code, region in aws.items()
    }


def test_frankfurt_has_all_its_facts() -> None:
    """One whole row, compared as a value."""
    frankfurt = catalogue.regions()["eu-central-1"]
    assert frankfurt == catalogue.RegionFacts(
        code="eu-central-1",
        name="Europe (Frankfurt)",
        place="Frankfurt",
        country="Germany",
        group="Europe",
        enabled_by_default=True,
        zone_ids=("euc1-az1", "euc1-az2", "euc1-az3"),
        town="Frankfurt",
        latitude=50.11,
        longitude=8.68,
    )
    assert (frankfurt.zones, frankfurt.zone_id_prefix) == (3, "euc1")


def test_seventeen_regions_are_enabled_by_default() -> None:
    """AWS enables by default what it launched before 20 March 2019; that set never grows."""
    default = {code for code, facts in catalogue.regions().items() if facts.enabled_by_default}
    assert default == {
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
        *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1"),
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
    }


@pytest.mark.parametrize("facts", catalogue.regions().values(), ids=str)
def test_a_region_is_well_formed(facts: catalogue.RegionFacts) -> None:
    """Zones, place and coordinates make sense by themselves; zone ids follow AWS's rule for them."""
    area, direction, number = facts.code.rsplit("-", 2)
    short = {"north": "n", "south": "s", "east": "e", "west": "w", "central": "c"}
    expected = area + re.sub("north|south|east|west|central", lambda word: short[word[0]], direction) + number
    assert facts.zone_id_prefix == expected
    assert all(re.fullmatch(rf"{expected}-az\d", zone_id) for zone_id in facts.zone_ids)
    assert facts.zones == len(set(facts.zone_ids)) >= 3
    assert facts.place in facts.name or "(Central)" in facts.name
    assert -90 < facts.latitude < 90
    assert -180 < facts.longitude <= 180


def test_groups_come_in_the_order_of_the_pages() -> None:
    """The file's order is the order on the pages: a group is not interrupted by another."""
    groups = [facts.group for facts in catalogue.regions().values()]
    assert list(dict.fromkeys(groups)) == list(catalogue.GROUPS)
    assert groups == sorted(groups, key=catalogue.GROUPS.index)


def test_published_figures_are_exact_and_scoped() -> None:
    """99.95 must not become 99.9500000000000028: figures are decimals."""
    assert {key: (sla.percent, sla.scope) for key, sla in catalogue.published_slas().items()} == {
        "lambda": (Decimal("99.95"), "region"),
        "api_gateway": (Decimal("99.95"), "region"),
        "dynamodb": (Decimal("99.99"), "region"),
        "dynamodb_global_table": (Decimal("99.999"), "region"),
        "route53": (Decimal(100), "global"),
        "s3_standard": (Decimal("99.9"), "region"),
    }


def test_what_changes_names_its_source_and_date() -> None:
    """Limits and promises change: each says where and when it was read."""
    dated = [(sla.source, sla.as_of) for sla in catalogue.published_slas().values()]
    dated += [(rate.source, rate.as_of) for rate in catalogue.api_rates()]
    dated += [(quota.source, quota.as_of) for quota in catalogue.quotas().values()]
    dated += [(price.source, price.as_of) for price in catalogue.prices().values()]
    assert all(source.startswith(("https://aws.amazon.com/", "https://docs.aws.amazon.com/")) for source, _ in dated)
    assert all(re.fullmatch(r"20\d\d-[01]\d", as_of) for _, as_of in dated)


@pytest.mark.parametrize(
    ("service", "action", "expected"),
    [
        ("route53", "CreateHealthCheck", [("*", 50, 10), ("CreateHealthCheck", 50, Fraction(1, 2))]),
        ("route53", "DeleteHealthCheck", [("*", 50, 10), ("DeleteHealthCheck", 15, 3)]),
        ("route53", "GetHealthCheckStatus", [("*", 50, 10), ("GetHealthCheckStatus", 4, 1)]),
        ("route53", "CreateHostedZone", [("*", 50, 10), ("CreateHostedZone", 40, 2)]),
        ("route53", "ChangeResourceRecordSets", [("*", 50, 10), ("ChangeResourceRecordSets", 50, 10)]),
        ("apigateway", "CreateDomainName", [("*", 40, 10), ("CreateDomainName", 1, Fraction(1, 30))]),
        ("apigateway", "CreateApi", [("*", 40, 10)]),
        ("lambda", "CreateFunction", []),
    ],
)
def test_a_call_takes_from_the_shared_bucket_and_its_own(
    service: str, action: str, expected: list[tuple[str, int, Fraction | int]]
) -> None:
    """Route 53: one bucket for all and one for each action; API Gateway: mostly the shared one; others: none known."""
    rates = catalogue.buckets(service, action)
    assert [(rate.action, rate.burst, rate.refill_per_s) for rate in rates] == expected


def test_quotas_bound_a_plan() -> None:
    """What a plan is checked against before it starts."""
    assert {name: quota.value for name, quota in catalogue.quotas().items()} == {
        ("route53", "health_checks_per_account"): 200,
        ("route53", "records_per_zone"): 10_000,
        ("route53", "cidr_collections_per_account"): 5,
        ("route53", "cidr_blocks_per_collection"): 1000,
        ("route53", "records_per_batch"): 1000,
        ("route53", "characters_per_batch"): 32000,
        ("apigateway", "domains_per_region"): 120,
        ("apigateway", "apis_per_region"): 600,
        ("apigateway", "routes_per_api"): 300,
        ("apigateway", "integrations_per_api"): 300,
        ("lambda", "reserved_concurrency_per_region"): 1000,
        ("lambda", "code_bytes_per_region"): 75 * 1024**3,
        ("lambda", "direct_zip_bytes"): 50 * 1024 * 1024,
        ("acm", "certificates_per_region"): 2500,
        ("iam", "roles_per_account"): 1000,
        ("s3", "buckets_per_account"): 10_000,
        ("dynamodb", "tables_per_region"): 2500,
        ("logs", "log_groups_per_region"): 1_000_000,
    }


def test_a_quota_that_can_be_raised_says_where() -> None:
    """Service Quotas has its code; of global services in us-east-1, of others in the region itself."""
    raised = {key: quota.home for key, quota in catalogue.quotas().items() if quota.code}
    assert all(re.fullmatch(r"L-[0-9A-F]{8}", catalogue.quotas()[key].code) for key in raised)
    assert {service for (service, _), home in raised.items() if home == "us-east-1"} == {"route53", "iam", "s3"}


def test_prices_are_exact_and_say_of_which_region() -> None:
    """0.000001 must not become 9.9e-07: prices are decimals."""
    prices = catalogue.prices()
    assert prices["apigateway_http_request"].usd == Decimal("0.000001")
    assert {price.region for price in prices.values()} == {"global", "us-east-1"}
    assert all(price.region == "global" for key, price in prices.items() if key.startswith("route53"))
    assert all(price.usd > 0 and price.what and price.unit for price in prices.values())


def test_latency_is_measured_between_all_regions_but_the_newest() -> None:
    """33 regions, both directions; what nobody measured is None, not 0."""
    codes = set(catalogue.regions())
    unmeasured = {code for code in codes if catalogue.latency_ms(code, "us-east-1") is None}
    assert unmeasured == {"ap-southeast-6"}
    measured = codes - unmeasured
    assert all(catalogue.latency_ms(a, b) is not None for a in measured for b in measured)


def test_latency_agrees_in_both_directions() -> None:
    """A typing error in the matrix would show as a pair that disagrees: the worst real one differs by 22 %."""
    codes = [code for code in catalogue.regions() if catalogue.latency_ms(code, code) is not None]
    ratios = [
        (catalogue.latency_ms(a, b) or 0) / (catalogue.latency_ms(b, a) or 1) for a in codes for b in codes if a != b
    ]
    assert max(ratios) < 1.3
