"""Desired × inventory × observed → a plan. Pure: the time is an argument.

The rules, in the order in which they are applied:

    wanted, not there                        create, once all that it needs is ready
    wanted, there, differs                   update, once all that it needs is ready and unchanging
    wanted, there, AWS still at it           under way
    wanted, there, not ours                  a problem: conflict
    wanted, differs in a fixed param         a problem: fixed
    not wanted, there                        delete, once nothing that stands points to it
    not wanted, there, holds data            retain; with consent delete, after all else of its scope (what was
                                             retained before too)
    not wanted, not there, or not ours       forget
    not wanted, adopted, not marked as ours  leave it for the draft that wants it; forget where nothing is wanted
    could not be looked at                   a problem, and what needs it waits: unknown changes nothing
    one lane                                 one change at a time; nothing joins a namesake that is not ours
    one group (a record set), one shape      new members first, then old ones go: never empty
    one group, new shape                     all in one atomic batch: policies can't be mixed
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from typing import Any

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

CALLS = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})
MARK = "tags.antipode:ref"
DELETING = "DELETING"  # AWS's word for what is on its way out

Looks = Mapping[Ref, Observed | Unobserved | None]


def diff(
    specs: Iterable[Spec],
    inventory: Mapping[Ref, Known],
    looks: Looks,
    *,
    traits: Callable[[str], Traits],
    now: float,
    consent: Collection[str] = (),
    busy: Collection[Ref] = (),
    held: Callable[[Change], Waiting | None] = lambda change: None,
) -> Plan:
    """What must be done so that the world becomes as `specs` say.

    consent  names of the data that may be destroyed, see `consented`
    busy     what is being changed right now: left alone, and waited for by what needs it
    held     why a change is not tried now although all that it needs is there (its next try is due later)
    """
    wanted = {spec.ref: spec for spec in specs}
    draft = _Draft(wanted, inventory, looks, traits, now, frozenset(consent), frozenset(busy))
    for ref in in_order({ref: spec.edges() for ref, spec in draft.specs.items()}):
        draft.want(draft.specs[ref])
    gone = {ref: known.edges for ref, known in inventory.items() if ref not in draft.specs}
    for ref in reversed(in_order(gone)):
        draft.let_go(inventory[ref])
    changes = _data_last(list(draft.changes.values()), traits)
    changes = _groups(changes, draft)
    changes = [
        replace(change, waiting=(*change.waiting, why)) if (why := held(change)) else change for change in changes
    ]
    changes = _lanes(changes, draft)
    return Plan(tuple(changes), tuple(draft.underway), tuple(draft.problems))


def consented(ref: Ref, consent: Collection[str]) -> bool:
    """Whether somebody consented to lose this data: by its component's name, or by "<region>/<name>" in one region."""
    return ref.name in consent or f"{ref.scope}/{ref.name}" in consent


def in_order(edges: Mapping[Ref, frozenset[Ref]]) -> list[Ref]:
    """Refs so that each comes after all that it points to; equal ones by name, so that plans read alike each time."""
    sorter = TopologicalSorter({ref: sorted(edges[ref] & edges.keys()) for ref in sorted(edges)})
    return list(sorter.static_order())


@dataclass
class _Draft:
    """A plan in the making."""

    specs: Mapping[Ref, Spec]
    inventory: Mapping[Ref, Known]
    looks: Looks
    traits: Callable[[str], Traits]
    now: float
    consent: frozenset[str]
    busy: frozenset[Ref]
    changes: dict[Ref, Change] = field(default_factory=dict)
    underway: list[tuple[Ref, Waiting]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def row(self, ref: Ref) -> Spec | Known:
        return self.specs.get(ref) or self.inventory[ref]

    # -- what should be there

    def want(self, spec: Spec) -> None:
        look = self.looks.get(spec.ref)
        if spec.ref in self.busy:
            self.underway.append((spec.ref, Waiting("is being changed", spec.ref)))
        elif isinstance(look, Unobserved):
            self.problems.append(_unobserved(spec.ref, look))
        elif look is None:
            self.create(spec)
        elif not self.ours(spec.ref, look):
            self.problems.append(_conflict(spec.ref, look))
        elif not look.ready:
            self.underway.append((spec.ref, Waiting(look.status or "AWS is at work on it", spec.ref)))
        else:
            self.compare(spec, look)

    def create(self, spec: Spec) -> None:
        params, unresolved = self.resolve(spec.params)
        known = self.inventory.get(spec.ref)
        gone = known is not None and known.state is State.LIVE
        self.changes[spec.ref] = Change(
            spec.ref,
            Action.CREATE,
            "it is gone from AWS" if gone else "it is not there yet",
            params=params,
            context=spec.context,
            waiting=self.waits(spec, unresolved),
            serving=spec.serving,
        )

    def compare(self, spec: Spec, look: Observed) -> None:
        params, unresolved = self.resolve(spec.params)
        differences = tuple(_marking(spec.ref, each) for each in self.differences(params, look.params))
        if not differences:
            return
        fixed = [d for d in differences if d.path.split(".")[0].split("[")[0] in self.traits(spec.ref.kind).fixed]
        if fixed:
            self.problems.append(_fixed(spec.ref, fixed[0]))
            return
        self.changes[spec.ref] = Change(
            spec.ref,
            Action.UPDATE,
            "differs in " + ", ".join(sorted({d.path for d in differences})),
            params=params,
            context=spec.context,
            differences=differences,
            waiting=self.waits(spec, unresolved),
            physical_id=look.physical_id,
            before=look.params,
            serving=spec.serving,
        )

    def waits(self, spec: Spec, unresolved: list[Waiting]) -> tuple[Waiting, ...]:
        early = {out.ref for out in spec.outs if out.early}
        rest = [w for ref in sorted(spec.edges()) if (w := self.unsettled(ref, early=ref in early))]
        named = {w.ref for w in unresolved}
        return (*unresolved, *(w for w in rest if w.ref not in named))

    def unsettled(self, ref: Ref, *, early: bool) -> Waiting | None:
        """Why what needs `ref` can't be changed yet; None where it can."""
        look = self.looks.get(ref)
        if ref in self.busy:
            return Waiting("is being changed", ref)
        if isinstance(look, Unobserved):
            return Waiting("could not be looked at", ref)
        if look is None:
            return Waiting("is not there yet", ref)
        if not self.ours(ref, look):
            return Waiting("is not ours", ref)
        if early:
            return None
        if not look.ready:
            return Waiting(look.status or "is not ready yet", ref)
        if ref in self.changes:
            return Waiting("is changed first", ref)
        return None

    def ours(self, ref: Ref, look: Observed) -> bool:
        known = self.inventory.get(ref)
        return look.ours or (known is not None and known.state is State.ADOPTED)

    # -- references

    def resolve(self, params: Mapping[str, Any]) -> tuple[dict[str, Any], list[Waiting]]:
        """Params with what is known put in; `KNOWN_AFTER_APPLY` and a `Waiting` for what is not."""
        waiting: list[Waiting] = []
        return {key: self._value(value, waiting) for key, value in params.items()}, waiting

    def _value(self, value: Any, waiting: list[Waiting]) -> Any:
        if isinstance(value, Out):
            return self._output(value, waiting)
        if isinstance(value, Text):
            parts = [part if isinstance(part, str) else self._output(part, waiting) for part in value.parts]
            return KNOWN_AFTER_APPLY if KNOWN_AFTER_APPLY in parts else "".join(str(part) for part in parts)
        if isinstance(value, dict):
            return {key: self._value(item, waiting) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(item, waiting) for item in value]
        return value

    def _output(self, out: Out, waiting: list[Waiting]) -> Any:
        look = self.looks.get(out.ref)
        if isinstance(look, Unobserved):  # ids don't change while nobody can look
            known = self.inventory.get(out.ref)
            outputs: Mapping[str, Any] = known.outputs if known else {}
        elif look is None or not self.ours(out.ref, look) or not (look.ready or out.early):
            outputs = {}
        else:
            outputs = look.outputs
        changing = out.ref in self.changes or out.ref in self.busy
        turning = changing and out.attribute in self.traits(out.ref.kind).volatile
        if turning or outputs.get(out.attribute) is None:
            waiting.append(Waiting("is known after apply", out.ref, out.attribute))
            return KNOWN_AFTER_APPLY
        return outputs[out.attribute]

    def differences(self, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterable[Difference]:
        for key, value in wanted.items():
            yield from _differ(key, found.get(key), value)

    # -- what should not be there

    def let_go(self, known: Known) -> None:
        ref = known.ref
        look = self.looks.get(ref)
        if known.state is State.RETAINED and not consented(ref, self.consent):
            return
        if ref in self.busy:
            self.underway.append((ref, Waiting("is being changed", ref)))
        elif known.state is State.DRAINING:
            if known.hold_until is None:
                self.underway.append((ref, Waiting("its removal reaches the name servers", ref)))
            elif known.hold_until > self.now:
                self.underway.append((ref, Waiting("users still have its answer", ref, until=known.hold_until)))
            else:
                self.drop(known, Action.FORGET, "drained")
        elif isinstance(look, Unobserved):
            self.problems.append(_unobserved(ref, look))
        elif look is None:
            self.drop(known, Action.FORGET, "it is gone from AWS")
        elif not look.ours and known.state is State.ADOPTED:
            if not self.specs:  # else a draft that is not released yet may want it
                self.drop(known, Action.FORGET, "it was adopted and never taken in use")
        elif not look.ours:
            self.drop(known, Action.FORGET, "what stands there is not ours")
        elif self.traits(ref.kind).data and not consented(ref, self.consent):
            self.drop(known, Action.RETAIN, "it holds data and nobody consented to lose it")
        elif not look.ready and (known.lane or look.status == DELETING):
            self.underway.append((ref, Waiting(look.status or "AWS is at work on it", ref)))
        else:  # a certificate that is still pending can go; what can't, its kind answers with Transient
            users = sorted(
                other.ref
                for other in self.inventory.values()
                if ref in other.edges and other.state is not State.RETAINED and other.ref != ref
            )
            waiting = tuple(Waiting("still needs it", user, until=self.inventory[user].hold_until) for user in users)
            self.drop(known, Action.DELETE, "it is no longer wanted", waiting=waiting, look=look)

    def drop(
        self,
        known: Known,
        action: Action,
        reason: str,
        *,
        waiting: tuple[Waiting, ...] = (),
        look: Observed | None = None,
    ) -> None:
        self.changes[known.ref] = Change(
            known.ref,
            action,
            reason,
            params=known.params,
            context=known.context,
            waiting=waiting,
            physical_id=look.physical_id if look else known.physical_id,
            before=look.params if look else {},
        )


def _marking(ref: Ref, difference: Difference) -> Difference:
    """Where our mark is missing, what it will be: no param of a spec, since each update brings it."""
    if difference.path != MARK:
        return difference
    return Difference(MARK, difference.before or None, str(ref))


def _differ(path: str, found: Any, wanted: Any) -> Iterable[Difference]:
    """Where two JSON values differ, as deep as both are mappings."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in sorted({*found, *wanted}):
            yield from _differ(f"{path}.{key}", found.get(key), wanted.get(key))
    elif found != wanted and _plain(found) != _plain(wanted):
        yield Difference(path, found, wanted)


def _plain(value: Any) -> Any:
    """Tuples as lists, as JSON would read them back."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _data_last(changes: list[Change], traits: Callable[[str], Traits]) -> list[Change]:
    """Data goes after everything else of its scope is gone."""
    others = {
        change.ref.scope: change.ref
        for change in changes
        if change.action is Action.DELETE and not traits(change.ref.kind).data
    }
    return [
        replace(change, waiting=(*change.waiting, Waiting("is deleted before the data", others[change.ref.scope])))
        if change.action is Action.DELETE
        and traits(change.ref.kind).data
        and change.ref.scope in others
        and not change.waiting
        else change
        for change in changes
    ]


def _groups(changes: list[Change], draft: _Draft) -> list[Change]:
    """Keep record sets whole: see the last two rules of the module."""
    result = {change.ref: change for change in changes}
    going: dict[str, list[Ref]] = {}
    for change in changes:
        if change.action is Action.DELETE and (group := draft.row(change.ref).group):
            going.setdefault(group, []).append(change.ref)
    for group, leaving in going.items():
        coming = [ref for ref, spec in draft.specs.items() if spec.group == group and draft.unsettled(ref, early=False)]
        if not coming:  # the others stand, or the name is given up as a whole
            continue
        if _shapes(coming, draft.specs) != _shapes(leaving, draft.inventory) and all(ref in result for ref in coming):
            together = tuple(waiting for ref in coming for waiting in result[ref].waiting)
            for ref in (*coming, *leaving):
                result[ref] = replace(result[ref], waiting=together, atomic=group)
        else:
            for ref in leaving:
                first = Waiting("takes its place first", coming[0])
                result[ref] = replace(result[ref], waiting=(*result[ref].waiting, first))
    return list(result.values())


def _shapes(refs: Iterable[Ref], rows: Mapping[Ref, Spec] | Mapping[Ref, Known]) -> set[str | None]:
    return {rows[ref].shape for ref in refs}


def _lanes(changes: list[Change], draft: _Draft) -> list[Change]:
    """Of each lane only one ready change stays ready, and none while AWS is at work on a member.

    Nothing joins a lane in which a namesake stands that is not ours: it could not be joined with that one.
    """
    foreign = {
        lane: problem.ref
        for problem in draft.problems
        if problem.code == "conflict" and (lane := draft.row(problem.ref).lane)
    }
    changes = [
        replace(change, waiting=(*change.waiting, Waiting("is not ours", foreign[lane])))
        if change.action is Action.CREATE and (lane := draft.row(change.ref).lane) in foreign and lane
        else change
        for change in changes
    ]
    busy: dict[str, Ref] = {}
    for ref, _ in draft.underway:
        if lane := draft.row(ref).lane:
            busy.setdefault(lane, ref)
    first: dict[str, Change] = {}
    for change in changes:
        lane = draft.row(change.ref).lane
        if lane and change.ready and change.action in CALLS:
            first[lane] = min(first.get(lane, change), change, key=_turn)
    result = []
    for change in changes:
        lane = draft.row(change.ref).lane
        if lane and change.ready and change.action in CALLS:
            turn = busy.get(lane, first[lane].ref)
            if turn != change.ref:
                change = replace(change, waiting=(Waiting("one change at a time", turn),))
        result.append(change)
    return result


def _turn(change: Change) -> int:
    """Members of a lane are made in the order of their context's regions, and deleted in the reverse: the first is what
    the others were copied from, and DynamoDB keeps such a source for a day while its copies exist."""
    regions = list(change.context.get("regions", ()))
    place = regions.index(change.ref.scope) if change.ref.scope in regions else len(regions)
    return -place if change.action is Action.DELETE else place


def _unobserved(ref: Ref, look: Unobserved) -> Problem:
    return Problem(ref, "unobserved", look.why, "It is looked at again by itself; nothing that needs it is changed.")


def _conflict(ref: Ref, look: Observed) -> Problem:
    return Problem(
        ref,
        "conflict",
        f"{look.physical_id} exists already and does not carry our mark",
        "Adopt it (manage.py adopt), remove or rename it in AWS, or give the component another name.",
    )


def _fixed(ref: Ref, difference: Difference) -> Problem:
    return Problem(
        ref,
        "fixed",
        f"AWS has no way to change {difference.path} from {difference.before!r} to {difference.after!r}",
        f"Set {difference.path} back, or give the component a new name: a new one is made and the old one is retained.",
    )
