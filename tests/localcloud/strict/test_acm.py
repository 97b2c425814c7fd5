"""Certificates: pending until their DNS records exist, and what ACM refuses."""

from __future__ import annotations

import time
from typing import Any

import pytest

from localcloud.process import Running
from tests.localcloud.strict.world import (
    ADMITTED,
    Connect,
    change,
    domain,
    make_certificate,
    make_domain,
    make_zone,
    refusal,
    set_delays,
    values,
)

REGION = "eu-central-1"


def described(connect: Connect, arn: str, region: str = REGION) -> dict[str, Any]:
    held: dict[str, Any] = connect("acm", region).describe_certificate(CertificateArn=arn)["Certificate"]
    return held


def requested(connect: Connect, name: str, region: str = REGION, **more: Any) -> str:
    asked = connect("acm", region).request_certificate(DomainName=name, ValidationMethod="DNS", **more)
    return str(asked["CertificateArn"])


def records(certificate: dict[str, Any]) -> set[tuple[str, str]]:
    held = [option["ResourceRecord"] for option in certificate["DomainValidationOptions"]]
    return {(record["Name"], record["Value"]) for record in held}


def test_a_certificate_is_issued_once_all_its_records_exist(connect: Connect) -> None:
    name = domain()
    zone = make_zone(connect, name)
    arn = requested(connect, name, SubjectAlternativeNames=[f"one.{name}"])
    pending = described(connect, arn)
    first, second = sorted(records(pending))

    change(connect, zone, ("CREATE", values(first[0], first[1], kind="CNAME")))
    half = described(connect, arn)
    change(connect, zone, ("CREATE", values(second[0], second[1], kind="CNAME")))

    assert (pending["Status"], half["Status"]) == ("PENDING_VALIDATION", "PENDING_VALIDATION")
    assert {option["ValidationStatus"] for option in half["DomainValidationOptions"]} == {
        "PENDING_VALIDATION",
        "SUCCESS",
    }
    assert "IssuedAt" not in pending
    assert described(connect, arn)["Status"] == "ISSUED"


def test_a_record_of_another_value_validates_nothing(connect: Connect) -> None:
    name = domain()
    zone = make_zone(connect, name)
    arn = requested(connect, name)
    ((record, _),) = records(described(connect, arn))
    change(connect, zone, ("CREATE", values(record, "else.acm-validations.aws.", kind="CNAME")))

    assert described(connect, arn)["Status"] == "PENDING_VALIDATION"


def test_a_record_that_existed_before_issues_at_once(connect: Connect) -> None:
    name = domain()
    make_certificate(connect, REGION, make_zone(connect, name), name)

    assert described(connect, requested(connect, name, "us-west-2"), "us-west-2")["Status"] == "ISSUED"


def test_a_name_has_one_record_in_all_regions_of_an_account(connect: Connect) -> None:
    name = domain()
    arns = [
        (requested(connect, asked, region), region) for asked in (name, f"*.{name}") for region in (REGION, "us-east-1")
    ]

    assert len(set.union(*(records(described(connect, arn, region)) for arn, region in arns))) == 1


def test_validation_by_mail_has_no_record_and_stays_pending(connect: Connect) -> None:
    """AWS validates by mail where no method is named."""
    arn = connect("acm", REGION).request_certificate(DomainName=domain())["CertificateArn"]
    certificate = described(connect, arn)

    assert certificate["Status"] == "PENDING_VALIDATION"
    assert certificate["DomainValidationOptions"][0]["ValidationMethod"] == "EMAIL"
    assert "ResourceRecord" not in certificate["DomainValidationOptions"][0]


def test_a_token_makes_one_certificate(connect: Connect) -> None:
    name = domain()
    first = requested(connect, name, IdempotencyToken="one")

    assert requested(connect, name, IdempotencyToken="one") == first
    assert requested(connect, name, IdempotencyToken="two") != first


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"DomainName": "no name"}, "ValidationException"),
        ({"DomainName": "a" * 63 + ".example"}, "InvalidDomainValidationOptionsException"),
        ({"SubjectAlternativeNames": [f"n{number}.example.org" for number in range(11)]}, "LimitExceededException"),
        ({"IdempotencyToken": "with-hyphen"}, "ValidationException"),
        ({"SubjectAlternativeNames": ["*.example.org", "a" * 63 + ".example.org"]}, ADMITTED),
    ],
    ids=["no name", "65 characters", "12 names", "hyphen in the token", "wildcard and long further name"],
)
def test_acm_answers(connect: Connect, asked: dict[str, Any], code: str) -> None:
    request = {"DomainName": "example.org", "ValidationMethod": "DNS"} | asked

    assert refusal(connect("acm", REGION).request_certificate, **request) == code


def test_a_used_certificate_is_not_deleted(connect: Connect) -> None:
    name, acm = domain(), connect("acm", REGION)
    make_domain(connect, REGION, name, make_zone(connect, name))
    (arn,) = [held["CertificateArn"] for held in acm.list_certificates()["CertificateSummaryList"]]

    assert len(described(connect, arn)["InUseBy"]) == 1
    assert refusal(acm.delete_certificate, CertificateArn=arn) == "ResourceInUseException"
    connect("apigatewayv2", REGION).delete_domain_name(DomainName=name)
    assert refusal(acm.delete_certificate, CertificateArn=arn) == ADMITTED


def test_a_pending_certificate_is_not_given(connect: Connect) -> None:
    arn = requested(connect, domain())

    assert refusal(connect("acm", REGION).get_certificate, CertificateArn=arn) == "RequestInProgressException"


def test_a_certificate_stays_pending_for_its_delay(localcloud: Running, connect: Connect, account: str) -> None:
    set_delays(localcloud["url"], account, certificate_pending_s=0.5)
    name = domain()
    zone = make_zone(connect, name)
    started_s = time.monotonic()
    arn = make_certificate(connect, REGION, zone, name)

    while described(connect, arn)["Status"] == "PENDING_VALIDATION":
        assert time.monotonic() - started_s < 5
    assert time.monotonic() - started_s >= 0.5


def test_a_young_certificate_names_no_record(localcloud: Running, connect: Connect, account: str) -> None:
    set_delays(localcloud["url"], account, certificate_record_s=0.5)
    started_s = time.monotonic()
    arn = requested(connect, domain())

    by_mail = connect("acm", REGION).request_certificate(DomainName=domain())["CertificateArn"]
    for young in (arn, by_mail):
        assert "ResourceRecord" not in described(connect, young)["DomainValidationOptions"][0]
    while "ResourceRecord" not in described(connect, arn)["DomainValidationOptions"][0]:
        assert time.monotonic() - started_s < 5
