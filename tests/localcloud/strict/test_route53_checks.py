"""Health checks: what Route 53 refuses, keeps and forgets never."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.strict.world import ADMITTED, Connect, change, domain, make_check, make_zone, refusal, values

INPUT = "InvalidInput"
THREE = ["us-east-1", "eu-west-1", "sa-east-1"]


@pytest.mark.parametrize(
    "config",
    [
        {"Type": "PING"},
        {"FullyQualifiedDomainName": ""},
        {"Type": "TCP", "ResourcePath": ""},
        {"RequestInterval": 20},
        {"FailureThreshold": 11},
        {"Port": 70_000},
        {"ResourcePath": "/" + "a" * 255},
        {"SearchString": "ok"},
        {"Type": "HTTPS_STR_MATCH"},
        {"Regions": ["us-east-1", "eu-west-1", "us-east-1"]},
        {"Regions": [*THREE, "eu-central-1"]},
        {"ChildHealthChecks": ["a"]},
        {"Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": ["absent"]},
        {"Type": "CALCULATED", "ChildHealthChecks": []},
    ],
    ids=repr,
)
def test_route_53_refuses_a_check(connect: Connect, config: dict[str, Any]) -> None:
    assert refusal(make_check, connect=connect, **config) == INPUT


def test_a_check_keeps_all_that_it_was_told(connect: Connect) -> None:
    told = {
        "Type": "HTTPS",
        "FullyQualifiedDomainName": "b.example",
        "ResourcePath": "/live",
        "Port": 8443,
        "RequestInterval": 10,
        "FailureThreshold": 1,
        "MeasureLatency": True,
        "Inverted": True,
        "Disabled": True,
        "EnableSNI": False,
        "Regions": THREE,
    }
    made = make_check(connect, **told)

    assert made["HealthCheckConfig"] == told
    assert connect("route53").get_health_check(HealthCheckId=made["Id"])["HealthCheck"]["HealthCheckConfig"] == told
    assert connect("route53").list_health_checks()["HealthChecks"][0]["HealthCheckConfig"] == told


def test_a_check_says_the_defaults_it_was_not_told(connect: Connect) -> None:
    assert make_check(connect)["HealthCheckConfig"] == {
        "Type": "HTTPS",
        "FullyQualifiedDomainName": "a.example",
        "ResourcePath": "/health",
        "Port": 443,
        "RequestInterval": 30,
        "FailureThreshold": 3,
        "MeasureLatency": False,
        "Inverted": False,
        "Disabled": False,
        "EnableSNI": True,
    }


def test_a_calculated_check_keeps_its_children_and_watches_no_calculated_one(connect: Connect) -> None:
    child = make_check(connect)["Id"]
    calculated = {"Type": "CALCULATED", "HealthThreshold": 1, "FullyQualifiedDomainName": "", "ResourcePath": ""}
    parent = make_check(connect, **calculated, ChildHealthChecks=[child])

    assert parent["HealthCheckConfig"]["ChildHealthChecks"] == [child]
    assert parent["HealthCheckConfig"]["HealthThreshold"] == 1
    assert refusal(make_check, connect=connect, **calculated, ChildHealthChecks=[parent["Id"]]) == INPUT


def test_a_token_makes_one_check_ever(connect: Connect) -> None:
    first = make_check(connect, "token")

    assert make_check(connect, "token", FailureThreshold=3)["Id"] == first["Id"]
    assert refusal(make_check, connect=connect, reference="token", Port=80) == "HealthCheckAlreadyExists"

    connect("route53").delete_health_check(HealthCheckId=first["Id"])
    assert refusal(make_check, connect=connect, reference="token") == "HealthCheckAlreadyExists"


def test_a_check_that_records_use_can_be_deleted(connect: Connect) -> None:
    check, name = make_check(connect)["Id"], domain()
    change(connect, make_zone(connect, name), ("CREATE", values(name, "192.0.2.1", HealthCheckId=check)))

    assert refusal(connect("route53").delete_health_check, HealthCheckId=check) == ADMITTED


def test_an_update_needs_the_latest_version_and_counts_it(connect: Connect) -> None:
    route53, check = connect("route53"), make_check(connect)["Id"]
    updated = route53.update_health_check(HealthCheckId=check, HealthCheckVersion=1, Inverted=True)["HealthCheck"]

    assert (updated["HealthCheckVersion"], updated["HealthCheckConfig"]["Inverted"]) == (2, True)
    assert (
        refusal(route53.update_health_check, HealthCheckId=check, HealthCheckVersion=1) == "HealthCheckVersionMismatch"
    )
    assert refusal(route53.update_health_check, HealthCheckId=check, FailureThreshold=11) == INPUT


def test_an_update_resets_what_it_names(connect: Connect) -> None:
    check = make_check(connect, Regions=THREE)["Id"]
    updated = connect("route53").update_health_check(HealthCheckId=check, ResetElements=["Regions"])["HealthCheck"]

    assert "Regions" not in updated["HealthCheckConfig"]


def test_an_account_has_200_checks_and_says_so(connect: Connect) -> None:
    route53 = connect("route53")
    config = {"Type": "HTTPS", "FullyQualifiedDomainName": "a.example"}
    for number in range(200):
        route53.create_health_check(CallerReference=str(number), HealthCheckConfig=config)

    assert refusal(make_check, connect=connect) == "TooManyHealthChecks"
    assert route53.get_health_check_count()["HealthCheckCount"] == 200
    limit = route53.get_account_limit(Type="MAX_HEALTH_CHECKS_BY_OWNER")
    assert (limit["Limit"]["Value"], limit["Count"]) == (200, 200)
