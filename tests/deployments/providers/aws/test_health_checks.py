"""Checks of endpoints, of switches and over others: what each of them waits for."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from deployments.plan.model import Observed
from deployments.providers.errors import Transient
from deployments.providers.protocol import Target
from tests.deployments.providers.aws.cases import calculated_check, health_check
from tests.deployments.providers.aws.stage import Stage


def switch_check(stage: Stage) -> Target:
    """Of an object in a bucket that there is not: nobody answers."""
    target = health_check(stage)
    asked = {"fqdn": "antipode-none.s3.eu-central-1.amazonaws.com", "path": "/switch/eu-central-1", "inverted": True}
    return replace(target, params={**target.params, **asked})


def test_an_inverted_check_is_not_ready_before_a_checker_has_looked(stage: Stage) -> None:
    target = switch_check(stage)

    made = stage.provider.create(target)

    assert (made.ready, made.status) == (False, "Route 53's checkers have not looked yet")
    assert made.outputs == {"id": made.physical_id}


def test_once_it_was_ready_it_is_never_asked_again(stage: Stage) -> None:
    target = switch_check(stage)
    target = replace(target, physical_id=stage.provider.create(target).physical_id)

    found = stage.settle(target)
    asked = [call["action"] for call in stage.calls()].count("GetHealthCheckStatus")
    again = stage.look(replace(target, outputs=found.outputs))

    assert found.outputs == {"id": target.physical_id, "reported": True}
    assert again == found
    assert [call["action"] for call in stage.calls()].count("GetHealthCheckStatus") == asked >= 1


def test_where_the_status_can_not_be_asked_for_now_it_waits(stage: Stage) -> None:
    """AWS allows one such call a second."""
    target = switch_check(stage)
    target = replace(target, physical_id=stage.provider.create(target).physical_id)
    stage.fault(action="GetHealthCheckStatus", do="throttle")

    found = stage.look(target)

    assert found is not None
    assert (found.ready, found.status) == (False, "its status could not be asked for: Throttling")


def test_others_are_ready_at_once_and_not_asked(stage: Stage) -> None:
    found = stage.make(health_check(stage))

    assert found.outputs == {"id": found.physical_id}
    assert "GetHealthCheckStatus" not in {call["action"] for call in stage.calls()}


def test_children_have_no_order(stage: Stage) -> None:
    target = calculated_check(stage)
    made = stage.make(target)
    turned = {**target.params, "children": target.params["children"][::-1]}

    found = stage.look(replace(target, physical_id=made.physical_id, params=turned))

    assert isinstance(found, Observed)
    assert found.params == turned


@pytest.mark.parametrize("verb", ["create", "update"])
def test_a_child_that_is_not_known_yet_is_waited_for(stage: Stage, verb: str) -> None:
    target = calculated_check(stage)
    made = stage.make(target) if verb == "update" else None
    unknown = [*target.params["children"][1:], "00000000-0000-0000-0000-000000000000"]
    wanted = replace(target, params={**target.params, "children": unknown})
    known = replace(wanted, physical_id=made.physical_id if made else "")
    call = partial(stage.provider.update, known, made.params) if made else partial(stage.provider.create, known)

    with pytest.raises(Transient):
        call()
