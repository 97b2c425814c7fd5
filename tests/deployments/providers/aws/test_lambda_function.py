"""A function changes step by step, and what runs is always told apart from what is published."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployments.providers.aws.kinds.lambda_function import KEPT_VERSIONS
from deployments.providers.errors import Transient
from tests.deployments.providers.aws.cases import new_code
from tests.deployments.providers.aws.stage import HOME, Stage


def test_created_it_is_published(stage: Stage) -> None:
    made = stage.make(stage.function_target())

    assert made.outputs["version"] == "1"
    assert made.params["published"] is True


def test_new_code_runs_unpublished_until_the_last_step(stage: Stage) -> None:
    target = stage.function_target()
    stage.make(target)
    wanted = new_code(stage, target)

    before = stage.settle(wanted)
    stage.provider.update(wanted, before.params)
    between = stage.settle(wanted)

    assert between.params == {**wanted.params, "published": False}
    assert between.outputs["version"] == ""
    stage.provider.update(wanted, between.params)
    after = stage.settle(wanted)
    assert (after.params, after.outputs["version"]) == (wanted.params, "2")


def test_going_back_to_what_was_published_before_needs_no_new_version(stage: Stage) -> None:
    target = stage.function_target()
    stage.make(target)
    stage.change(new_code(stage, target))

    assert stage.change(target).outputs["version"] == "1"


def test_a_change_while_lambda_is_at_work_passes_by_itself(stage: Stage) -> None:
    target = stage.function_target()
    made = stage.make(target)
    stage.delay(function_pending_s=30)
    larger = replace(target, params={**target.params, "memory_mb": 256})
    stage.provider.update(larger, made.params)

    with pytest.raises(Transient) as busy:
        stage.provider.update(new_code(stage, target), made.params)

    assert busy.value.code == "ResourceConflictException"
    found = stage.look(larger)
    assert found is not None
    assert not found.ready
    assert found.status.startswith("InProgress")


def test_a_role_that_is_not_assumable_yet_passes_by_itself(stage: Stage) -> None:
    stage.delay(role_not_assumable_s=30)
    target = stage.function_target()

    with pytest.raises(Transient) as early:
        stage.provider.create(target)

    assert (early.value.code, early.value.retry_after_s) == ("RoleNotAssumable", 2.0)


def test_old_versions_are_pruned_but_not_one_that_an_alias_names(stage: Stage) -> None:
    target = stage.function_target()
    stage.make(target)
    functions = stage.root("lambda", HOME)
    functions.create_alias(FunctionName="keyvalue-get-key", Name="old", FunctionVersion="1")

    for memory_mb in (192, 256, 320, 384):
        stage.change(replace(target, params={**target.params, "memory_mb": memory_mb}))

    listed = functions.list_versions_by_function(FunctionName="keyvalue-get-key")["Versions"]
    assert {version["Version"] for version in listed} - {"$LATEST"} == {"1", "3", "4", "5"}
    assert KEPT_VERSIONS == 3
