"""The door to AWS: shared clients, the account's role, and errors judged by their code."""

from __future__ import annotations

import itertools
import json
import os
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import redis

from localcloud.process import Running, start_localcloud
from regions import aws
from regions.aws import Access
from regions.aws_errors import AwsError, Verdict, judge
from regions.limiter import Limiter
from tests.localcloud.service import control

REGION = "eu-central-1"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with start_localcloud(tmp_path_factory.mktemp("localcloud")) as running:
        yield running


@pytest.fixture
def account() -> str:
    return f"{os.getpid() % 1_000_000:06d}{next(_numbers):06d}"


@pytest.fixture
def access(cloud: Running, account: str) -> Access:
    """A role that asks for an external id and may do everything."""
    iam = boto3.client(
        "iam",
        region_name="us-east-1",
        endpoint_url=cloud["url"],
        aws_access_key_id=account,
        aws_secret_access_key="test",
    )
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "secret-word"}},
    }
    iam.create_role(
        RoleName="antipode", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="antipode", PolicyName="all", PolicyDocument=json.dumps(everything))
    return Access(
        account_id=account,
        role_arn=f"arn:aws:iam::{account}:role/antipode",
        external_id="secret-word",
        endpoint_url=cloud["url"],
        obey_api_rates=False,
    )


def calls(cloud: Running, account: str, action: str) -> int:
    told = control(cloud, f"calls?account={account}")["calls"]
    return sum(call["action"] == action for call in told)


def table(access: Access) -> dict[str, Any]:
    return aws.client(access, "dynamodb", REGION).create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_a_client_is_made_once_and_shared_by_threads(access: Access) -> None:
    made: list[aws.Client] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        made.append(aws.client(access, "dynamodb", REGION))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 8
    assert len({id(client) for client in made}) == 1


def test_regions_and_accounts_have_clients_of_their_own(access: Access) -> None:
    other = Access("111122223333", endpoint_url=access.endpoint_url)
    asked = [(access, REGION), (access, "us-west-2"), (other, REGION)]

    assert len({id(aws.client(who, "dynamodb", region)) for who, region in asked}) == 3


def test_global_services_live_in_one_region(access: Access) -> None:
    assert aws.client(access, "route53", "global") is aws.client(access, "route53", REGION)
    assert aws.client(access, "iam", REGION).raw.meta.region_name == "us-east-1"


def test_the_accounts_role_is_taken(access: Access, account: str) -> None:
    """The ambient credentials are another account's."""
    assert aws.caller_account(access) == account


def test_a_wrong_external_id_is_refused_and_says_what_to_mend(access: Access) -> None:
    wrong = Access(access.account_id, access.role_arn, "another-word", access.endpoint_url)

    with pytest.raises(AwsError) as refused:
        aws.caller_account(wrong)

    assert refused.value.verdict is Verdict.REFUSED
    assert access.role_arn in refused.value.mend
    assert "sts:AssumeRole" in refused.value.mend


def test_a_read_is_repeated_once(cloud: Running, access: Access, account: str) -> None:
    table(access)
    control(cloud, "faults", {"account": account, "action": "DescribeTable", "do": "error"})

    aws.client(access, "dynamodb", REGION).describe_table(TableName="items")

    assert calls(cloud, account, "DescribeTable") == 2


def test_a_change_is_never_repeated(cloud: Running, access: Access, account: str) -> None:
    control(cloud, "faults", {"account": account, "action": "CreateTable", "do": "error"})

    with pytest.raises(AwsError) as failed:
        table(access)

    assert calls(cloud, account, "CreateTable") == 1
    assert (failed.value.verdict, failed.value.unknown_outcome) == (Verdict.TRANSIENT, True)


def test_a_lost_answer_has_an_unknown_outcome(cloud: Running, access: Access, account: str) -> None:
    control(cloud, "faults", {"account": account, "action": "CreateTable", "do": "drop", "when": "after"})

    with pytest.raises(AwsError) as lost:
        table(access)

    assert (lost.value.verdict, lost.value.unknown_outcome) == (Verdict.TRANSIENT, True)
    assert aws.client(access, "dynamodb", REGION).list_tables()["TableNames"] == ["items"]


def test_a_refused_connection_has_done_nothing() -> None:
    with pytest.raises(AwsError) as refused:
        table(Access("111122223333", endpoint_url="http://127.0.0.1:9"))

    assert (refused.value.verdict, refused.value.unknown_outcome) == (Verdict.TRANSIENT, False)


def test_parameters_that_the_api_does_not_know_are_refused(access: Access) -> None:
    with pytest.raises(AwsError) as refused:
        aws.client(access, "dynamodb", REGION).describe_table(Table="items")

    assert refused.value.verdict is Verdict.REFUSED
    assert "Table" in refused.value.message


def test_a_method_that_the_client_lacks_is_an_attribute_error(access: Access) -> None:
    with pytest.raises(AttributeError):
        _ = aws.client(access, "dynamodb", REGION).fly


@pytest.fixture
def limited() -> Iterator[None]:
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as connection:
        aws.limit_with(Limiter(connection))
        yield
        aws.limit_with(None)


@pytest.mark.usefixtures("limited")
def test_every_call_asks_the_limiter_first(cloud: Running, access: Access, account: str) -> None:
    """Fresh buckets are half full: no domain in the first 15 s."""
    obedient = Access(account, access.role_arn, access.external_id, access.endpoint_url, obey_api_rates=True)

    with pytest.raises(AwsError) as limited:
        aws.client(obedient, "apigatewayv2", REGION).create_domain_name(DomainName="kv.example.test")

    assert limited.value.code == "limited"
    assert limited.value.retry_after_s > 1
    assert calls(cloud, account, "CreateDomainName") == 0


@pytest.mark.usefixtures("limited")
def test_an_account_that_need_not_obey_is_not_limited(cloud: Running, access: Access, account: str) -> None:
    with pytest.raises(AwsError) as refused:
        aws.client(access, "apigatewayv2", REGION).create_domain_name(DomainName="kv.example.test")

    assert refused.value.code != "limited"
    assert calls(cloud, account, "CreateDomainName") == 1


@pytest.mark.usefixtures("limited")
def test_throttled_by_aws_the_bucket_is_empty(cloud: Running, access: Access, account: str) -> None:
    obedient = Access(account, access.role_arn, access.external_id, access.endpoint_url, obey_api_rates=True)
    checks = aws.client(obedient, "route53", REGION)
    control(cloud, "faults", {"account": account, "action": "CreateHealthCheck", "do": "throttle"})
    config = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 443}

    codes = []
    for _ in range(2):
        with pytest.raises(AwsError) as refused:
            checks.create_health_check(CallerReference="a", HealthCheckConfig=config)
        codes.append(refused.value.code)

    assert codes == ["Throttling", "limited"]


JUDGED = [
    ("ThrottlingException", 400, Verdict.TRANSIENT),
    ("TooManyRequestsException", 429, Verdict.TRANSIENT),
    ("PriorRequestNotComplete", 400, Verdict.TRANSIENT),
    ("ResourceInUseException", 400, Verdict.TRANSIENT),
    ("ResourceConflictException", 409, Verdict.TRANSIENT),
    ("InternalServerError", 500, Verdict.TRANSIENT),
    ("ServiceUnavailable", 503, Verdict.TRANSIENT),
    ("AccessDeniedException", 400, Verdict.REFUSED),
    ("ExpiredToken", 403, Verdict.REFUSED),
    ("UnrecognizedClientException", 400, Verdict.REFUSED),
    ("TooManyHealthChecks", 400, Verdict.REFUSED),
    ("ValidationException", 400, Verdict.REFUSED),
    ("EntityAlreadyExists", 409, Verdict.CONFLICT),
    ("ConflictException", 409, Verdict.CONFLICT),
    ("NeverHeardOf", 400, Verdict.REFUSED),
]


@pytest.mark.parametrize(("code", "status", "verdict"), JUDGED)
def test_an_error_is_judged_by_its_code(code: str, status: int, verdict: Verdict) -> None:
    error = judge(action="s3:CreateBucket", code=code, message="said AWS", status=status)

    assert (error.verdict, error.code, error.message) == (verdict, code, "said AWS")
    assert error.mend


@pytest.mark.parametrize(
    ("code", "message", "reads", "verdict"),
    [
        ("ConflictException", "Unable to complete operation due to concurrent modification.", False, Verdict.TRANSIENT),
        ("NoSuchEntity", "The role with name keyvalue cannot be found.", False, Verdict.TRANSIENT),
        ("NoSuchEntity", "The role with name keyvalue cannot be found.", True, Verdict.REFUSED),
        ("NoSuchHostedZone", "No hosted zone found with ID: Z1", False, Verdict.REFUSED),
    ],
)
def test_one_code_may_mean_two_things(code: str, message: str, reads: bool, verdict: Verdict) -> None:
    error = judge(action="iam:PutRolePolicy", code=code, message=message, status=409, reads=reads)

    assert (error.verdict, error.present) == (verdict, False)


def test_too_many_at_once_passes_in_dynamodb_and_is_a_quota_elsewhere() -> None:
    verdicts = [
        judge(action=action, code="LimitExceededException", message="", status=400).verdict
        for action in ("dynamodb:UpdateTable", "acm:RequestCertificate")
    ]

    assert verdicts == [Verdict.TRANSIENT, Verdict.REFUSED]


def test_denied_says_which_action_to_allow_for_whom() -> None:
    error = judge(
        action="dynamodb:CreateTable",
        code="AccessDeniedException",
        message="",
        status=400,
        role_arn="arn:aws:iam::111122223333:role/antipode",
    )

    assert error.mend == (
        "Allow dynamodb:CreateTable for the role arn:aws:iam::111122223333:role/antipode, then retry."
    )


def test_a_read_that_failed_has_done_nothing() -> None:
    error = judge(action="iam:GetRole", code="ServiceUnavailable", message="", status=503, reads=True)

    assert not error.unknown_outcome
