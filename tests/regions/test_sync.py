"""Sync: an account as AWS tells it, in our rows; what came, what went, what is refused. Against the local cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from localcloud.process import Running, start_localcloud
from regions import catalogue
from regions.models import Account, AccountRegion, HostedZone, Region, Zone
from regions.sync import SyncRefused, SyncReport, sync
from tests.localcloud.service import clients, control

pytestmark = pytest.mark.django_db

BY_DEFAULT = sorted(code for code, facts in catalogue.regions().items() if facts.enabled_by_default)
OPT_IN = sorted(code for code, facts in catalogue.regions().items() if not facts.enabled_by_default)
ACCOUNT_ID = "000000000000"  # whose the ambient credentials of tests are


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start_localcloud(tmp_path_factory.mktemp("localcloud")) as running:
        yield running


@pytest.fixture
def account(cloud: Running) -> Account:
    return Account.objects.create(name="demo", account_id=ACCOUNT_ID, endpoint_url=cloud["url"], obey_api_rates=False)


@pytest.fixture
def fault(cloud: Running) -> Iterator[Callable[..., None]]:
    """fault(service=…, action=…, do=…) goes wrong until the test ends."""
    added: list[int] = []

    def add(**rule: Any) -> None:
        added.append(int(control(cloud, "faults", {"times": None, **rule})["id"]))

    yield add
    for number in added:
        control(cloud, f"faults?id={number}", method="DELETE")


@pytest.fixture
def hosted_zones(cloud: Running) -> Iterator[Callable[..., str]]:
    """hosted_zones("example.test") makes one and gives its id; all are deleted afterwards."""
    made: list[str] = []
    with clients(cloud["url"], "test") as connect:
        route53 = connect("route53", "us-east-1")

        def make(name: str, **params: Any) -> str:
            answer = route53.create_hosted_zone(Name=name, CallerReference=f"{name}-{timezone.now()}", **params)
            made.append(answer["HostedZone"]["Id"])
            return made[-1].removeprefix("/hostedzone/")

        yield make
        for zone_id in made:
            route53.delete_hosted_zone(Id=zone_id)


def test_the_first_sync_brings_everything(account: Account, hosted_zones: Callable[..., str]) -> None:
    zone_id = hosted_zones("Example.Test.")

    report = sync(account)

    exist = {zone_id for code in BY_DEFAULT for zone_id in catalogue.regions()[code].zone_ids}
    zone_ids = sorted(exist - {"usw1-az2", "apne1-az3"})  # which accounts of today no longer see
    assert report == SyncReport(
        account="demo",
        new_regions=tuple(sorted(BY_DEFAULT + OPT_IN)),
        not_opted_in=tuple(OPT_IN),
        new_zones=tuple(zone_ids),
        new_hosted_zones=("example.test",),
    )
    assert sorted(Region.objects.filter(enabled=True).values_list("code", flat=True)) == BY_DEFAULT
    assert sorted(each.region.code for each in account.account_regions.all() if each.usable) == BY_DEFAULT
    assert sorted(Zone.objects.values_list("zone_id", flat=True)) == zone_ids
    assert list(HostedZone.objects.values_list("account", "name", "zone_id")) == [(account.pk, "example.test", zone_id)]
    account.refresh_from_db()
    assert account.synced_at is not None


def test_a_second_sync_changes_nothing(account: Account, hosted_zones: Callable[..., str]) -> None:
    hosted_zones("example.test")
    sync(account)
    before = rows()

    report = sync(account)

    assert report == SyncReport(account="demo", not_opted_in=tuple(OPT_IN))
    assert report.lines() == ["nothing new, nothing gone", f"not opted in: {', '.join(OPT_IN)}"]
    assert rows() == before


def test_what_aws_lists_no_more_is_marked_and_kept(account: Account) -> None:
    sync(account)
    frankfurt = Region.objects.get(code="eu-central-1")
    closed = Region.objects.create(code="eu-atlantis-1")
    AccountRegion.objects.create(account=account, region=closed, opt_in="opted-in")
    Zone.objects.create(region=frankfurt, zone_id="euc1-az9")
    HostedZone.objects.create(account=account, name="sold.test", zone_id="Z0SOLD")

    report = sync(account)

    assert (report.new, report.gone) == ((), ("eu-atlantis-1", "euc1-az9", "sold.test"))
    assert not AccountRegion.objects.get(region=closed).usable
    assert Zone.objects.get(zone_id="euc1-az9").gone_at is not None
    assert HostedZone.objects.get(name="sold.test").gone_at is not None
    assert sync(account).gone == ()


def test_what_comes_back_is_new_again(account: Account, hosted_zones: Callable[..., str]) -> None:
    hosted_zones("example.test")
    sync(account)
    for row in (
        AccountRegion.objects.get(region__code="eu-central-1"),
        Zone.objects.get(zone_id="euc1-az1"),
        HostedZone.objects.get(),
    ):
        row.gone_at = timezone.now()
        row.save()

    assert sync(account).new == ("eu-central-1", "euc1-az1", "example.test")
    assert not AccountRegion.objects.exclude(gone_at=None).exists()


def test_what_people_decided_stays(account: Account) -> None:
    """Sync writes facts of AWS; that a region is disabled, and how it is reached on this machine, is ours."""
    sync(account)
    Region.objects.filter(code="eu-central-1").update(enabled=False)
    AccountRegion.objects.filter(region__code="eu-central-1").update(https_address="127.10.0.1:4568")

    sync(account)

    assert not Region.objects.get(code="eu-central-1").enabled
    assert AccountRegion.objects.get(region__code="eu-central-1").https_address == "127.10.0.1:4568"


def test_a_private_zone_is_nobodys_way_in(account: Account, hosted_zones: Callable[..., str]) -> None:
    hosted_zones("inside.test", VPC={"VPCRegion": "eu-central-1", "VPCId": "vpc-1"})

    assert sync(account).new_hosted_zones == ()


def test_zones_beyond_the_first_page_are_found(account: Account, hosted_zones: Callable[..., str]) -> None:
    """ListHostedZones answers with at most 100."""
    names = tuple(f"zone-{number:03d}.test" for number in range(105))
    for name in names:
        hosted_zones(name)

    assert sync(account).new_hosted_zones == names


def test_a_region_that_does_not_answer_is_told_and_stays_as_it_was(
    account: Account, fault: Callable[..., None]
) -> None:
    sync(account)
    Zone.objects.create(region=Region.objects.get(code="eu-central-1"), zone_id="euc1-az9")
    fault(service="ec2", region="eu-central-1", action="DescribeAvailabilityZones", do="error", code="InternalError")

    report = sync(account)

    assert (report.unanswered, report.gone) == (("eu-central-1",), ())
    assert "no answer, their zones are as they were: eu-central-1" in report.lines()


def test_the_region_that_is_asked_first_may_be_down(account: Account, fault: Callable[..., None]) -> None:
    fault(service="ec2", region="us-east-1", do="error", code="InternalError")

    report = sync(account)

    assert (report.unanswered, len(report.new_regions)) == (("us-east-1",), len(catalogue.regions()))


@pytest.mark.parametrize(
    ("service", "action", "needed"),
    [
        ("ec2", "DescribeRegions", "ec2:DescribeRegions"),
        ("route53", "ListHostedZones", "route53:ListHostedZones"),
    ],
)
def test_a_refusal_says_what_to_allow_and_changes_nothing(
    account: Account, fault: Callable[..., None], service: str, action: str, needed: str
) -> None:
    fault(service=service, action=action, do="error", code="AccessDenied", status=403)

    with pytest.raises(SyncRefused, match=rf"^{needed}: AccessDenied") as refused:
        sync(account)

    assert refused.value.mend == f"Allow {needed} for the workers' own credentials, then retry."
    assert not Region.objects.exists()


def test_a_role_that_may_not_be_assumed(cloud: Running, fault: Callable[..., None]) -> None:
    role = "arn:aws:iam::111122223333:role/antipode"
    other = Account.objects.create(
        name="other", account_id="111122223333", role_arn=role, endpoint_url=cloud["url"], obey_api_rates=False
    )
    fault(service="sts", action="AssumeRole", do="error", code="AccessDenied", status=403)

    with pytest.raises(SyncRefused) as refused:
        sync(other)

    assert refused.value.mend.startswith(f"Let the role {role} trust the workers' own credentials")


def test_credentials_of_another_account_are_refused(account: Account) -> None:
    account.account_id = "111122223333"
    account.save()

    with pytest.raises(SyncRefused, match=f"lead to account {ACCOUNT_ID}, not to 111122223333"):
        sync(account)

    assert not HostedZone.objects.exists()


def test_the_report_for_people_and_for_programs() -> None:
    report = SyncReport(
        account="demo",
        new_regions=("eu-central-1",),
        gone_regions=("eu-atlantis-1",),
        not_opted_in=("af-south-1",),
        new_zones=("euc1-az1", "euc1-az2"),
        gone_zones=("euc1-az9",),
        new_hosted_zones=("example.test",),
        gone_hosted_zones=("sold.test",),
        unanswered=("me-south-1",),
        uncatalogued=("xx-moon-1",),
    )

    assert report.lines() == [
        "new regions: eu-central-1",
        "regions gone: eu-atlantis-1",
        "not opted in: af-south-1",
        "new zones: euc1-az1, euc1-az2",
        "zones gone: euc1-az9",
        "new hosted zones: example.test",
        "hosted zones gone: sold.test",
        "no answer, their zones are as they were: me-south-1",
        "not in our catalogue, skipped: a newer release may know them: xx-moon-1",
    ]
    assert report.as_json() == {
        "account": "demo",
        "new_regions": ["eu-central-1"],
        "gone_regions": ["eu-atlantis-1"],
        "not_opted_in": ["af-south-1"],
        "new_zones": ["euc1-az1", "euc1-az2"],
        "gone_zones": ["euc1-az9"],
        "new_hosted_zones": ["example.test"],
        "gone_hosted_zones": ["sold.test"],
        "unanswered": ["me-south-1"],
        "uncatalogued": ["xx-moon-1"],
    }


def rows() -> list[list[Any]]:
    return [list(model._default_manager.order_by("pk").values()) for model in (Region, AccountRegion, Zone, HostedZone)]
