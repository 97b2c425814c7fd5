"""What a plan adds to quotas: how much, whether it fits, and where to ask for more."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.plan.demand import Demand, Use
from deployments.plan.model import GLOBAL, KNOWN_AFTER_APPLY, Action, Change, Plan, Ref
from deployments.plan.quota import Ask, QuotaUse, Reading, asks, judged

CHECKS = Ask("route53", "health_checks_per_account", GLOBAL)
DEMANDS = {
    "check": Demand((Use("route53", "health_checks_per_account"),)),
    "route": Demand((Use("apigateway", "routes_per_api", of="api_id"),)),
    "function": Demand(
        (Use("lambda", "reserved_concurrency_per_region", amount=lambda change: change.params["reserved"]),)
    ),
}


def change(kind: str, name: str, action: Action = Action.CREATE, *, scope: str = GLOBAL, **params: Any) -> Change:
    return Change(Ref("kv", kind, scope, name), action, "", params=params)


def added(*changes: Change) -> dict[Ask, int]:
    return asks(Plan(changes), lambda kind: DEMANDS.get(kind, Demand()))


def one(ask: Ask, adds: int, reading: Reading | None) -> QuotaUse:
    (use,) = judged({ask: adds}, {} if reading is None else {ask: reading})
    return use


def test_creations_are_summed_and_deletions_not_taken_off() -> None:
    """What is replaced stands beside its successor for a while."""
    plan = [change("check", "a"), change("check", "b"), change("check", "c", Action.DELETE), change("other", "d")]
    assert added(*plan) == {CHECKS: 2}


def test_an_update_adds_nothing_by_itself() -> None:
    assert added(change("check", "a", Action.UPDATE), change("check", "b", Action.RETAIN)) == {}


def test_a_kind_may_say_how_much_a_change_adds() -> None:
    plan = [
        change("function", "a", scope="eu-west-1", reserved=10),
        change("function", "b", Action.UPDATE, scope="eu-west-1", reserved=5),
        change("function", "c", Action.UPDATE, scope="eu-west-2", reserved=-5),
    ]
    assert added(*plan) == {Ask("lambda", "reserved_concurrency_per_region", "eu-west-1"): 15}


def test_what_is_of_a_parent_is_asked_for_each_parent() -> None:
    plan = [
        change("route", "a", scope="eu-west-1", api_id="one"),
        change("route", "b", scope="eu-west-1", api_id="two"),
    ]
    assert added(*plan) == {
        Ask("apigateway", "routes_per_api", "eu-west-1", "one"): 1,
        Ask("apigateway", "routes_per_api", "eu-west-1", "two"): 1,
    }


def test_a_new_parent_holds_nothing_yet() -> None:
    """Its id is known after apply: nobody can read it, and nobody need."""
    use = one(Ask("apigateway", "routes_per_api", "eu-west-1", KNOWN_AFTER_APPLY), 300, None)
    assert (use.used, use.of, use.exceeded, use.read) == (0, "a new one", False, True)


@pytest.mark.parametrize(
    ("adds", "reading", "exceeded", "limit", "as_of"),
    [
        (3, Reading(used=197, limit=200), False, 200, "now"),
        (3, Reading(used=198, limit=200), True, 200, "now"),
        (3, Reading(used=198, limit=500), False, 500, "now"),
        (3, Reading(used=198), True, 200, "2026-11"),
        (3, Reading(limit=500, why="AccessDenied"), None, 500, "now"),
        (3, Reading(why="AccessDenied"), None, 200, "2026-11"),
        (201, Reading(why="AccessDenied"), True, 200, "2026-11"),
        (3, None, None, 200, "2026-11"),
    ],
)
def test_it_fits_it_does_not_or_nobody_knows(
    adds: int, reading: Reading | None, exceeded: bool | None, limit: int, as_of: str
) -> None:
    """Unknown is not zero: only what exceeds by itself is known to exceed then."""
    use = one(CHECKS, adds, reading)
    assert (use.exceeded, use.limit, use.as_of) == (exceeded, limit, as_of)
    assert (use.warning is not None) == bool(exceeded)


def test_a_warning_names_the_quota_its_numbers_and_the_mend() -> None:
    assert one(CHECKS, 6, Reading(used=198, limit=200)).warning == (
        "health checks in the account: 198 are used, this plan adds 6, AWS allows 200. Ask for more before you deploy, "
        "in the console of Service Quotas or with: aws service-quotas request-service-quota-increase "
        "--service-code route53 --quota-code L-ACB674F3 --desired-value 204 --region us-east-1"
    )


def test_what_must_stay_free_is_no_room() -> None:
    """Of Lambda's 1,000, 100 stay unreserved; who asks for more asks for those too."""
    ask = Ask("lambda", "reserved_concurrency_per_region", "eu-west-1")
    assert one(ask, 900, Reading(used=0, limit=1000)).exceeded is False
    use = one(ask, 901, Reading(used=0, limit=1000))
    assert (use.exceeded, use.limit) == (True, 900)
    assert use.mend.endswith("--quota-code L-B99A9384 --desired-value 1001 --region eu-west-1")


def test_more_is_asked_for_in_the_units_of_service_quotas() -> None:
    """Code storage is bytes here and gigabytes there."""
    use = one(Ask("lambda", "code_bytes_per_region", "eu-west-1"), 2**20, Reading(used=75 * 2**30, limit=75 * 2**30))
    assert "--desired-value 76 " in use.mend


def test_where_nobody_can_raise_it_says_so() -> None:
    use = one(Ask("apigateway", "integrations_per_api", "eu-west-1", "one"), 1, Reading(used=300))
    assert use.warning == (
        "integrations of the API in eu-west-1: 300 are used, this plan adds 1, AWS allows 300. AWS does not raise this "
        "quota by itself: remove what is not used, or ask AWS Support."
    )


def test_an_unknown_use_is_told_in_the_warning() -> None:
    assert str(one(CHECKS, 201, None).warning).startswith("health checks in the account: an unknown number is used, ")


def test_what_would_be_exceeded_comes_first() -> None:
    domains = Ask("apigateway", "domains_per_region", "eu-west-1")
    uses = judged({domains: 1, CHECKS: 1}, {domains: Reading(used=0), CHECKS: Reading(used=200)})
    assert [use.name for use in uses] == ["health_checks_per_account", "domains_per_region"]
