"""Sync: what AWS says an account may use (regions, availability zones, hosted zones), brought into our rows.

    read everything → write it in one transaction → report

One door for the admin action, the API and the command. Reads AWS only; a row that AWS no longer lists is marked gone,
never deleted, so what refers to it still stands. A second sync changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from regions import aws, catalogue
from regions.aws import Access
from regions.aws_errors import AwsError, Verdict
from regions.models import Account, AccountRegion, HostedZone, OptIn, Region, Zone

USABLE = frozenset({OptIn.DEFAULT, OptIn.OPTED_IN})
READERS = 16


class SyncRefused(Exception):
    """The account could not be read, and nothing of it was changed. The message says why, `mend` what to do."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message}. {self.mend}"


@dataclass(frozen=True)
class Seen:
    """An account as AWS tells it. `zones`: ids by region, of the regions that answered; `hosted_zones`: name by id."""

    opt_in: Mapping[str, OptIn]
    zones: Mapping[str, tuple[str, ...]]
    unanswered: tuple[str, ...]
    hosted_zones: Mapping[str, str]


@dataclass(frozen=True)
class SyncReport:
    """What a sync found: regions by code, zones by id, hosted zones by name.

    `unanswered`: regions that did not tell their zones, which stay as they were.
    `uncatalogued`: regions that AWS lists and our catalogue does not know; they are skipped.
    """

    account: str
    new_regions: tuple[str, ...] = ()
    gone_regions: tuple[str, ...] = ()
    not_opted_in: tuple[str, ...] = ()
    new_zones: tuple[str, ...] = ()
    gone_zones: tuple[str, ...] = ()
    new_hosted_zones: tuple[str, ...] = ()
    gone_hosted_zones: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    uncatalogued: tuple[str, ...] = ()

    @property
    def new(self) -> tuple[str, ...]:
        """Everything that was not known before."""
        return self.new_regions + self.new_zones + self.new_hosted_zones

    @property
    def gone(self) -> tuple[str, ...]:
        """Everything that AWS lists no more."""
        return self.gone_regions + self.gone_zones + self.gone_hosted_zones

    def lines(self) -> list[str]:
        """For people: one line for each thing there is to say, at least one."""
        said = [
            f"{title}: {', '.join(names)}"
            for title, names in (
                ("new regions", self.new_regions),
                ("regions gone", self.gone_regions),
                ("not opted in", self.not_opted_in),
                ("new zones", self.new_zones),
                ("zones gone", self.gone_zones),
                ("new hosted zones", self.new_hosted_zones),
                ("hosted zones gone", self.gone_hosted_zones),
                ("no answer, their zones are as they were", self.unanswered),
                ("not in our catalogue, skipped: a newer release may know them", self.uncatalogued),
            )
            if names
        ]
        return said if self.new or self.gone else ["nothing new, nothing gone", *said]

    def as_json(self) -> dict[str, str | list[str]]:
        """For programs: every field by its name."""
        return {
            "account": self.account,
            "new_regions": list(self.new_regions),
            "gone_regions": list(self.gone_regions),
            "not_opted_in": list(self.not_opted_in),
            "new_zones": list(self.new_zones),
            "gone_zones": list(self.gone_zones),
            "new_hosted_zones": list(self.new_hosted_zones),
            "gone_hosted_zones": list(self.gone_hosted_zones),
            "unanswered": list(self.unanswered),
            "uncatalogued": list(self.uncatalogued),
        }


def sync(account: Account) -> SyncReport:
    """Bring an account's regions, zones and hosted zones up to date. Raises SyncRefused, with nothing changed."""
    try:
        seen = read(access_of(account))
    except AwsError as error:
        raise SyncRefused(f"{error.action}: {error.code}: {error.message}", error.mend) from error
    return _write(account, seen, timezone.now())


def access_of(account: Account) -> Access:
    """The values that the AWS door needs of an account."""
    return Access(
        account_id=account.account_id,
        role_arn=account.role_arn,
        external_id=account.external_id,
        endpoint_url=account.endpoint_url,
        obey_api_rates=account.obey_api_rates,
    )


def read(access: Access) -> Seen:
    """Everything that a sync asks AWS. Raises AwsError, but not for a region that fails: that one is told apart."""
    asked_in, opt_in = _regions(access)
    _is_the_account_meant(access, asked_in)
    with ThreadPoolExecutor(READERS, thread_name_prefix="sync") as readers:
        hosted_zones = readers.submit(_hosted_zones, access)
        usable = [code for code, status in opt_in.items() if status in USABLE and code in catalogue.regions()]
        answers = dict(zip(usable, readers.map(lambda code: _zones(access, code), usable), strict=True))
    return Seen(
        opt_in=opt_in,
        zones={code: zone_ids for code, zone_ids in answers.items() if zone_ids is not None},
        unanswered=tuple(code for code, zone_ids in answers.items() if zone_ids is None),
        hosted_zones=hosted_zones.result(),
    )


def _regions(access: Access) -> tuple[str, dict[str, OptIn]]:
    """Every region with its opt-in status, from the first of several that answers; and which that was."""
    for last, asked_in in ((code == aws.STS_REGIONS[-1], code) for code in aws.STS_REGIONS):
        try:
            listed = aws.client(access, "ec2", asked_in).describe_regions(AllRegions=True)["Regions"]
        except AwsError as error:
            if last or error.verdict is not Verdict.TRANSIENT:
                raise
            continue
        return asked_in, {each["RegionName"]: _opt_in(each.get("OptInStatus", "")) for each in listed}
    raise AssertionError("the last region raises or returns")


def _opt_in(told: str) -> OptIn:
    return OptIn(told) if told in OptIn.values else OptIn.UNKNOWN


def _is_the_account_meant(access: Access, asked_in: str) -> None:
    """Credentials of another account would fill this one with foreign zones, and services would follow."""
    reached = aws.caller_account(access, asked_in)
    if reached != access.account_id:
        raise SyncRefused(
            f"the credentials lead to account {reached}, not to {access.account_id}",
            "Correct the account id, or give the account the role to assume there.",
        )


def _zones(access: Access, code: str) -> tuple[str, ...] | None:
    """Ids of a region's availability zones (no local zones, no wavelength zones); None where no answer came."""
    try:
        listed = aws.client(access, "ec2", code).describe_availability_zones()["AvailabilityZones"]
    except AwsError:
        return None
    return tuple(sorted(zone["ZoneId"] for zone in listed if zone.get("ZoneType") == "availability-zone"))


def _hosted_zones(access: Access) -> dict[str, str]:
    """Names of the public hosted zones by id, from all pages."""
    route53 = aws.client(access, "route53", aws.HOME_OF_GLOBAL_SERVICES)
    found: dict[str, str] = {}
    params: dict[str, str] = {}
    while True:
        page = route53.list_hosted_zones(**params)
        for zone in page["HostedZones"]:
            if not zone.get("Config", {}).get("PrivateZone"):
                found[zone["Id"].removeprefix("/hostedzone/")] = zone["Name"].rstrip(".").lower()
        if not page.get("IsTruncated"):
            return found
        params = {"Marker": page["NextMarker"]}


@transaction.atomic
def _write(account: Account, seen: Seen, now: datetime) -> SyncReport:
    known = catalogue.regions()
    listed = {code: opt_in for code, opt_in in seen.opt_in.items() if code in known}
    new_regions, gone_regions = _write_regions(account, listed, now)
    new_zones, gone_zones = _write_zones(seen.zones, now)
    new_hosted, gone_hosted = _write_hosted_zones(account, seen.hosted_zones, now)
    account.synced_at = now
    account.save(update_fields=["synced_at"])
    return SyncReport(
        account=account.name,
        new_regions=new_regions,
        gone_regions=gone_regions,
        not_opted_in=tuple(sorted(code for code, opt_in in listed.items() if opt_in not in USABLE)),
        new_zones=new_zones,
        gone_zones=gone_zones,
        new_hosted_zones=new_hosted,
        gone_hosted_zones=gone_hosted,
        unanswered=tuple(sorted(seen.unanswered)),
        uncatalogued=tuple(sorted(set(seen.opt_in) - set(known))),
    )


def _write_regions(account: Account, listed: Mapping[str, OptIn], now: datetime) -> tuple[tuple[str, ...], ...]:
    """New and gone ones. A region that is new to us is enabled where the account may use it; later, people decide."""
    Region.objects.bulk_create(
        [Region(code=code, enabled=opt_in in USABLE) for code, opt_in in listed.items()], ignore_conflicts=True
    )
    regions = {region.code: region for region in Region.objects.filter(code__in=listed)}
    rows = {row.region.code: row for row in account.account_regions.select_related("region").select_for_update()}
    new = [code for code in listed if code not in rows or rows[code].gone_at is not None]
    gone = [code for code, row in rows.items() if code not in listed and row.gone_at is None]
    for code, opt_in in listed.items():
        row = rows.get(code) or AccountRegion(account=account, region=regions[code])
        if row.pk is None or (row.opt_in, row.gone_at) != (opt_in, None):
            row.opt_in, row.gone_at = opt_in, None
            row.save()
    for code in gone:
        rows[code].gone_at = now
        rows[code].save(update_fields=["gone_at"])
    return tuple(sorted(new)), tuple(sorted(gone))


def _write_zones(zones: Mapping[str, tuple[str, ...]], now: datetime) -> tuple[tuple[str, ...], ...]:
    """New and gone ones of the regions that answered.

    Accounts differ in the zones that they see, so one that the catalogue knows is never gone just because this
    account does not see it.
    """
    rows = {row.zone_id: row for row in Zone.objects.filter(region__code__in=zones).select_related("region")}
    regions = {region.code: region for region in Region.objects.filter(code__in=zones)}
    new: list[str] = []
    gone: list[str] = []
    for code, zone_ids in zones.items():
        for zone_id in zone_ids:
            if zone_id not in rows:
                Zone.objects.create(region=regions[code], zone_id=zone_id)
                new.append(zone_id)
            elif rows[zone_id].gone_at is not None:
                Zone.objects.filter(zone_id=zone_id).update(gone_at=None)
                new.append(zone_id)
        exist = {*zone_ids, *catalogue.regions()[code].zone_ids}
        gone += [
            zone_id
            for zone_id, row in rows.items()
            if row.region.code == code and zone_id not in exist and row.gone_at is None
        ]
    Zone.objects.filter(zone_id__in=gone).update(gone_at=now)
    return tuple(sorted(new)), tuple(sorted(gone))


def _write_hosted_zones(account: Account, listed: Mapping[str, str], now: datetime) -> tuple[tuple[str, ...], ...]:
    """New and gone ones, by name."""
    rows = {row.zone_id: row for row in account.hosted_zones.select_for_update()}
    new = [zone_id for zone_id in listed if zone_id not in rows or rows[zone_id].gone_at is not None]
    for zone_id in new:
        HostedZone.objects.update_or_create(
            zone_id=zone_id, defaults={"account": account, "name": listed[zone_id], "gone_at": None}
        )
    gone = [row for zone_id, row in rows.items() if zone_id not in listed and row.gone_at is None]
    HostedZone.objects.filter(pk__in=[row.pk for row in gone]).update(gone_at=now)
    return tuple(sorted(listed[zone_id] for zone_id in new)), tuple(sorted(row.name for row in gone))
