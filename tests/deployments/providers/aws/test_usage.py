"""What AWS tells of quotas: each reading against the local cloud, with nothing allowed but what is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from deployments.plan.model import GLOBAL, KNOWN_AFTER_APPLY
from deployments.plan.quota import Ask, Reading
from deployments.providers.aws import usage
from deployments.providers.aws.provider import discover
from regions.catalogue import Quota, quotas
from tests.deployments.providers.aws.cases import bucket, collection
from tests.deployments.providers.aws.stage import ABROAD, HOME, Stage
from tests.localcloud.service import control

CHECKS = Ask("route53", "health_checks_per_account", GLOBAL)
TABLES = Ask("dynamodb", "tables_per_region", HOME)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    usage.forget()
    yield
    usage.forget()


def allow(stage: Stage, **limits: int) -> None:
    control(stage.cloud, "quotas", {"account": stage.account, **limits}, method="PATCH")


def read(stage: Stage, *asks: Ask) -> dict[Ask, Reading]:
    return dict(stage.provider.usage(asks))


def make_table(stage: Stage, name: str) -> None:
    stage.root("dynamodb", HOME).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
    )


def asked(stage: Stage, *actions: str) -> list[tuple[str, str]]:
    """(action, region) of the calls that bear one of these names."""
    return sorted((call["action"], call["region"]) for call in stage.calls() if call["action"] in actions)


def test_health_checks_of_the_account(stage: Stage) -> None:
    stage.make(stage.target("route53_health_check", "home", CHECK, scope=GLOBAL))
    allow(stage, health_checks=300)
    assert read(stage, CHECKS) == {CHECKS: Reading(used=1, limit=300)}


CHECK: dict[str, Any] = {
    "fqdn": "a.example.test",
    "port": 443,
    "type": "HTTPS",
    "path": "/",
    "interval_s": 30,
    "failure_threshold": 3,
    "inverted": False,
    "tags": {},
}


def test_records_of_a_zone(stage: Stage) -> None:
    """The zone's own two count."""
    ask = Ask("route53", "records_per_zone", GLOBAL, stage.zone())
    assert read(stage, ask) == {ask: Reading(used=2, limit=10_000)}


def test_what_a_region_holds_of_api_gateway(stage: Stage) -> None:
    api = stage.api().outputs["id"]
    domains, apis = Ask("apigateway", "domains_per_region", HOME), Ask("apigateway", "apis_per_region", HOME)
    routes, integrations = (Ask("apigateway", name, HOME, api) for name in ("routes_per_api", "integrations_per_api"))
    assert read(stage, domains, apis, routes, integrations) == {
        domains: Reading(used=0),
        apis: Reading(used=1),
        routes: Reading(used=0),
        integrations: Reading(used=0),
    }


def test_both_of_lambda_by_one_call_in_each_region(stage: Stage) -> None:
    names = ("reserved_concurrency_per_region", "code_bytes_per_region")
    here, there = ([Ask("lambda", name, region) for name in names] for region in (HOME, ABROAD))
    found = read(stage, *here, *there)
    assert [found[ask] for ask in (*here, *there)] == [Reading(0, 1000), Reading(0, 75 * 2**30)] * 2
    assert asked(stage, "GetAccountSettings") == [("GetAccountSettings", HOME), ("GetAccountSettings", ABROAD)]


def test_certificates_roles_and_tables(stage: Stage) -> None:
    certificates, roles = Ask("acm", "certificates_per_region", HOME), Ask("iam", "roles_per_account", HOME)
    assert read(stage, certificates, roles, TABLES) == {
        certificates: Reading(used=0),
        roles: Reading(used=1, limit=1000),  # the provider's own
        TABLES: Reading(used=0),
    }


def test_buckets_and_collections_of_the_account(stage: Stage) -> None:
    buckets, collections = (
        Ask("s3", "buckets_per_account", HOME),
        Ask("route53", "cidr_collections_per_account", GLOBAL),
    )
    stage.make(bucket(stage))
    stage.make(collection(stage))
    assert read(stage, buckets, collections) == {buckets: Reading(used=1), collections: Reading(used=1)}


def test_more_than_a_page_is_counted(stage: Stage) -> None:
    for number in range(101):
        make_table(stage, f"table-{number}")
    assert read(stage, TABLES)[TABLES].used == 101
    assert len(asked(stage, "ListTables")) == 2


def test_what_nobody_can_count_is_not_asked_for(stage: Stage) -> None:
    """Nor what does not exist yet."""
    groups = Ask("logs", "log_groups_per_region", HOME)
    routes = Ask("apigateway", "routes_per_api", HOME, KNOWN_AFTER_APPLY)
    assert read(stage, groups, routes) == {
        groups: Reading(why="AWS has no call that counts them"),
        routes: Reading(used=0),
    }
    assert asked(stage, "DescribeLogGroups", "GetRoutes") == []


def test_what_may_not_be_read_says_so_with_the_mend(stage: Stage) -> None:
    """A role made before the preflight was: nothing of it is allowed."""
    stage.allow("route53_health_check")
    found = read(stage, CHECKS, TABLES)
    assert {(reading.used, reading.limit) for reading in found.values()} == {(None, None)}
    assert found[CHECKS].why.startswith("AccessDenied")
    assert "Allow route53:GetAccountLimit for the role" in found[CHECKS].why
    assert "dynamodb:ListTables" in found[TABLES].why


NEARLY = Quota("dynamodb", "tables_per_region", "DynamoDB tables", 1, 0, "L-F98FE922", 1, "", "2026-11", "https://x")


@pytest.fixture
def nearly(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """One table stands where one is the default."""
    monkeypatch.setattr(Ask, "quota", property(lambda ask: NEARLY))
    make_table(stage, "one")
    return stage


def test_what_was_granted_beyond_the_default_is_read_once_that_is_nearly_used_up(nearly: Stage) -> None:
    allow(nearly, tables=5000)
    assert read(nearly, TABLES) == {TABLES: Reading(used=1, limit=5000)}


def test_where_only_the_limit_may_not_be_read_the_use_still_is(nearly: Stage) -> None:
    denied = {"do": "error", "service": "servicequotas", "code": "AccessDeniedException", "status": 400}
    nearly.fault(**denied, times=1)
    found = read(nearly, TABLES)[TABLES]
    assert (found.used, found.limit) == (1, None)
    assert found.why.startswith("AccessDeniedException")


def test_what_does_not_answer_says_so(stage: Stage) -> None:
    stage.fault(do="error", service="route53", action="GetAccountLimit", code="ServiceUnavailable", status=503, times=9)
    assert read(stage, CHECKS)[CHECKS].why.startswith("ServiceUnavailable")


def test_a_reading_is_remembered_for_a_minute(stage: Stage) -> None:
    """A plan is shown, and a moment later signed; after a minute the world may have moved."""
    now = 1000.0
    world = stage.provider._world

    def used() -> int | None:
        return usage.read(world, [CHECKS], clock_s=lambda: now)[CHECKS].used

    assert used() == 0
    stage.make(stage.target("route53_health_check", "home", CHECK, scope=GLOBAL))
    assert used() == 0
    now += usage.REMEMBERED_S
    assert used() == 1
    assert len(asked(stage, "GetAccountLimit")) == 2


def test_what_could_not_be_read_is_asked_for_again(stage: Stage) -> None:
    stage.fault(do="error", service="route53", action="GetAccountLimit", code="Throttling", status=400, times=1)
    assert read(stage, CHECKS)[CHECKS].used is None
    assert read(stage, CHECKS)[CHECKS].used == 0


def test_every_quota_that_a_kind_uses_is_in_the_catalogue() -> None:
    uses = {(use.service, use.name) for kind in discover().values() for use in kind.demand.uses}
    assert uses <= quotas().keys()
    assert usage._CALLS.keys() <= uses


def test_nothing_to_ask_asks_nothing(stage: Stage) -> None:
    assert read(stage) == {}
