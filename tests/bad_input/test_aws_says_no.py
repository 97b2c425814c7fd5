"""AWS says no to all of it: a plan, a sync and an operation each tell why and what to do; no worker is hurt."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from rest_framework.test import APIClient

from deployments.models import Operation, Stack
from localcloud.process import Running, start_localcloud
from regions.models import Account
from tests import builders
from tests.deployments.worlds import Clock, look
from tests.localcloud.service import control

pytestmark = pytest.mark.django_db
ACCOUNT = "000000004711"
AMBIENT = "000000000000"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start_localcloud(tmp_path_factory.mktemp("localcloud")) as running:
        yield running


@pytest.fixture
def operator(cloud: Running) -> APIClient:
    builders.account(account_id=ACCOUNT)
    Account.objects.update(endpoint_url=cloud["url"], obey_api_rates=False)
    builders.service(builders.table_only("ledger"))
    return builders.client_of(builders.administrator())


def enters_by(role: str) -> None:
    Account.objects.update(role_arn=f"arn:aws:iam::{ACCOUNT}:role/{role}")


def a_role_that_may_do_nothing(cloud: Running) -> None:
    iam = boto3.client(
        "iam",
        endpoint_url=cloud["url"],
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    name = f"idle-{uuid.uuid4()}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    enters_by(name)


def a_role_that_is_not_there(cloud: Running) -> None:
    enters_by("nobody")


def credentials_that_have_expired(cloud: Running) -> None:
    Account.objects.update(account_id=AMBIENT)
    rule = {"do": "error", "code": "ExpiredTokenException", "status": 400, "times": None, "account": AMBIENT}
    control(cloud, "faults", rule)


NOS = {
    # in each service's own words
    "a role that may do nothing": (a_role_that_may_do_nothing, "not authorized to perform"),
    "a role that is not there": (a_role_that_is_not_there, "sts:AssumeRole"),
    "credentials that have expired": (credentials_that_have_expired, "ExpiredToken"),
}


@pytest.fixture(params=NOS.values(), ids=NOS)
def no(request: pytest.FixtureRequest, cloud: Running, operator: APIClient) -> Iterator[str]:
    arrange, code = request.param
    arrange(cloud)
    yield code
    control(cloud, "faults", method="DELETE")


def test_the_plan_says_so(operator: APIClient, no: str) -> None:
    response = operator.post("/api/v1/services/ledger/plan/", {})

    told = json.dumps(response.json())
    assert response.status_code < 500
    assert no in told
    assert all(problem["mend"] for problem in response.json().get("problems", []))


def test_the_sync_says_so(operator: APIClient, no: str) -> None:
    response = operator.post("/api/v1/regions/sync/", {})

    (report,) = response.json()["accounts"]
    assert (response.status_code, bool(report["mend"])) == (200, True)
    assert no in report["error"]


def test_the_operation_says_so_and_can_be_retried(operator: APIClient, no: str, cloud: Running) -> None:
    deployed = operator.post("/api/v1/services/ledger/deploy/", {})
    clock = Clock()
    while Operation.objects.get().open:
        look_with_aws(clock)

    told = operator.get(f"/api/v1/operations/{deployed.json()['id']}/").json()
    assert (told["status"], bool(told["mend"])) == ("failed", True)
    assert no in told["error"]
    assert operator.post(f"/api/v1/operations/{told['id']}/retry/", {}).status_code == 202


def look_with_aws(clock: Clock) -> Any:
    from deployments.worlds import provider_for

    stack = Stack.objects.select_related("account").get()
    return look(stack, provider_for(stack), clock)  # type: ignore[arg-type]


def test_the_ambient_credentials_are_none(operator: APIClient, cloud: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    enters_by("antipode")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    response = operator.post("/api/v1/regions/sync/", {})

    (report,) = response.json()["accounts"]
    assert (response.status_code, bool(report["error"] and report["mend"])) == (200, True)
