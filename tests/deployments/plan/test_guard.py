"""Guards: which plans are refused, which are warned of, and what a worker holds back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.plan import guard
from deployments.plan.guard import Guard, Member, Rotation, hold, judge, members, refused, standing
from deployments.plan.model import Action, Change, Known, Observed, Plan, Ref, Spec, State, Unobserved, Waiting

HOST = "kv.example.test"
A, B, C, D = "us-west-2", "eu-central-1", "ap-southeast-1", "sa-east-1"
REGIONS = (A, B, C, D)


def record(region: str, kind: str = "A", host: str = HOST) -> Ref:
    return Ref("kv", "route53_record", "global", f"{host} {kind} {region}")


def records(*regions: str, kinds: Collection[str] = ("A", "AAAA"), host: str = HOST) -> dict[Ref, Member]:
    return {record(region, kind, host): Member(region, host, f"{host} {kind}") for region in regions for kind in kinds}


def change(ref: Ref, action: Action, *waiting: Waiting, atomic: str | None = None) -> Change:
    return Change(ref, action, "", waiting=waiting, atomic=atomic)


def moving(*, leave: Collection[str] = (), join: Collection[str] = (), host: str = HOST) -> Plan:
    """The regions that leave and join, with all their records."""
    gone = [change(ref, Action.DELETE) for ref in records(*leave, host=host)]
    made = [change(ref, Action.CREATE) for ref in records(*join, host=host)]
    return Plan((*made, *gone))


def rotation(
    *now: str, wanted: Collection[str] = (), least: int = 1, host: str | None = HOST, **health: str
) -> Rotation:
    """`health` by the letter of the region; the others are up."""
    named = {"a": A, "b": B, "c": C, "d": D}
    verdicts = {**dict.fromkeys(REGIONS, "up"), **{named[letter]: status for letter, status in health.items()}}
    return Rotation(records(*now), records(*wanted), host, verdicts, least)


def names(guards: Collection[Guard]) -> list[str]:
    return [found.name for found in guards]


@pytest.mark.parametrize(
    ("plan", "world", "expected"),
    [
        # nothing leaves
        (Plan(), rotation(A, B, least=2), []),
        (moving(join=[A]), rotation(wanted=[A], least=2), []),
        (moving(join=[C]), rotation(A, B, wanted=[A, B, C]), []),
        (Plan((change(record(A), Action.UPDATE),)), rotation(A, B, least=2), []),
        # min_serving_regions
        (moving(leave=[C]), rotation(A, B, C, wanted=[A, B], least=2), ["capacity"]),
        (moving(leave=[B, C]), rotation(A, B, C, wanted=[A], least=2), ["min_serving_regions", "capacity"]),
        (moving(leave=[A], join=[C]), rotation(A, B, wanted=[B, C], least=2), []),
        # last_healthy: the healthy one leaves, the others are known to be ill or not known at all
        (moving(leave=[A]), rotation(A, B, wanted=[B], b="down"), ["last_healthy", "capacity", "fail_open"]),
        (moving(leave=[A]), rotation(A, B, wanted=[B], b="unknown"), ["last_healthy", "capacity"]),
        (moving(leave=[A]), rotation(A, B, wanted=[B], b="degraded"), ["capacity"]),
        (moving(leave=[B]), rotation(A, B, wanted=[A], b="down"), ["capacity"]),
        # unknown is not down, and not healthy: the last healthy one can't leave if none is
        (moving(leave=[A]), rotation(A, B, wanted=[B], a="unknown", b="unknown"), ["capacity"]),
        (moving(leave=[A]), rotation(A, B, wanted=[B], a="down", b="down"), ["capacity", "fail_open"]),
        # who joins may become healthy, unless it is known to be ill
        (moving(leave=[A], join=[C]), rotation(A, wanted=[C], c="unknown"), []),
        (moving(leave=[A], join=[C]), rotation(A, wanted=[C], c="down"), ["last_healthy", "fail_open"]),
        # never_empty: the name stays, its answers go
        (moving(leave=[A]), rotation(A), ["min_serving_regions", "last_healthy", "never_empty"]),
        (
            Plan((change(record(A, "AAAA"), Action.DELETE),)),
            rotation(A, wanted=[A]),
            ["never_empty"],
        ),
        # the policy changes: each record goes and comes
        (Plan((*moving(join=[A]).changes, *moving(leave=[A]).changes)), rotation(A, wanted=[A]), []),
        # consent: the service is destroyed, or another name is given up
        (moving(leave=[A]), rotation(A, host=None), []),
        (moving(leave=[A]), rotation(A, host="new.example.test"), []),
        # all that is left is ill, whatever changes
        (Plan((change(record(A), Action.UPDATE),)), rotation(A, B, a="down", b="down"), ["fail_open"]),
    ],
)
def test_guards_that_speak(plan: Plan, world: Rotation, expected: list[str]) -> None:
    assert names(judge(plan, world)) == expected


def test_a_guard_tells_its_numbers_and_its_override() -> None:
    plan, world = moving(leave=[A, B]), rotation(A, B, C, wanted=[C], least=2, c="down")

    few, last, capacity, fail_open = judge(plan, world)

    assert few.numbers == {"in_rotation": 3, "would_stay": 1, "min_serving_regions": 2}
    assert few.message == (
        "eu-central-1, us-west-2 would leave rotation and 1 region would stay, where safety.min_serving_regions is 2"
    )
    assert few.override == (
        'Send {"override_guards": {"guards": ["min_serving_regions"], "reason": "<why>"}} along, or --override-guard '
        'min_serving_regions --reason "<why>"; it needs the permission deployments.override_guards.'
    )
    assert last.numbers == {"healthy": 2, "healthy_that_stay": 0, "would_stay": {C: "down"}}
    assert "the last known to be healthy; ap-southeast-1 is down" in last.message
    assert (capacity.refuses, capacity.override) == (False, "")
    assert capacity.numbers == {"in_rotation": 3, "would_stay": 1, "load": "3/1"}
    assert "3 regions become 1: each gets 3/1 of its load, 3.00 times" in capacity.line()
    assert fail_open.line().startswith("? guard fail_open warns: ap-southeast-1: none of them is healthy")
    assert few.line().startswith("! guard min_serving_regions refuses: ")
    assert few.as_json() == {
        "name": "min_serving_regions",
        "refuses": True,
        "message": few.message,
        "numbers": dict(few.numbers),
        "override": few.override,
    }


def test_a_name_that_loses_its_last_answer_is_named() -> None:
    few, last, empty = judge(moving(leave=[A]), rotation(A))
    assert empty.numbers == {"record_sets": [f"{HOST} A", f"{HOST} AAAA"]}
    assert "no regions would stay" in few.message
    assert "none stays" in last.message


def test_a_guard_that_is_overridden_refuses_no_more() -> None:
    found = judge(moving(leave=[A]), rotation(A))
    assert names(refused(found)) == ["min_serving_regions", "last_healthy", "never_empty"]
    assert names(refused(found, ["last_healthy", "capacity"])) == ["min_serving_regions", "never_empty"]


def test_every_guard_has_its_name_in_one_of_the_lists() -> None:
    spoken = judge(moving(leave=[A, B]), rotation(A, B, C, wanted=[C], least=2, c="down"))
    assert {found.name for found in spoken if found.refuses} <= set(guard.REFUSING)
    alone = {"replication"}  # only an evacuation asks how far the copies lag
    assert {found.name for found in spoken if not found.refuses} == set(guard.WARNING) - {"replication"}, (
        "that one is measured, where the act is asked for" - alone
    )


# -- what stands


def known(region: str, state: State = State.LIVE, **fields: Any) -> Known:
    context = {"region": region, "hostname": HOST}
    return Known(record(region), state, context=context, group=f"{HOST} A", **fields)


STANDING = {record(A): Member(A, HOST, f"{HOST} A")}


@pytest.mark.parametrize(
    ("state", "look", "stands"),
    [
        (State.LIVE, Observed("id", {}), True),
        (State.LIVE, None, False),
        (State.LIVE, Unobserved("us-east-1 does not answer"), True),
        (State.LIVE, Observed("id", {}, ours=False), False),
        (State.ADOPTED, Observed("id", {}, ours=False), True),
        (State.PENDING, Observed("id", {}), False),
        (State.DRAINING, None, False),
    ],
)
def test_a_record_stands_unless_it_is_seen_to_be_gone(state: State, look: Any, stands: bool) -> None:
    rows = {record(A): known(A, state)}
    assert standing(rows, {record(A): look}) == (STANDING if stands else {})


def test_without_a_look_the_inventory_is_believed() -> None:
    assert standing({record(A): known(A)}) == STANDING


def test_only_records_that_lead_to_a_region_count() -> None:
    """Not those of a replica's own name, nor health checks, which know their region too."""
    own = Ref("kv", "route53_record", "global", f"{A}.{HOST} A")
    check = Ref("kv", "route53_health_check", "global", A)
    service = Spec(record(A), {}, context={"region": A, "hostname": HOST}, group=f"{HOST} A")
    specs = {
        own: Spec(own, {}, context={"hostname": HOST}),
        check: Spec(check, {}, context={"region": A}),
        record(A): service,
    }
    assert members(specs) == STANDING


# -- what a worker holds


def test_a_worker_holds_the_records_that_a_guard_refuses_and_nothing_else() -> None:
    other = change(Ref("kv", "lambda_function", B, "get"), Action.UPDATE)
    plan = replace(moving(leave=[A]), changes=(*moving(leave=[A]).changes, other))

    held, guards = hold(plan, rotation(A, B, wanted=[B], b="down"))

    assert names(guards) == ["last_healthy"]
    why = Waiting(f"guard last_healthy: {guards[0].message}")
    assert held.changes == (*(replace(one, waiting=(why,)) for one in moving(leave=[A]).changes), other)


def test_a_worker_does_what_nobody_refuses_or_somebody_overrode() -> None:
    fine = moving(leave=[A])
    assert hold(fine, rotation(A, B, wanted=[B])) == (fine, ())
    assert hold(fine, rotation(A, B, wanted=[B], b="down"), overridden=["last_healthy"]) == (fine, ())


def test_a_worker_judges_only_what_is_ready() -> None:
    """Who joins has not joined yet: once it has, the old one goes only if the new one is known to be healthy."""
    first = Waiting("takes its place first", record(C))
    waiting = Plan((*moving(join=[C]).changes, *(replace(c, waiting=(first,)) for c in moving(leave=[A]).changes)))
    assert hold(waiting, rotation(A, wanted=[C], c="unknown")) == (waiting, ())

    ready = moving(leave=[A])
    assert names(hold(ready, rotation(A, C, wanted=[C], c="unknown"))[1]) == ["last_healthy"]
    assert hold(ready, rotation(A, C, wanted=[C])) == (ready, ())


def test_what_goes_in_one_batch_is_held_as_one() -> None:
    """A policy changes while a region leaves."""
    kinds = {"kinds": ["A"]}
    plan = Plan(
        (
            change(record(B), Action.CREATE, atomic="set"),
            change(record(B), Action.DELETE, atomic="set"),
            change(record(A), Action.DELETE, atomic="set"),
        )
    )
    world = Rotation(records(A, B, **kinds), records(B, **kinds), HOST, {A: "up", B: "down"}, 1)  # type: ignore[arg-type]
    held, guards = hold(plan, world)
    assert names(guards) == ["last_healthy"]
    assert not held.ready()


def test_a_name_that_is_given_up_is_not_held_with_the_one_that_stays() -> None:
    old = moving(leave=[A], host="old.example.test")
    world = rotation(A, B, wanted=[B], b="down")
    both = replace(world, standing={**world.standing, **records(A, host="old.example.test")})
    held, guards = hold(replace(old, changes=(*old.changes, *moving(leave=[A]).changes)), both)
    assert names(guards) == ["last_healthy"]
    assert held.ready() == old.changes


# -- properties

_regions = st.sets(st.sampled_from(REGIONS))
_health = st.dictionaries(st.sampled_from(REGIONS), st.sampled_from(["up", "degraded", "down", "unknown"]))


def after(plan: Plan, world: Rotation) -> set[str]:
    """The regions in rotation once the plan is applied."""
    stands = dict(world.standing)
    for one in plan.changes:
        if one.action is Action.DELETE:
            stands.pop(one.ref, None)
    for one in plan.changes:
        if one.action is Action.CREATE:
            stands[one.ref] = world.wanted[one.ref]
    return {member.region for member in stands.values() if member.region}


@given(now=_regions, wanted=_regions, health=_health, least=st.integers(1, 4))
def test_a_plan_that_no_guard_refuses_is_safe(
    now: set[str], wanted: set[str], health: Mapping[str, str], least: int
) -> None:
    """If anybody leaves, enough stay, the name still has an answer, and somebody healthy stays or may join."""
    world = Rotation(records(*now), records(*wanted), HOST, health, least)
    plan = moving(leave=now - wanted, join=wanted - now)
    left = after(plan, world)
    if refused(judge(plan, world)) or not now - left:
        return
    assert len(left) >= least
    assert left
    well = {"up", "degraded"}
    if any(health.get(region) in well for region in now):
        hopeful = {region for region in left - now if health.get(region) != "down"}
        assert hopeful or any(health.get(region) in well for region in left)


@given(now=_regions, wanted=_regions, health=_health, least=st.integers(1, 4))
def test_nothing_refuses_where_nobody_leaves(
    now: set[str], wanted: set[str], health: Mapping[str, str], least: int
) -> None:
    world = Rotation(records(*now), records(*now | wanted), HOST, health, least)
    assert not refused(judge(moving(join=wanted - now), world))


@given(now=_regions, leave=_regions, health=_health, least=st.integers(1, 4))
def test_what_a_worker_goes_on_with_breaks_no_guard(
    now: set[str], leave: set[str], health: Mapping[str, str], least: int
) -> None:
    """Whatever was ready: after holding, the ready part is refused by none."""
    world = Rotation(records(*now), {}, HOST, health, least)
    held, _ = hold(moving(leave=now & leave), world)
    assert not refused(judge(Plan(held.ready()), world))


def tree(*, inner: bool, root_to: str, root: Action | None = None) -> tuple[Plan, Rotation]:
    """A set below the name's own, of A and B; the root's only record leads to it, to A or to C."""
    below = {record(region, host=f"eu._route.{HOST}"): region for region in (A, B)}
    sets = {ref: Member(region, HOST, f"eu._route.{HOST} A") for ref, region in below.items()}
    leads = {
        "inner": Member(None, HOST, f"{HOST} A", frozenset(below)),
        A: Member(A, HOST, f"{HOST} A"),
        C: Member(C, HOST, f"{HOST} A"),
    }
    own = record("default")
    gone = [change(ref, Action.DELETE) for ref in sets] if inner else []
    updated = [change(own, root)] if root else []
    standing_now = {own: leads["inner"], **sets}
    return Plan((*updated, *gone)), Rotation(standing_now, {own: leads[root_to]}, HOST, dict.fromkeys(REGIONS, "up"), 1)


def test_a_set_below_may_go_once_nothing_leads_to_it() -> None:
    assert names(judge(*tree(inner=True, root_to=A, root=Action.UPDATE))) == ["capacity"]
    assert "never_empty" in names(judge(*tree(inner=True, root_to="inner")))


def test_a_region_that_no_record_of_the_name_leads_to_is_out_of_rotation() -> None:
    """The set below still stands, and nobody comes there any more."""
    plan, world = tree(inner=False, root_to=A, root=Action.UPDATE)
    assert names(judge(plan, replace(world, least=2))) == ["min_serving_regions", "capacity"]
    held, guards = hold(plan, replace(world, least=2))
    assert names(guards) == ["min_serving_regions"]
    assert not held.ready()


def test_the_set_at_the_name_itself_never_empties() -> None:
    plan, world = tree(inner=False, root_to="inner", root=Action.DELETE)
    assert "never_empty" in names(judge(plan, replace(world, wanted={})))
