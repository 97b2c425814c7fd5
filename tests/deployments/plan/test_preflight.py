"""A preflight as lines for people and as JSON for programs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from deployments.plan.cost import CostLine
from deployments.plan.duration import Wait
from deployments.plan.model import GLOBAL
from deployments.plan.preflight import Preflight, duration
from deployments.plan.quota import UNCOUNTED, Ask, QuotaUse, Reading, judged

CHECKS = Ask("route53", "health_checks_per_account", GLOBAL)


def use(reading: Reading, adds: int = 3) -> QuotaUse:
    (found,) = judged({CHECKS: adds}, {CHECKS: reading})
    return found


def line(what: str, usd: str | None, region: str = GLOBAL) -> CostLine:
    known = None if usd is None else Decimal(usd)
    return CostLine(
        what, region, None if usd is None else Decimal(2), "piece", Decimal("0.5"), known, "as told", "here", "2026-09"
    )


def test_an_empty_preflight_has_nothing_to_say() -> None:
    assert Preflight().lines() == []
    assert Preflight().as_json() == {
        "warnings": [],
        "quotas": [],
        "cost": {"monthly_usd": "0.00", "depends_on_data": False, "lines": []},
        "waits": [],
        "about_s": 0,
    }


def test_people_read_what_exceeds_what_is_near_and_what_nobody_knows() -> None:
    exceeded, near, roomy = use(Reading(199, 200)), use(Reading(170, 200)), use(Reading(10, 200))
    told = Preflight(quotas=(exceeded, near, roomy, use(Reading(why="AccessDenied: no")))).lines()
    assert told == [
        f"! {exceeded.warning}",
        "  health checks in the account: 170 of 200 used, this plan adds 3",
        "? not known how much is used of: health checks",
    ]


def test_people_are_not_told_of_what_nobody_can_count() -> None:
    """In JSON it stands, with the reason."""
    told = Preflight(quotas=(use(Reading(why=UNCOUNTED)),))
    assert told.lines() == []
    assert told.as_json()["quotas"][0]["why"] == "AWS has no call that counts them"


def test_people_read_the_same_cost_of_several_regions_as_one_line() -> None:
    costs = (
        line("check", "1.25"),
        line("request", "0.50", "eu-west-1"),
        line("request", "0.50", "us-west-2"),
        line("storage", None, "eu-west-1"),
    )
    assert Preflight(costs=costs).lines() == [
        "$ about +2.25 USD a month, and what depends on data",
        "  check: +1.25 (as told)",
        "  request in eu-west-1, us-west-2: +1.00 (as told)",
        "  storage in eu-west-1: 0.5 USD per piece (as told)",
    ]


def test_what_takes_off_the_bill_is_told_as_such() -> None:
    assert Preflight(costs=(line("check", "-1.25"),)).lines()[0] == "$ about -1.25 USD a month"


def test_people_read_how_long_it_takes_and_why() -> None:
    told = Preflight(waits=(Wait("3 × certificate", 180.0, "Minutes as a rule."),), about_s=400.0).lines()
    assert told == ["⧗ about 7 min", "  3 × certificate: 3 min. Minutes as a rule."]


def test_programs_read_all_of_it() -> None:
    preflight = Preflight(
        quotas=(use(Reading(199, 200)),),
        costs=(line("check", "1.255"), line("storage", None, "eu-west-1")),
        waits=(Wait("API rates", 150.4, "Because."),),
        about_s=330.6,
    )
    assert preflight.as_json() == {
        "warnings": [use(Reading(199, 200)).warning],
        "quotas": [
            {
                "service": "route53",
                "name": "health_checks_per_account",
                "what": "health checks",
                "region": "global",
                "of": "",
                "used": 199,
                "adds": 3,
                "limit": 200,
                "exceeded": True,
                "read": True,
                "as_of": "now",
                "source": "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html",
                "why": "",
                "mend": use(Reading(199, 200)).mend,
            }
        ],
        "cost": {
            "monthly_usd": "1.26",
            "depends_on_data": True,
            "lines": [
                {
                    "what": "check",
                    "region": "global",
                    "quantity": "2.00",
                    "unit": "piece",
                    "unit_price_usd": "0.5",
                    "monthly_usd": "1.26",
                    "basis": "as told",
                    "source": "here",
                    "as_of": "2026-09",
                },
                {
                    "what": "storage",
                    "region": "eu-west-1",
                    "quantity": None,
                    "unit": "piece",
                    "unit_price_usd": "0.5",
                    "monthly_usd": None,
                    "basis": "as told",
                    "source": "here",
                    "as_of": "2026-09",
                },
            ],
        },
        "waits": [{"what": "API rates", "seconds": 150, "why": "Because."}],
        "about_s": 331,
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "1 s"), (45, "45 s"), (89, "89 s"), (90, "2 min"), (600, "10 min"), (3600, "1 h"), (4800, "1 h 20 min")],
)
def test_durations_are_as_exact_as_estimates(seconds: float, text: str) -> None:
    assert duration(seconds) == text
