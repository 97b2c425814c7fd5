"""The provider as a whole: many looks at once, errors translated, stale reads not believed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployments.plan.model import Action, Change, Observed, Plan, Ref, Unobserved
from deployments.providers.aws.provider import STALE_READ_S, AwsProvider, discover
from deployments.providers.errors import Refused, Transient
from regions.aws import Access
from tests.deployments.providers.aws.cases import api, health_check, log_group, role, route
from tests.deployments.providers.aws.stage import ABROAD, HOME, Stage


def test_every_kind_is_found_under_its_own_name() -> None:
    assert {name: kind.name for name, kind in discover().items()} == {name: name for name in discover()}


def test_one_look_that_fails_does_not_spoil_the_others(stage: Stage) -> None:
    seen, unseen = log_group(stage), role(stage)
    stage.make(seen)
    stage.allow("log_group")

    found = stage.provider.observe([seen, unseen])

    assert isinstance(found[seen.ref], Observed)
    refused = found[unseen.ref]
    assert isinstance(refused, Unobserved)
    assert f"Allow iam:GetRole for the role arn:aws:iam::{stage.account}:role/antipode" in refused.why


def test_a_region_that_does_not_answer_leaves_the_others_to_be_seen(stage: Stage) -> None:
    near = [log_group(stage)]
    far = [
        stage.target("log_group", f"f{number}", {**near[0].params, "log_group_name": f"f{number}"}, scope=ABROAD)
        for number in range(40)
    ]
    stage.make(near[0])
    stage.fault(service="logs", region=ABROAD, do="drop", times=None)

    found = stage.provider.observe([*far, *near])

    assert isinstance(found[near[0].ref], Observed)
    assert all(isinstance(found[target.ref], Unobserved) for target in far)


def test_looking_at_nothing_is_fine(stage: Stage) -> None:
    assert stage.provider.observe([]) == {}


def test_routes_and_integrations_of_one_api_are_read_together(stage: Stage) -> None:
    first = route(stage)
    others = [
        stage.target("apigatewayv2_route", f"GET /{name}", {**first.params, "route_key": f"GET /{name}"})
        for name in ("a", "b", "c")
    ]
    for each in (first, *others):
        stage.make(each)
    before = len(stage.calls())

    found = stage.provider.observe([first, *others])

    assert all(isinstance(seen, Observed) for seen in found.values())
    assert [call["action"] for call in stage.calls()[before:]] == ["GetRoutes"]


def test_what_was_just_made_and_can_not_be_seen_yet_is_not_made_again(stage: Stage) -> None:
    """AWS's reads may be stale for a second; only then is its absence believed."""
    now = [0.0]
    provider = AwsProvider(stage.access, stage.owner, stage.artifacts.__getitem__, clock_s=lambda: now[0])
    target = role(stage)
    made = provider.create(target)
    stage.root("iam").delete_role(RoleName=made.outputs["name"])

    early = provider.observe([target])[target.ref]
    now[0] = STALE_READ_S + 0.1
    late = provider.observe([target])[target.ref]

    assert isinstance(early, Observed)
    assert (early.ready, early.status, early.physical_id) == (False, "not visible yet", made.physical_id)
    assert late is None


def test_what_was_just_made_is_ours_though_its_tags_can_not_be_seen_yet(stage: Stage) -> None:
    now = [0.0]
    provider = AwsProvider(stage.access, stage.owner, stage.artifacts.__getitem__, clock_s=lambda: now[0])
    target = role(stage)
    made = provider.create(target)
    tags = ["antipode:owner", "antipode:ref"]
    stage.root("iam").untag_role(RoleName=made.outputs["name"], TagKeys=tags)

    early = provider.observe([target])[target.ref]
    now[0] = STALE_READ_S + 0.1
    late = provider.observe([target])[target.ref]

    assert isinstance(early, Observed)
    assert isinstance(late, Observed)
    assert ((early.ours, early.ready), late.ours) == ((True, False), False)


def test_what_was_deleted_is_believed_to_be_gone(stage: Stage) -> None:
    target = role(stage)
    stage.provider.create(target)

    stage.provider.delete(target)

    assert stage.look(target) is None


def test_of_two_that_a_search_finds_the_older_stays(stage: Stage) -> None:
    target = api(stage)
    older = stage.make(target)
    gateway = stage.root("apigatewayv2", HOME)
    tags = {"antipode:owner": stage.owner, "antipode:ref": str(target.ref)}
    younger = gateway.create_api(Name="keyvalue", ProtocolType="HTTP", Tags=tags)
    listed = {each["ApiId"]: each["CreatedDate"] for each in gateway.get_apis()["Items"]}
    kept = min(listed, key=lambda api_id: (listed[api_id], api_id))

    found = stage.provider.create(replace(target, physical_id=""))

    assert {older.physical_id, younger["ApiId"]} == set(listed)
    assert found.physical_id == kept
    assert [each["ApiId"] for each in gateway.get_apis()["Items"]] == [kept]


def test_throttling_passes_by_itself(stage: Stage) -> None:
    stage.fault(action="CreateRole", do="throttle")

    with pytest.raises(Transient) as throttled:
        stage.provider.create(role(stage))

    assert not throttled.value.unknown_outcome


def test_a_record_alone_is_refused(stage: Stage) -> None:
    with pytest.raises(Refused):
        stage.provider.create(stage.record("Z1", stage.hostname, "A"))


def test_a_health_check_whose_reference_is_used_up_says_what_to_do(stage: Stage) -> None:
    target = health_check(stage)
    made = stage.make(target)
    stage.remove(replace(target, physical_id=made.physical_id))

    with pytest.raises(Refused) as used_up:
        stage.provider.create(target)

    assert "deploy again" in used_up.value.mend


def test_a_plan_tells_what_the_api_rates_cost(stage: Stage) -> None:
    domain = Ref("keyvalue", "apigatewayv2_domain", HOME, "kv.example.test")
    plan = Plan((Change(domain, Action.CREATE, ""), Change(domain, Action.DELETE, "")) * 2)
    access = Access(account_id=stage.account, role_arn="", external_id="", endpoint_url="", obey_api_rates=True)
    unlimited = replace(access, obey_api_rates=False)

    # One CreateDomainName and one DeleteDomainName each 30 s: the second of each waits.
    assert AwsProvider(access, "us", lambda _: b"").wait_s(plan) == pytest.approx(30.0)
    assert AwsProvider(unlimited, "us", lambda _: b"").wait_s(plan) == 0.0
