"""How much of AWS's quotas an account uses and may use: one reading for each call that tells, side by side in threads.

The preflight of a plan asks, only for what the plan adds to. Reads only, and never raises: a quota that can't be read
says why not. What was read is remembered for a minute in this process: a plan is often asked for twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from deployments.plan.model import GLOBAL
from deployments.plan.quota import UNCOUNTED, Ask, Reading, is_new
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import World, pages
from regions.aws import Access
from regions.aws_errors import AwsError
from regions.catalogue import quotas

GRANTS = (
    grant(
        "route53:GetAccountLimit",
        "lambda:GetAccountSettings",
        "acm:ListCertificates",
        "iam:GetAccountSummary",
        "dynamodb:ListTables",
        "servicequotas:GetServiceQuota",
        "s3:ListAllMyBuckets",
        "route53:ListCidrCollections",
    ),
    grant("route53:GetHostedZoneLimit", on="arn:aws:route53:::hostedzone/{zone}"),
    grant(
        "apigateway:GET",
        on=tuple(
            f"arn:aws:apigateway:*::/{path}" for path in ("domainnames", "apis", "apis/*/routes", "apis/*/integrations")
        ),
    ),
)
IAM_ACTIONS: frozenset[str] = frozenset().union(*(each.actions for each in GRANTS))

THREADS = 32
REMEMBERED_S = 60.0
A_PAGE = 1_000


@dataclass(frozen=True)
class Place:
    """Where a call looks: a region, and an API or a zone there ("" for none)."""

    region: str
    of: str = ""


Told = Mapping[tuple[str, str], Reading]
"""What one call tells, by (service, name) of the quota."""

Call = Callable[[World, Place], Told]

_remembered: dict[tuple[Access, Ask], tuple[float, Reading]] = {}


def read(world: World, asks: Collection[Ask], clock_s: Callable[[], float] = time.monotonic) -> Mapping[Ask, Reading]:
    """A reading for each ask; one call of AWS for all that it tells of one place. What an account was granted beyond
    the default is asked for only where the default is nearly used up."""
    now_s = clock_s()
    found = {ask: reading for ask in asks if (reading := _known(world.access, ask, now_s)) is not None}
    fresh = [ask for ask in asks if ask not in found]
    found |= _told(world, {ask: _CALLS[ask.service, ask.name] for ask in fresh})
    near = {ask: _RAISED[ask.service, ask.name] for ask in fresh if _is_near(ask, found[ask])}
    for ask, raised in _told(world, near).items():
        found[ask] = replace(found[ask], limit=raised.limit, why=raised.why)
    _remember(world.access, found, now_s)
    return found


def forget() -> None:
    """From now on all is read anew."""
    _remembered.clear()


def _known(access: Access, ask: Ask, now_s: float) -> Reading | None:
    """What needs no call."""
    if is_new(ask):
        return Reading(used=0)
    if (ask.service, ask.name) not in _CALLS:
        return Reading(why=UNCOUNTED)
    read_at_s, reading = _remembered.get((access, ask), (now_s - REMEMBERED_S, Reading()))
    return reading if now_s - read_at_s < REMEMBERED_S else None


def _is_near(ask: Ask, reading: Reading) -> bool:
    raisable = (ask.service, ask.name) in _RAISED and reading.limit is None
    return raisable and reading.used is not None and reading.used > ask.quota.value / 2


def _told(world: World, calls: Mapping[Ask, Call]) -> dict[Ask, Reading]:
    """What the calls tell, each made once for a place, in threads."""
    asked: dict[tuple[Call, Place], list[Ask]] = {}
    for ask, call in calls.items():
        asked.setdefault((call, Place(ask.region, ask.of)), []).append(ask)
    found: dict[Ask, Reading] = {}
    if asked:
        with ThreadPoolExecutor(min(THREADS, len(asked)), thread_name_prefix="usage") as threads:
            for told in threads.map(lambda item: _answer(world, *item), asked.items()):
                found |= told
    return found


def _answer(world: World, what: tuple[Call, Place], asked: list[Ask]) -> dict[Ask, Reading]:
    call, place = what
    try:
        told = call(world, place)
    except AwsError as error:
        return dict.fromkeys(asked, Reading(why=f"{error.code}: {error.message}. {error.mend}"))
    return {ask: told[ask.service, ask.name] for ask in asked}


def _remember(access: Access, readings: Mapping[Ask, Reading], now_s: float) -> None:
    """What was read whole; the rest is tried again next time."""
    for key in [key for key, (at_s, _) in list(_remembered.items()) if now_s - at_s >= REMEMBERED_S]:
        _remembered.pop(key, None)
    for ask, reading in readings.items():
        if reading.used is not None and not reading.why and not is_new(ask):
            _remembered.setdefault((access, ask), (now_s, reading))


# -- the calls


def _health_checks(world: World, place: Place) -> Told:
    answer = world.client("route53", GLOBAL).get_account_limit(Type="MAX_HEALTH_CHECKS_BY_OWNER")
    return {("route53", "health_checks_per_account"): _route53(answer)}


def _records(world: World, place: Place) -> Told:
    answer = world.client("route53", GLOBAL).get_hosted_zone_limit(Type="MAX_RRSETS_BY_ZONE", HostedZoneId=place.of)
    return {("route53", "records_per_zone"): _route53(answer)}


def _route53(answer: Mapping[str, Any]) -> Reading:
    return Reading(used=int(answer["Count"]), limit=int(answer["Limit"]["Value"]))


def _lambda(world: World, place: Place) -> Told:
    settings = world.client("lambda", place.region).get_account_settings()
    limit, used = settings["AccountLimit"], settings["AccountUsage"]
    concurrency = int(limit["ConcurrentExecutions"])
    reserved = concurrency - int(limit["UnreservedConcurrentExecutions"])
    return {
        ("lambda", "reserved_concurrency_per_region"): Reading(used=reserved, limit=concurrency),
        ("lambda", "code_bytes_per_region"): Reading(int(used["TotalCodeSize"]), int(limit["TotalCodeSize"])),
    }


def _roles(world: World, place: Place) -> Told:
    summary = world.client("iam", GLOBAL).get_account_summary()["SummaryMap"]
    return {("iam", "roles_per_account"): Reading(int(summary["Roles"]), int(summary["RolesQuota"]))}


@dataclass(frozen=True)
class Listed:
    """How many there are: by a list call, page by page. `parent`: the parameter that takes the API's id; `most`: the
    one that takes a number, where AWS wants to be asked in pages."""

    service: str
    name: str
    client: str
    method: str
    items: str
    asks: str = "NextToken"
    tells: str = ""
    parent: str = ""
    most: str = ""

    def __call__(self, world: World, place: Place) -> Told:
        call = getattr(world.client(self.client, place.region), self.method)
        params: dict[str, Any] = {self.parent: place.of} if self.parent else {}
        if self.most:
            params[self.most] = A_PAGE
        found = pages(call, self.items, asks=self.asks, tells=self.tells, **params)
        return {(self.service, self.name): Reading(used=sum(1 for _ in found))}


@dataclass(frozen=True)
class Raised:
    """What an account may use, with all that it has asked for: Service Quotas."""

    service: str
    name: str

    def __call__(self, world: World, place: Place) -> Told:
        quota = quotas()[self.service, self.name]
        service_quotas = world.client("service-quotas", quota.home or place.region)
        told = service_quotas.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)["Quota"]
        return {(self.service, self.name): Reading(limit=int(told["Value"]) * quota.code_unit)}


_COUNTS = (
    Listed("apigateway", "domains_per_region", "apigatewayv2", "get_domain_names", "Items"),
    Listed("apigateway", "apis_per_region", "apigatewayv2", "get_apis", "Items"),
    Listed("apigateway", "routes_per_api", "apigatewayv2", "get_routes", "Items", parent="ApiId"),
    Listed("apigateway", "integrations_per_api", "apigatewayv2", "get_integrations", "Items", parent="ApiId"),
    Listed("acm", "certificates_per_region", "acm", "list_certificates", "CertificateSummaryList"),
    Listed("route53", "cidr_collections_per_account", "route53", "list_cidr_collections", "CidrCollections"),
    Listed("s3", "buckets_per_account", "s3", "list_buckets", "Buckets", asks="ContinuationToken", most="MaxBuckets"),
    Listed(
        "dynamodb",
        "tables_per_region",
        "dynamodb",
        "list_tables",
        "TableNames",
        asks="ExclusiveStartTableName",
        tells="LastEvaluatedTableName",
    ),
)
_CALLS: Mapping[tuple[str, str], Call] = {
    ("route53", "health_checks_per_account"): _health_checks,
    ("route53", "records_per_zone"): _records,
    ("lambda", "reserved_concurrency_per_region"): _lambda,
    ("lambda", "code_bytes_per_region"): _lambda,
    ("iam", "roles_per_account"): _roles,
    **{(count.service, count.name): count for count in _COUNTS},
}

_RAISED: Mapping[tuple[str, str], Call] = {
    key: Raised(*key)
    for key in (
        ("apigateway", "domains_per_region"),
        ("acm", "certificates_per_region"),
        ("dynamodb", "tables_per_region"),
        ("s3", "buckets_per_account"),
    )
}
