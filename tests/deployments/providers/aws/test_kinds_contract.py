"""What every AWS kind keeps to, whatever it makes: run over each of them in the local cloud."""

from __future__ import annotations

import uuid
from dataclasses import replace
from functools import cache
from uuid import uuid4

import botocore.session
import pytest

from deployments.plan.model import Mark
from deployments.providers.aws.provider import discover
from deployments.providers.errors import Conflict, Transient
from deployments.providers.protocol import Target
from regions.aws import iam_action
from tests.deployments.providers.aws.cases import CASES, Case
from tests.deployments.providers.aws.stage import Stage

EVERY_KIND = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
_SESSION = botocore.session.get_session()
BATCHED = {"route53_record"}  # no create of its own: test_records.py


def test_every_kind_has_a_case() -> None:
    assert set(CASES) | BATCHED == set(discover())


def created(stage: Stage, case: Case) -> Target:
    target = case.target(stage)
    return replace(target, physical_id=stage.make(target).physical_id)


@EVERY_KIND
def test_created_it_is_as_asked_ready_and_ours(stage: Stage, case: Case) -> None:
    target = created(stage, case)

    found = stage.settle(target)

    assert (found.params, found.ready, found.ours) == (target.params, True, True)


@EVERY_KIND
def test_created_again_there_is_no_second(stage: Stage, case: Case) -> None:
    target = created(stage, case)

    again = stage.provider.create(replace(target, physical_id=""))

    assert again.physical_id == target.physical_id
    stage.remove(target)
    assert stage.look(replace(target, physical_id="")) is None


@EVERY_KIND
def test_each_change_is_brought_about(stage: Stage, case: Case) -> None:
    target = created(stage, case)

    for change in case.changes:
        target = change(stage, target)
        assert stage.change(target).params == target.params


@EVERY_KIND
def test_deleted_it_is_gone_and_deleting_again_is_fine(stage: Stage, case: Case) -> None:
    target = created(stage, case)

    stage.remove(target)
    stage.provider.delete(target)

    assert stage.look(target) is None


@EVERY_KIND
def test_deleting_what_was_never_made_is_fine(stage: Stage, case: Case) -> None:
    target = replace(case.target(stage), token="")

    stage.provider.delete(target)

    assert stage.look(target) is None


@EVERY_KIND
def test_a_creation_whose_answer_was_lost_is_found(stage: Stage, case: Case) -> None:
    """Another process takes over: it knows the step's token and nothing else."""
    target = case.target(stage)
    stage.fault(action=case.creates, do="drop", when="after")
    with pytest.raises(Transient) as lost:
        stage.provider.create(target)
    assert lost.value.unknown_outcome

    stage.provider = stage.another_provider()
    found = stage.settle(target)

    assert found.ours
    assert stage.provider.create(target).physical_id == found.physical_id


@EVERY_KIND
def test_a_creation_that_never_arrived_is_done_by_the_next(stage: Stage, case: Case) -> None:
    target = case.target(stage)
    stage.fault(action=case.creates, do="drop", when="before")
    with pytest.raises(Transient):
        stage.provider.create(target)

    assert stage.look(target) is None
    assert stage.make(target).params == target.params


@pytest.mark.parametrize("case", [case for case in CASES.values() if case.namesake], ids=lambda case: case.creates)
def test_anothers_namesake_is_a_conflict_and_stays(stage: Stage, case: Case) -> None:
    target = case.target(stage)
    assert case.namesake is not None
    case.namesake(stage, target)

    with pytest.raises(Conflict):
        stage.provider.create(target)

    found = stage.look(target)
    assert found is not None
    assert not found.ours


@EVERY_KIND
def test_adopted_what_was_made_by_hand_becomes_as_wanted_and_ours(stage: Stage, case: Case) -> None:
    """And then goes as what we made ourselves. Its tags give way to the wanted ones."""
    target = replace(case.target(stage), token="")
    target = replace(target, physical_id=by_hand(stage, case, target))
    found = stage.settle(replace(target, adopted=True))
    assert found.mark is None
    assert found.params != target.params, "what it lacks is shown as a difference, our mark included"

    made = stage.change(replace(target, physical_id=found.physical_id, adopted=True))

    known = replace(target, physical_id=found.physical_id)
    assert (made.physical_id, made.params, made.ours) == (found.physical_id, target.params, True)
    assert stage.settle(known) == made, "from now on without the word of the one who adopted it"
    stage.remove(known)
    assert stage.look(known) is None


TAGGED = {name: case for name, case in CASES.items() if name in {"iam_role", "log_group", "dynamodb_table"}}


@pytest.mark.parametrize("case", TAGGED.values(), ids=TAGGED)
def test_of_another_installation_it_says_whose_it_is(stage: Stage, case: Case) -> None:
    target = case.target(stage)
    stage.make(target)
    theirs = stage.owner
    stage.owner = str(uuid4())
    stage.provider = stage.another_provider()

    found = stage.look(target)

    assert found is not None
    assert (found.ours, found.mark) == (False, Mark(theirs, str(target.ref)))


def by_hand(stage: Stage, case: Case, target: Target) -> str:
    if case.foreign is not None:
        return case.foreign(stage, target)
    assert case.namesake is not None
    case.namesake(stage, target)
    return ""


@pytest.mark.parametrize("name", CASES)
def test_it_calls_what_it_declares_and_nothing_else(stage: Stage, name: str) -> None:
    kind, case = discover()[name], CASES[name]
    target = case.target(stage)
    wanted = [target]
    for change in case.changes:
        wanted.append(change(stage, wanted[-1]))
    stage.allow(name)
    seen_before = len(stage.calls())

    physical_id = stage.make(target).physical_id
    stage.provider = stage.another_provider()
    stage.look(target)
    stage.provider.create(target)
    for each in wanted:
        stage.change(replace(each, physical_id=physical_id))
    case.besides(stage, target)
    stage.remove(replace(wanted[-1], physical_id=physical_id))

    called = {
        _iam_action(call["service"], call["action"])
        for call in stage.calls()[seen_before:]
        if call["service"] != "sts" and call["action"]  # the local cloud does not name what tags an API
    }
    assert called - case.by_hand == kind.iam_actions


@cache
def _iam_action(service: str, operation: str) -> str:
    return iam_action(_SESSION.get_service_model(service), operation)


@EVERY_KIND
def test_where_we_forgot_that_we_made_it_there_is_no_second(stage: Stage, case: Case) -> None:
    """As after a backup of the day before was restored: neither its id nor its token is known."""
    target = created(stage, case)
    stage.settle(target)

    again = stage.another_provider().create(replace(target, physical_id="", token=uuid.uuid4().hex))

    assert again.physical_id == target.physical_id
