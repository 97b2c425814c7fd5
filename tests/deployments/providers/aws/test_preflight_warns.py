"""What the preflight warns of, AWS refuses: told before anything is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from deployments.manifest import parse
from deployments.plan.model import Action
from deployments.preflight import preflight
from deployments.preview import candidate, preview
from deployments.providers.aws import usage
from deployments.providers.errors import Refused
from deployments.providers.protocol import Target
from regions import catalogue
from regions.models import Account
from tests import builders
from tests.deployments.providers.aws.stage import ABROAD, HOME, Stage
from tests.localcloud.service import control

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    usage.forget()
    yield
    usage.forget()


def test_a_check_too_many_is_warned_of_and_then_refused(stage: Stage) -> None:
    """Two regions need two checks each, and two for each switch; the account may have one."""
    control(stage.cloud, "quotas", {"account": stage.account, "health_checks": 1}, method="PATCH")
    account = Account.objects.create(name="demo", account_id=stage.account, endpoint_url=stage.cloud["url"])
    document = {**builders.manifest("keyvalue"), "account": "demo", "regions": [HOME, ABROAD]}
    manifest = parse(document, known_regions=catalogue.regions(), accounts=["demo"])
    wanted = candidate(manifest, stage.account, stage.zone())
    plan = preview(None, wanted, provider=stage.provider).plan

    told = preflight(account, wanted, plan, stage.provider)
    assert [warning.partition(". Ask")[0] for warning in told.warnings] == [
        "health checks in the account: 0 are used, this plan adds 8, AWS allows 1"
    ]
    assert "--quota-code L-ACB674F3 --desired-value 8 --region us-east-1" in told.warnings[0]

    checks = [change for change in plan.changes if change.ref.kind == "route53_health_check"]
    assert [change.action for change in checks] == [Action.CREATE, Action.CREATE]
    first, second = (Target(change.ref, change.params, token=f"token-{change.ref.name}") for change in checks)
    stage.make(first)
    with pytest.raises(Refused, match="MAX_HEALTH_CHECKS_BY_OWNER") as refused:
        stage.provider.create(second)
    assert refused.value.code == "TooManyHealthChecks"

    control(stage.cloud, "quotas", {"account": stage.account, "health_checks": 2}, method="PATCH")
    usage.forget()
    assert preflight(account, wanted, replace(plan, changes=(checks[1],)), stage.provider).warnings == ()
    stage.make(second)
