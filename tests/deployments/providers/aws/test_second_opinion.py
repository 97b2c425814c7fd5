"""What every AWS kind keeps to, run over each of them in moto too. Where moto differs is a line below, and what AWS
documents of it, and what we made of it, in docs/localcloud.md, "A second opinion"."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from inspect import signature

import pytest
from moto import mock_aws, settings

from regions import aws
from tests.deployments.providers.aws.cases import CASES
from tests.deployments.providers.aws.moto_stage import MotoStage
from tests.deployments.providers.aws.test_kinds_contract import *  # noqa: F403  # each of them, on this module's stage

# Judged by the local cloud's own log of calls, and by no cloud at all.
del test_it_calls_what_it_declares_and_nothing_else, test_every_kind_has_a_case  # noqa: F821

_numbers = itertools.count(1)

LACKS_LOGGING = "moto forgets LoggingConfig"
ALIAS_CODE = "moto answers ConflictException to a second CreateAlias; AWS ResourceConflictException"
ROUTE_TWICE = "moto makes a second route of one route key; AWS refuses it with ConflictException"

ASKS_NOTHING = {"test_deleting_what_was_never_made_is_fine"}

# (kind, test): what moto lacks or answers otherwise. Strict: told here as soon as moto has it.
MOTO_DIFFERS = (
    {
        ("lambda_function", "test_created_it_is_as_asked_ready_and_ours"): LACKS_LOGGING,
        ("lambda_function", "test_each_change_is_brought_about"): LACKS_LOGGING,
        ("lambda_function", "test_a_creation_that_never_arrived_is_done_by_the_next"): LACKS_LOGGING,
        ("lambda_function", "test_adopted_what_was_made_by_hand_becomes_as_wanted_and_ours"): LACKS_LOGGING,
        ("lambda_alias", "test_created_again_there_is_no_second"): ALIAS_CODE,
        ("lambda_alias", "test_a_creation_whose_answer_was_lost_is_found"): ALIAS_CODE,
        ("lambda_alias", "test_where_we_forgot_that_we_made_it_there_is_no_second"): ALIAS_CODE,
        ("lambda_permission", "test_created_again_there_is_no_second"): "moto adds a second statement of one id",
        ("apigatewayv2_route", "test_created_again_there_is_no_second"): ROUTE_TWICE,
        ("apigatewayv2_route", "test_a_creation_whose_answer_was_lost_is_found"): ROUTE_TWICE,
        ("apigatewayv2_route", "test_where_we_forgot_that_we_made_it_there_is_no_second"): ROUTE_TWICE,
    }
    | {
        ("route53_cidr_collection", test): "moto has no CIDR collections"
        for test, made in list(globals().items())
        if test.startswith("test_") and "case" in signature(made).parameters and test not in ASKS_NOTHING
    }
    | {
        (kind, test): f"moto has no {lacking}"
        for kind, lacking in (
            ("apigatewayv2_stage", "UpdateStage"),
            ("apigatewayv2_domain", "UpdateDomainName"),
            ("apigatewayv2_mapping", "UpdateApiMapping"),
        )
        for test in (
            "test_each_change_is_brought_about",
            "test_adopted_what_was_made_by_hand_becomes_as_wanted_and_ours",
        )
    }
)


@pytest.fixture(scope="module")
def _moto() -> Iterator[None]:
    """Once for all: accounts keep the tests apart, and to start it anew takes the longer the more there were."""
    kept = {"mock_credentials": False, "reset_boto3_session": False}  # other tests' are none of its business
    with mock_aws(config={"core": kept, "lambda": {"use_docker": False}}), pytest.MonkeyPatch.context() as patched:
        patched.setattr(settings, "ACM_VALIDATION_WAIT", -1)
        yield


@pytest.fixture
def stage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _moto: None) -> MotoStage:
    test, _, kind = request.node.name.rstrip("]").partition("[")
    if (kind, test) in MOTO_DIFFERS:
        request.applymarker(pytest.mark.xfail(strict=True, reason=MOTO_DIFFERS[kind, test]))
    monkeypatch.setattr(aws, "_clients", {})  # those of other tests lead elsewhere
    monkeypatch.setattr(aws, "_sessions", {})
    made = MotoStage({"url": ""}, account=f"{os.getpid() % 1_000_000:06d}{next(_numbers):06d}", patience_s=2)
    monkeypatch.setattr(aws, "_make", made.making(aws._make))
    return made


def test_each_difference_is_of_a_test_that_there_is() -> None:
    assert {test for _, test in MOTO_DIFFERS} <= set(globals())
    assert {kind for kind, _ in MOTO_DIFFERS} <= set(CASES)
