"""The preflight of whole plans, with a world in a dict."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from deployments.desired import desired
from deployments.manifest import Manifest, parse
from deployments.models import Artifact, Resource, Stack
from deployments.plan.demand import Demand
from deployments.plan.model import Action, Change, Plan, Ref
from deployments.plan.preflight import Preflight
from deployments.plan.quota import Ask, Reading
from deployments.preflight import preflight, reading_ahead
from deployments.preview import candidate, preview
from deployments.providers.aws.provider import discover
from deployments.providers.memory import Memory
from regions import catalogue
from tests import builders
from tests.deployments.worlds import ZONE, approve, stack_of

pytestmark = pytest.mark.django_db

CHECKS = ("route53", "health_checks_per_account")


def manifest(*regions: str, **more: Any) -> Manifest:
    document = {**builders.manifest("kv"), "account": "demo", "regions": list(regions), **more}
    return parse(document, known_regions=catalogue.regions(), accounts=["demo"])


def planned(wanted: Manifest | None, world: Memory, stack: Stack | None = None) -> Preflight:
    """The preflight of what deploying `wanted` would do now."""
    account = stack_of("kv").account
    released = candidate(wanted, account.account_id, ZONE) if wanted else None
    view = preview(stack, released, provider=world)
    return preflight(account, released, view.plan, world)


def test_a_first_deploy_is_told_whole() -> None:
    """Two regions: four checks and four of switches beneath, two certificates, what takes time, and the cost of all."""
    world = Memory(readings={CHECKS: Reading(used=5, limit=200)})
    told = planned(manifest("us-west-2", "eu-central-1"), world)
    assert {(use.name, use.region): (use.used, use.adds, use.limit) for use in told.quotas} == {
        ("health_checks_per_account", "global"): (5, 8, 200),
        ("certificates_per_region", "us-west-2"): (None, 1, 2500),
        ("certificates_per_region", "eu-central-1"): (None, 1, 2500),
        ("tables_per_region", "us-west-2"): (None, 1, 2500),
        ("tables_per_region", "eu-central-1"): (None, 1, 2500),
    }
    assert told.warnings == ()
    assert {wait.what: wait.seconds for wait in told.waits} == {"2 × certificate": 180.0, "2 × replica": 195.0}
    assert told.about_s > 195
    checks = next(line for line in told.costs if line.what == "health check of an AWS endpoint")
    assert (checks.quantity, checks.monthly_usd) == (Decimal(8), Decimal("4.00"))
    assert told.depends_on_data


def test_a_plan_that_would_exceed_a_quota_says_so_and_is_still_a_plan() -> None:
    world = Memory(readings={CHECKS: Reading(used=199, limit=200)})
    told = planned(manifest("us-west-2", "eu-central-1"), world)
    (warning,) = told.warnings
    assert warning.startswith("health checks in the account: 199 are used, this plan adds 8, AWS allows 200.")
    assert told.lines()[0] == f"! {warning}"


def test_a_plan_without_changes_adds_nothing() -> None:
    assert planned(None, Memory()) == Preflight()


def test_leaving_a_region_takes_off_its_cost_and_drains() -> None:
    """What the inventory holds of the leaving region is what it costs and how long it drains."""
    approve(stack_of("kv"), builders.manifest("kv", account="demo"))
    stack = stack_of("kv")
    Resource.objects.create(
        stack=stack,
        kind="route53_health_check",
        scope="global",
        name="eu-central-1 x",
        state="live",
        params={"type": "HTTPS", "interval_s": 10, "path": "/"},
        context={"region": "eu-central-1"},
    )
    record = Resource.objects.create(
        stack=stack, kind="route53_record", scope="global", name="kv A eu-central-1", state="live", drain_s=360
    )
    plan = Plan(
        (
            Change(Ref("kv", "route53_health_check", "global", "eu-central-1 x"), Action.DELETE, ""),
            Change(record.ref, Action.DELETE, ""),
        )
    )
    wanted = candidate(manifest("us-west-2"), "000000000000", ZONE)
    told = preflight(stack.account, wanted, plan, Memory())
    assert told.quotas == ()
    checks = next(line for line in told.costs if line.what == "health check of an AWS endpoint")
    assert (checks.quantity, told.monthly_usd < 0) == (Decimal(-1), True)
    assert [(wait.what, wait.seconds) for wait in told.waits] == [("users to leave what is removed", 360.0)]


def test_a_plan_reads_few_rows(django_assert_max_num_queries: Any) -> None:
    """The stack, its inventory and its foundation's, the sizes of artifacts: as many for one region as for three."""
    account = stack_of("kv").account
    for regions in (("us-west-2",), ("us-west-2", "eu-central-1", "ap-southeast-1")):
        released = candidate(manifest(*regions), account.account_id, ZONE)
        view = preview(None, released, provider=Memory())
        with django_assert_max_num_queries(4):
            preflight(account, released, view.plan, Memory())


class Asked(Memory):
    """A world that notes what it was asked for, with the demands of AWS."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[Ask, int] = {}

    def demand(self, kind: str) -> Demand:
        return discover()[kind].demand

    def usage(self, asks: Mapping[Ask, int]) -> dict[Ask, Reading]:  # type: ignore[override]  # what it adds, too
        self.asked.update(asks)
        return {}


def test_code_counts_by_the_size_of_its_artifact() -> None:
    """The zip as it was uploaded, once for each region."""
    builders.account()
    draft = builders.service(builders.table_only("kv"))
    Artifact.objects.create(service=draft, sha256=builders.SHA256, file="x.zip", size_bytes=1234)
    released = candidate(manifest("us-west-2", "eu-central-1"), draft.account.account_id, ZONE)
    world = Asked()
    preflight(draft.account, released, preview(None, released, provider=Memory()).plan, world)
    code = {ask.region: size for ask, size in world.asked.items() if ask.name == "code_bytes_per_region"}
    assert code == {"us-west-2": 1234, "eu-central-1": 1234}


def test_what_a_first_plan_adds_to_is_read_while_it_is_being_made() -> None:
    """All that the preflight asks for then is known: the same quotas of the same places."""
    account = stack_of("kv").account
    released = candidate(manifest("us-west-2", "eu-central-1"), account.account_id, ZONE)
    ahead, then = Asked(), Asked()
    with reading_ahead(account, released, ahead):
        view = preview(None, released, provider=Memory())
    preflight(account, released, view.plan, then)
    assert ahead.asked == then.asked
    assert Ask("route53", "records_per_zone", "global", ZONE) in ahead.asked


def test_nothing_is_read_ahead_where_nothing_is_new() -> None:
    stack = stack_of("kv")
    released = candidate(manifest("us-west-2"), stack.account.account_id, ZONE)
    for spec in desired(released):
        Resource.objects.create(stack=stack, kind=spec.ref.kind, scope=spec.ref.scope, name=spec.ref.name, state="live")
    world = Asked()
    with reading_ahead(stack.account, released, world):
        pass
    with reading_ahead(stack.account, None, world):  # destroying
        pass
    assert world.asked == {}


def test_what_fails_while_reading_ahead_fails_as_it_is() -> None:
    """The reader is waited for, and the plan's own error comes through."""
    account = stack_of("kv").account
    released = candidate(manifest("us-west-2"), account.account_id, ZONE)
    world = Asked()
    with pytest.raises(KeyError, match="plan"), reading_ahead(account, released, world):
        raise KeyError("plan")
    assert world.asked
