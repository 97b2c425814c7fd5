"""Each rule of planning once, and what holds for any sequence of worlds."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.plan.diff import diff, in_order
from deployments.plan.model import (
    KNOWN_AFTER_APPLY,
    Action,
    Change,
    Difference,
    Known,
    Observed,
    Out,
    Plan,
    Problem,
    Ref,
    Spec,
    State,
    Text,
    Traits,
    Unobserved,
    Waiting,
)

TRAITS = {
    "table": Traits(data=True, fixed=frozenset({"key"})),
    "function": Traits(volatile=frozenset({"version"})),
    "record": Traits(batched=True),
}
NOW = 1_000.0
Looks = Mapping[Ref, Observed | Unobserved | None]


def ref(kind: str, scope: str = "west", name: str = "n") -> Ref:
    return Ref("kv", kind, scope, name)


ROLE, TABLE, FUNCTION, ALIAS, API = (ref(kind) for kind in ("role", "table", "function", "alias", "api"))


def plan(specs: Iterable[Spec] = (), known: Iterable[Known] = (), looks: Looks | None = None, **named: Any) -> Plan:
    inventory = {row.ref: row for row in known}
    return diff(specs, inventory, looks or {}, traits=lambda kind: TRAITS.get(kind, Traits()), now=NOW, **named)


def live(of: Ref, *edges: Ref, **named: Any) -> Known:
    return Known(of, State.LIVE, f"{of.kind}-1", edges=frozenset(edges), **named)


def there(of: Ref, params: Mapping[str, Any] | None = None, **named: Any) -> Observed:
    outputs = {"arn": f"arn:{of.kind}", "version": "1"}
    return Observed(f"{of.kind}-1", params or {}, named.pop("outputs", outputs), **named)


# -- wanted


def test_wanted_and_not_there_is_created() -> None:
    spec = Spec(ROLE, {"name": "r"}, context={"why": "x"}, serving=True)
    created = Change(
        ROLE, Action.CREATE, "it is not there yet", params={"name": "r"}, context={"why": "x"}, serving=True
    )
    assert plan([spec]) == Plan((created,))


def test_what_was_made_and_is_gone_is_created_again() -> None:
    created = Change(ROLE, Action.CREATE, "it is gone from AWS", params={})
    assert plan([Spec(ROLE, {})], [live(ROLE)]) == Plan((created,))


def test_wanted_and_there_as_wanted_is_left_alone() -> None:
    """Keys that the spec does not name are AWS's, and a tuple is the same as a list, on either side."""
    spec = Spec(ROLE, {"tags": {"a": ("x",)}, "names": [{"k": "v"}]})
    found = there(ROLE, {"tags": {"a": ["x"]}, "names": ({"k": "v"},), "made_at": "then"})
    assert plan([spec], [live(ROLE)], {ROLE: found}).empty


def test_what_differs_is_updated_and_says_where() -> None:
    spec = Spec(FUNCTION, {"memory_mb": 256, "env": {"A": "1", "B": "2"}}, context={"c": 1}, serving=True)
    found = there(FUNCTION, {"memory_mb": 128, "env": {"A": "1", "C": "3"}})
    updated = Change(
        FUNCTION,
        Action.UPDATE,
        "differs in env.B, env.C, memory_mb",
        params=spec.params,
        context={"c": 1},
        differences=(
            Difference("memory_mb", 128, 256),
            Difference("env.B", None, "2"),
            Difference("env.C", "3", None),
        ),
        physical_id="function-1",
        before=found.params,
        serving=True,
    )
    assert plan([spec], [live(FUNCTION)], {FUNCTION: found}) == Plan((updated,))


@pytest.mark.parametrize(("status", "told"), [("CREATING", "CREATING"), ("", "AWS is at work on it")])
def test_what_aws_is_still_at_is_under_way(status: str, told: str) -> None:
    look = there(TABLE, ready=False, status=status)
    assert plan([Spec(TABLE, {})], [live(TABLE)], {TABLE: look}) == Plan(underway=((TABLE, Waiting(told, TABLE)),))


def test_a_namesake_that_is_not_ours_is_a_conflict() -> None:
    conflict = Problem(
        ROLE,
        "conflict",
        "role-1 exists already and does not carry our mark",
        "Adopt it (manage.py adopt), remove or rename it in AWS, or give the component another name.",
    )
    assert plan([Spec(ROLE, {"a": 1})], [], {ROLE: there(ROLE, ours=False)}) == Plan(problems=(conflict,))


def test_what_was_adopted_counts_as_ours() -> None:
    adopted = Known(ROLE, State.ADOPTED)
    assert [c.action for c in plan([Spec(ROLE, {"a": 1})], [adopted], {ROLE: there(ROLE, ours=False)}).changes] == [
        Action.UPDATE
    ]


def test_what_was_adopted_for_a_draft_is_left_for_it() -> None:
    """The release does not want it yet: neither drift nor a repair of that release may undo the adoption."""
    adopted = Known(FUNCTION, State.ADOPTED)
    looks = {ROLE: there(ROLE), FUNCTION: there(FUNCTION, ours=False)}
    assert plan([Spec(ROLE, {})], [live(ROLE), adopted], looks) == Plan()


def test_what_can_not_be_changed_is_a_problem() -> None:
    fixed = Problem(
        TABLE,
        "fixed",
        "AWS has no way to change key.id from 'S' to 'N'",
        "Set key.id back, or give the component a new name: a new one is made and the old one is retained.",
    )
    found = there(TABLE, {"key": {"id": "S"}})
    assert plan([Spec(TABLE, {"key": {"id": "N"}})], [live(TABLE)], {TABLE: found}) == Plan(problems=(fixed,))


def test_what_is_being_changed_right_now_is_under_way() -> None:
    busy = Waiting("is being changed", ROLE)
    assert plan([Spec(ROLE, {})], busy={ROLE}) == Plan(underway=((ROLE, busy),))


# -- what a change needs


@pytest.mark.parametrize(
    ("look", "busy", "why"),
    [
        (None, False, "is not there yet"),
        (there(API), True, "is being changed"),
        (Unobserved("out"), False, "could not be looked at"),
        (there(API, ours=False), False, "is not ours"),
        (there(API, ready=False, status="PENDING"), False, "PENDING"),
        (there(API, ready=False), False, "is not ready yet"),
        (there(API, {"size": 2}), False, "is changed first"),
    ],
)
def test_a_change_waits_until_all_that_it_needs_is_ready(
    look: Observed | Unobserved | None, busy: bool, why: str
) -> None:
    specs = [Spec(API, {"size": 1}), Spec(ROLE, {}, after=frozenset({API}))]
    found = plan(specs, [live(API)], {API: look}, busy={API} if busy else ())
    assert [c.waiting for c in found.changes if c.ref == ROLE] == [(Waiting(why, API),)]


def test_what_uses_an_output_waits_for_the_update_of_its_resource() -> None:
    """Although the output itself is known and stays the same; an early one is used at once."""
    specs = [
        Spec(API, {"size": 1}),
        Spec(ROLE, {"api": Out(API, "arn")}),
        Spec(ALIAS, {"api": Out(API, "arn", early=True)}),
    ]
    found = plan(specs, [live(API)], {API: there(API, {"size": 2})})
    waits = {change.ref: change.waiting for change in found.changes}
    assert waits == {API: (), ROLE: (Waiting("is changed first", API),), ALIAS: ()}


def test_outputs_are_put_in_at_any_depth() -> None:
    wanted = {"a": Out(ROLE, "arn"), "b": [Text(("is ", Out(ROLE, "arn"), "!")), {"c": Out(ROLE, "version")}], "d": 7}
    found = plan([Spec(ROLE, {}), Spec(API, wanted)], [live(ROLE)], {ROLE: there(ROLE)})
    resolved = {"a": "arn:role", "b": ["is arn:role!", {"c": "1"}], "d": 7}
    assert found == Plan((Change(API, Action.CREATE, "it is not there yet", params=resolved),))


def test_what_is_not_known_yet_is_known_after_apply() -> None:
    specs = [Spec(ROLE, {}), Spec(API, {"role": Out(ROLE, "arn"), "text": Text(("x", Out(ROLE, "arn")))})]
    unknown = Waiting("is known after apply", ROLE, "arn")
    after = {"role": KNOWN_AFTER_APPLY, "text": KNOWN_AFTER_APPLY}
    assert plan(specs) == Plan(
        (
            Change(ROLE, Action.CREATE, "it is not there yet", params={}),
            Change(API, Action.CREATE, "it is not there yet", params=after, waiting=(unknown, unknown)),
        )
    )


def test_an_output_that_an_update_turns_is_known_after_apply() -> None:
    specs = [
        Spec(FUNCTION, {"size": 2}),
        Spec(ALIAS, {"version": Out(FUNCTION, "version"), "of": Out(FUNCTION, "arn")}),
    ]
    looks = {FUNCTION: there(FUNCTION, {"size": 1}), ALIAS: there(ALIAS, {"version": "1", "of": "arn:function"})}
    alias = plan(specs, [live(FUNCTION), live(ALIAS)], looks).changes[1]
    assert alias.differences == (Difference("version", "1", KNOWN_AFTER_APPLY),)
    assert alias.waiting == (Waiting("is known after apply", FUNCTION, "version"),)


def test_an_early_output_does_not_wait_for_its_resource_to_be_ready() -> None:
    certificate = ref("certificate")
    specs = [Spec(certificate, {}), Spec(API, {"name": Out(certificate, "arn", early=True)})]
    pending = there(certificate, ready=False, status="PENDING_VALIDATION")
    found = plan(specs, [live(certificate)], {certificate: pending})
    assert found.changes == (Change(API, Action.CREATE, "it is not there yet", params={"name": "arn:certificate"}),)


@pytest.mark.parametrize(
    ("known", "params"),
    [([live(ROLE, outputs={"arn": "arn:role"})], {"role": "arn:role"}), ([], {"role": KNOWN_AFTER_APPLY})],
)
def test_ids_of_what_could_not_be_looked_at_are_those_last_seen(known: list[Known], params: dict[str, str]) -> None:
    specs = [Spec(ROLE, {}), Spec(API, {"role": Out(ROLE, "arn")})]
    (change,) = plan(specs, known, {ROLE: Unobserved("out")}).changes
    assert change.params == params
    assert not change.ready


def test_what_could_not_be_looked_at_is_not_changed() -> None:
    unobserved = Problem(
        ROLE, "unobserved", "no answer", "It is looked at again by itself; nothing that needs it is changed."
    )
    for specs in ([Spec(ROLE, {"a": 1})], []):
        assert plan(specs, [live(ROLE)], {ROLE: Unobserved("no answer")}) == Plan(problems=(unobserved,))


def test_a_change_whose_next_try_is_due_later_is_held() -> None:
    later = Waiting("Throttled", until=NOW + 5)
    (change,) = plan([Spec(ROLE, {})], held=lambda change: later if change.ref == ROLE else None).changes
    assert change.waiting == (later,)


# -- not wanted


def deleted(of: Ref, *waiting: Waiting, **named: Any) -> Change:
    return Change(of, Action.DELETE, "it is no longer wanted", waiting=waiting, physical_id=f"{of.kind}-1", **named)


def test_not_wanted_and_there_is_deleted() -> None:
    row = live(ROLE, params={"old": 1}, context={"c": 1})
    gone = deleted(ROLE, params={"old": 1}, context={"c": 1}, before={"now": 2})
    assert plan([], [row], {ROLE: there(ROLE, {"now": 2})}) == Plan((gone,))


def test_it_is_deleted_once_nothing_that_stands_points_to_it() -> None:
    rows = [live(ROLE), live(FUNCTION, ROLE), Known(TABLE, State.RETAINED, edges=frozenset({ROLE}))]
    looks = {ROLE: there(ROLE), FUNCTION: there(FUNCTION)}
    assert plan([], rows, looks) == Plan((deleted(FUNCTION), deleted(ROLE, Waiting("still needs it", FUNCTION))))


@pytest.mark.parametrize(
    ("known", "look", "reason"),
    [
        (live(ROLE), None, "it is gone from AWS"),
        (live(ROLE), there(ROLE, ours=False), "what stands there is not ours"),
        (Known(ROLE, State.ADOPTED, "role-1"), there(ROLE, ours=False), "it was adopted and never taken in use"),
        (Known(ROLE, State.DRAINING, "role-1", hold_until=NOW), None, "drained"),
    ],
)
def test_what_is_gone_is_forgotten(known: Known, look: Observed | None, reason: str) -> None:
    assert plan([], [known], {ROLE: look}) == Plan((Change(ROLE, Action.FORGET, reason, physical_id="role-1"),))


@pytest.mark.parametrize(
    ("hold_until", "waiting"),
    [
        (None, Waiting("its removal reaches the name servers", ref("record"))),
        (NOW + 90, Waiting("users still have its answer", ref("record"), until=NOW + 90)),
    ],
)
def test_what_a_removed_record_pointed_to_stays_until_it_is_drained(hold_until: float | None, waiting: Waiting) -> None:
    record = ref("record")
    draining = Known(record, State.DRAINING, edges=frozenset({API}), hold_until=hold_until)
    gone = deleted(API, Waiting("still needs it", record, until=hold_until))
    assert plan([], [draining, live(API)], {API: there(API)}) == Plan((gone,), underway=((record, waiting),))


@pytest.mark.parametrize(
    ("row", "look", "underway"),
    [
        (live(ROLE), there(ROLE, ready=False, status="DELETING"), Waiting("DELETING", ROLE)),
        (live(ROLE, lane="l"), there(ROLE, ready=False), Waiting("AWS is at work on it", ROLE)),
    ],
)
def test_what_is_on_its_way_out_is_waited_for(row: Known, look: Observed, underway: Waiting) -> None:
    assert plan([], [row], {ROLE: look}) == Plan(underway=((ROLE, underway),))


def test_what_never_became_ready_is_deleted_as_it_is() -> None:
    """A certificate that nobody validated would be pending for days."""
    assert plan([], [live(ROLE)], {ROLE: there(ROLE, ready=False, status="PENDING")}) == Plan((deleted(ROLE),))


def test_what_is_being_changed_is_not_deleted() -> None:
    busy = Waiting("is being changed", ROLE)
    assert plan([], [live(ROLE)], {ROLE: there(ROLE)}, busy={ROLE}) == Plan(underway=((ROLE, busy),))


# -- data


def test_data_is_retained_without_consent() -> None:
    retained = Change(TABLE, Action.RETAIN, "it holds data and nobody consented to lose it", physical_id="table-1")
    assert plan([], [live(TABLE)], {TABLE: there(TABLE)}) == Plan((retained,))


def test_what_is_retained_stays_so() -> None:
    assert plan([], [Known(TABLE, State.RETAINED)], {TABLE: there(TABLE)}).empty


def test_data_goes_in_the_one_region_that_was_consented_to() -> None:
    rows = [Known(ref("table", scope), State.RETAINED, f"{scope}-1") for scope in ("west", "east")]
    looks = {row.ref: there(row.ref) for row in rows}
    found = plan([], rows, looks, consent={"east/n"})
    assert [(change.ref.scope, change.action) for change in found.changes] == [("east", Action.DELETE)]


@pytest.mark.parametrize("state", [State.LIVE, State.RETAINED])
def test_data_goes_with_consent_after_all_else_of_its_scope(state: State) -> None:
    table, elsewhere = replace(live(TABLE), state=state), live(ref("role", "east"))
    rows = [table, live(ROLE), elsewhere]
    looks = {row.ref: there(row.ref) for row in rows}
    found = {change.ref: change for change in plan([], rows, looks, consent={"n"}).changes}
    assert found == {
        TABLE: deleted(TABLE, Waiting("is deleted before the data", ROLE)),
        ROLE: deleted(ROLE),
        elsewhere.ref: deleted(elsewhere.ref),
    }
    assert plan([], [table], {TABLE: there(TABLE)}, consent={"n"}) == Plan((deleted(TABLE),))


# -- lanes


def replicas(*scopes: str) -> list[Spec]:
    return [Spec(ref("table", scope), {}, context={"regions": ["west", "east", "south"]}, lane="t") for scope in scopes]


def ready(found: Plan) -> list[str]:
    return [change.ref.scope for change in found.ready()]


def test_of_one_lane_one_is_made_at_a_time_in_the_order_of_its_regions() -> None:
    found = plan(replicas("east", "south", "west"))
    assert ready(found) == ["west"]
    assert [c.waiting for c in found.changes if not c.ready] == [(Waiting("one change at a time", TABLE),)] * 2


def test_of_one_lane_the_first_region_is_deleted_last() -> None:
    rows = [live(spec.ref, lane="t", context=spec.context) for spec in replicas("west", "east", "south")]
    assert ready(plan([], rows, {row.ref: there(row.ref) for row in rows}, consent={"n"})) == ["south"]


def test_a_region_that_the_manifest_does_not_name_any_more_goes_first() -> None:
    rows = [live(spec.ref, lane="t", context=spec.context) for spec in replicas("west", "north")]
    assert ready(plan([], rows, {row.ref: there(row.ref) for row in rows}, consent={"n"})) == ["north"]


def test_none_of_a_lane_is_changed_while_aws_is_at_work_on_a_member() -> None:
    """Another lane goes on."""
    other = Spec(ref("table", "west", "other"), {}, lane="other")
    found = plan([*replicas("west", "east"), other], [live(TABLE)], {TABLE: there(TABLE, ready=False)})
    assert [change.ref for change in found.ready()] == [other.ref]
    assert Waiting("one change at a time", TABLE) in [w for change in found.changes for w in change.waiting]


def test_nothing_joins_a_lane_in_which_a_namesake_stands() -> None:
    """It could not be joined with that one; what stands there is a problem for a person, and no try is made."""
    found = plan(replicas("west", "east"), looks={TABLE: there(TABLE, ours=False)})

    assert [problem.code for problem in found.problems] == ["conflict"]
    assert [(change.ref.scope, change.waiting) for change in found.changes] == [
        ("east", (Waiting("is not ours", TABLE),))
    ]


# -- record sets


def member(name: str, shape: str = "latency", *edges: Ref) -> Spec:
    return Spec(ref("record", "global", name), {"name": name}, group="kv A", shape=shape, after=frozenset(edges))


def standing(name: str, shape: str = "latency") -> tuple[Known, Observed]:
    of = ref("record", "global", name)
    return live(of, group="kv A", shape=shape), there(of, {"name": name})


def test_a_new_member_comes_before_an_old_one_goes() -> None:
    old, look = standing("old")
    new = member("new")
    assert plan([new], [old], {old.ref: look}) == Plan(
        (
            Change(new.ref, Action.CREATE, "it is not there yet", params={"name": "new"}),
            deleted(old.ref, Waiting("takes its place first", new.ref), before={"name": "old"}),
        )
    )


def test_an_old_member_goes_where_the_others_stand() -> None:
    (old, gone), (kept, look) = standing("old"), standing("kept")
    found = plan([member("kept")], [old, kept], {old.ref: gone, kept.ref: look})
    assert found == Plan((deleted(old.ref, before={"name": "old"}),))


def test_a_name_is_given_up_as_a_whole() -> None:
    rows = [standing("a"), standing("b")]
    assert len(plan([], [row for row, _ in rows], {row.ref: look for row, look in rows}).ready()) == 2


def test_a_new_shape_is_one_atomic_batch() -> None:
    """Nothing of it is sent before all of it can be."""
    old, look = standing("old", "simple")
    a, b = member("a", "latency", API), member("b")
    found = plan([Spec(API, {}), a, b], [old], {old.ref: look})
    waits = (Waiting("is not there yet", API),)
    batch = {change.ref: (change.action, change.waiting, change.atomic) for change in found.changes if change.atomic}
    assert batch == {
        a.ref: (Action.CREATE, waits, "kv A"),
        b.ref: (Action.CREATE, waits, "kv A"),
        old.ref: (Action.DELETE, waits, "kv A"),
    }
    found = plan([Spec(API, {}), a, b], [old, live(API)], {old.ref: look, API: there(API)})
    assert {change.ref for change in found.ready()} == {a.ref, b.ref, old.ref}


def test_a_new_shape_waits_for_a_member_that_is_under_way() -> None:
    old, look = standing("old", "simple")
    new, pending = standing("new")
    found = plan([member("new")], [old, new], {old.ref: look, new.ref: replace(pending, ready=False)})
    assert found.changes == (deleted(old.ref, Waiting("takes its place first", new.ref), before={"name": "old"}),)


def test_order_is_by_edges_and_then_always_the_same() -> None:
    """Edges that lead out of what is ordered count for nothing."""
    a, b, c = (ref("role", name=name) for name in "abc")
    free = dict.fromkeys((c, a, b), frozenset[Ref]())
    assert in_order(free) == [a, b, c]
    order = in_order({**free, a: frozenset({c, FUNCTION})})
    assert order.index(c) < order.index(a)
    assert order == in_order({a: frozenset({FUNCTION, c}), b: frozenset(), c: frozenset()})


# -- properties


@st.composite
def services(draw: st.DrawFn) -> tuple[Spec, ...]:
    """A service as its plan sees it: replicas of a table in a lane, functions, targets and a record set."""
    regions = draw(st.lists(st.sampled_from(["west", "east", "south"]), unique=True, max_size=3))
    shape = draw(st.sampled_from(["simple", "latency"])) if len(regions) == 1 else "latency"
    size, drain_s, tables = draw(st.integers(1, 2)), draw(st.sampled_from([0, 150])), draw(st.booleans())
    specs = []
    for region in regions:
        table, function, target = (ref(kind, region) for kind in ("table", "function", "target"))
        record = ref("record", "global", "kv A" if shape == "simple" else f"kv A {region}")
        if tables:
            specs.append(Spec(table, {"key": "id"}, context={"regions": regions}, lane="t"))
        uses = {"table": Text(("t:", Out(table, "id")))} if tables else {}
        specs += [
            Spec(function, {"size": size, "env": uses}),
            Spec(target, {"version": Out(function, "version"), "function": Out(function, "id")}),
            Spec(
                record,
                {"name": record.name, "target": Out(target, "id")},
                drain_s=drain_s,
                group="kv A",
                shape=shape,
            ),
        ]
    return tuple(specs)


@dataclass
class World:
    """Does what a plan says, one change at a time in any order, and sees to it that no promise is broken."""

    random: random.Random
    now: float = NOW
    looks: dict[Ref, Observed] = field(default_factory=dict)
    inventory: dict[Ref, Known] = field(default_factory=dict)

    def converge(self, specs: tuple[Spec, ...], consent: Collection[str]) -> None:
        wanted = {spec.ref: spec for spec in specs}
        for _ in range(60):
            found = diff(
                specs,
                self.inventory,
                self.looks,
                traits=lambda kind: TRAITS.get(kind, Traits()),
                now=self.now,
                consent=consent,
            )
            if found.empty:
                return
            lanes = Counter(self.lane(change.ref, wanted) for change in found.ready() if change.action in CALLS)
            assert all(count == 1 for lane, count in lanes.items() if lane)
            together: dict[object, list[Change]] = {}
            for change in found.ready():
                together.setdefault(change.atomic or change.ref, []).append(change)
            for part in self.random.sample(list(together.values()), len(together)):
                for change in sorted(part, key=lambda change: change.action is not Action.DELETE):
                    self.apply(change, wanted.get(change.ref))
                self.keeps_its_promises(wanted)
            touched = {change.ref for change in found.changes}
            for spec in specs:
                if spec.ref not in touched:
                    self.inventory[spec.ref] = self.row(spec)
            self.now += 20
        raise AssertionError("it never converged")

    def lane(self, of: Ref, wanted: Mapping[Ref, Spec]) -> str | None:
        return (wanted.get(of) or self.inventory[of]).lane

    def apply(self, change: Change, spec: Spec | None) -> None:
        row = self.inventory.get(change.ref)
        if change.action is Action.FORGET:
            del self.inventory[change.ref]
        elif change.action is Action.RETAIN:
            assert row is not None
            self.inventory[change.ref] = replace(row, state=State.RETAINED)
        elif change.action is Action.DELETE:
            assert row is not None
            self.deletes(change.ref)
            del self.looks[change.ref]
            drained = replace(row, state=State.DRAINING, hold_until=self.now + row.drain_s)
            self.inventory[change.ref] = drained if row.group else row
        else:
            assert spec is not None
            assert spec.edges() <= self.looks.keys(), "it was made before what it needs"
            assert KNOWN_AFTER_APPLY not in str(change.params)
            version = str(int(self.looks[change.ref].outputs["version"]) + 1) if change.ref in self.looks else "1"
            outputs = {"id": f"id of {change.ref}", "version": version}
            self.looks[change.ref] = Observed(change.ref.name, change.params, outputs)
            made = self.row(spec)
            self.inventory[change.ref] = replace(made, edges=made.edges | (row.edges if row else frozenset()))

    def row(self, spec: Spec) -> Known:
        return Known(
            spec.ref,
            State.LIVE,
            context=spec.context,
            edges=spec.edges(),
            lane=spec.lane,
            drain_s=spec.drain_s,
            group=spec.group,
            shape=spec.shape,
        )

    def deletes(self, of: Ref) -> None:
        users = [row for row in self.inventory.values() if of in row.edges and row.state is not State.RETAINED]
        assert not [row for row in users if row.ref in self.looks], "it was deleted while something needs it"
        assert all((row.hold_until or 0) <= self.now for row in users), "it was deleted while users have its answer"

    def keeps_its_promises(self, wanted: Mapping[Ref, Spec]) -> None:
        members = [row for row in self.inventory.values() if row.group and row.ref in self.looks]
        assert len({row.shape for row in members}) <= 1, "policies are mixed"
        served = any(row.group and row.state is State.DRAINING for row in self.inventory.values())
        if served and any(spec.group for spec in wanted.values()):
            assert members, "a name that had answers has none"


CALLS = {Action.CREATE, Action.UPDATE, Action.DELETE}


@given(st.lists(services(), min_size=1, max_size=4), st.integers(0, 2**32), st.booleans())
def test_once_everything_is_done_there_is_nothing_to_do(
    wanted: list[tuple[Spec, ...]], seed: int, consent: bool
) -> None:
    """Whatever was there before: what stands is what is wanted, with data that nobody consented to lose."""
    world = World(random.Random(seed))
    for specs in wanted:
        world.converge(specs, {"n"} if consent else ())
        kept = {row.ref for row in world.inventory.values() if row.state is State.RETAINED}
        assert set(world.looks) == {spec.ref for spec in specs} | kept
        assert not (kept and consent)
        assert {of.kind for of in kept} <= {"table"}


@given(services(), st.randoms(use_true_random=False))
def test_a_plan_does_not_depend_on_the_order_in_which_it_is_told(
    specs: tuple[Spec, ...], chance: random.Random
) -> None:
    """And each change comes after all that it needs."""
    shuffled = list(specs)
    chance.shuffle(shuffled)
    told, again = plan(specs), plan(shuffled)
    assert told == again
    place = {change.ref: position for position, change in enumerate(told.changes)}
    assert all(place[edge] < place[spec.ref] for spec in specs for edge in spec.edges())
