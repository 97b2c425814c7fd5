"""Safety guards: what a plan does to the regions that users are led to, and whether that is refused. Pure.

Judged where a plan is made (and shown), again by a deploy, and again by the worker before the record batch that would
break one: the world may have changed in between.

    refuses   min_serving_regions   fewer regions would stay in rotation than the manifest's safety says
              last_healthy          the last region known to be healthy would leave rotation
              never_empty           a name would lose all its answers while its service goes on
              healthy               a region that is not known to be well would come back into rotation
    warns     capacity              fewer regions carry the same load
              replication           what was written there may not be elsewhere yet
              fail_open             all that stay are unhealthy: Route 53 then counts all as healthy

In rotation: a record stands that the service's name leads to and that leads to the region, and no switch takes it out.
Unknown is not down, and not healthy either. A region that joins was not asked yet: the plan takes it for one that will
answer, the worker waits until it does. The set at the name itself never empties; one below it may go once nothing leads
to it. Destroying a service, or a name that the new manifest drops, is the caller's consent: nothing is judged.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from deployments.plan.model import Action, Change, Known, Observed, Plan, Ref, Spec, State, Unobserved, Waiting
from regions.verdict import Status

REFUSING = ("min_serving_regions", "last_healthy", "never_empty", "healthy")
WARNING = ("capacity", "replication", "fail_open")
GUARDS = (*REFUSING, *WARNING)

PERMISSION = "deployments.override_guards"

HEALTHY = frozenset({Status.UP, Status.DEGRADED})
STANDS = frozenset({State.LIVE, State.ADOPTED})


@dataclass(frozen=True)
class Guard:
    """One guard that has something to say. `numbers` are what it judged by, as JSON values."""

    name: str
    refuses: bool
    message: str
    numbers: Mapping[str, Any]

    @property
    def override(self) -> str:
        """How to do it all the same, and who may; "" for a warning."""
        if not self.refuses:
            return ""
        return (
            f'Send {{"override_guards": {{"guards": ["{self.name}"], "reason": "<why>"}}}} along, or '
            f'--override-guard {self.name} --reason "<why>"; it needs the permission {PERMISSION}.'
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "refuses": self.refuses,
            "message": self.message,
            "numbers": dict(self.numbers),
            "override": self.override,
        }

    def line(self) -> str:
        """For people: "! guard last_healthy refuses: …"."""
        return (
            f"{'!' if self.refuses else '?'} guard {self.name} {'refuses' if self.refuses else 'warns'}: {self.message}"
        )


class Member(NamedTuple):
    """One record of a service: the region that it leads to (None: to another set), of which name, in which record set,
    and what must stand before it: records among that are the set that it leads to."""

    region: str | None
    hostname: str
    group: str
    needs: frozenset[Ref] = frozenset()


@dataclass(frozen=True)
class Rotation:
    """What guards judge by.

    standing   the service's records that stand now
    wanted     those that the release asks for
    hostname   the name that the release has; None: it has none, or nothing shall be left
    health     the verdict on the replica of each region; one that is missing is unknown
    least      the manifest's min_serving_regions
    """

    standing: Mapping[Ref, Member]
    wanted: Mapping[Ref, Member]
    hostname: str | None
    health: Mapping[str, str]
    least: int


def members(rows: Mapping[Ref, Spec] | Mapping[Ref, Known]) -> dict[Ref, Member]:
    """The records among them that users are led by."""
    return {
        ref: Member(row.context.get("region"), row.context["hostname"], row.group, _needs(row))
        for ref, row in rows.items()
        if row.group and "hostname" in row.context
    }


def _needs(row: Spec | Known) -> frozenset[Ref]:
    return row.edges() if isinstance(row, Spec) else row.edges


def standing(
    known: Mapping[Ref, Known], looks: Mapping[Ref, Observed | Unobserved | None] | None = None
) -> dict[Ref, Member]:
    """The records that stand: in the inventory, and not seen to be gone. What could not be looked at stands."""
    return members(
        {
            ref: row
            for ref, row in known.items()
            if row.state in STANDS and (looks is None or _there(looks.get(ref), row.state))
        }
    )


def _there(look: Observed | Unobserved | None, state: State) -> bool:
    return isinstance(look, Unobserved) or (look is not None and (look.ours or state is State.ADOPTED))


def judge(plan: Plan, rotation: Rotation) -> tuple[Guard, ...]:
    """Every guard that refuses the plan or warns of it, the refusing ones first."""
    if rotation.hostname is None or not plan.changes:
        return ()
    before = {ref: one for ref, one in rotation.standing.items() if one.hostname == rotation.hostname}
    gone = {change.ref for change in plan.changes if change.action is Action.DELETE}
    made = {change.ref for change in plan.changes if change.action in (Action.CREATE, Action.UPDATE)}
    after = {ref: one for ref, one in before.items() if ref not in gone}
    after |= {ref: one for ref, one in rotation.wanted.items() if ref in made}
    groups = {ref: one.group for ref, one in {**before, **rotation.wanted}.items()}
    led_before, led_after = (_led(records, groups, rotation.hostname) for records in (before, after))
    move = _Move(
        was=_regions(before, led_before),
        then=_regions(after, led_after),
        health=rotation.health,
        least=rotation.least,
        name=rotation.hostname,
    )
    stood = {one.group for one in before.values()}
    emptied = sorted((stood & led_after) - {one.group for one in after.values()})
    found = (move.too_few(), move.last_healthy(), move.empties(emptied), move.capacity(), move.fail_open())
    return tuple(guard for guard in found if guard)


def judge_evacuation(rotation: Rotation, region: str) -> tuple[Guard, ...]:
    """What they say of taking a region out of rotation by its switch, the refusing ones first.

    The records stay: with nobody left Route 53 answers with all of them, the evacuated one too.
    """
    was = _in_rotation(rotation)
    if region not in was:
        return ()
    move = _Move(was, was - {region}, rotation.health, rotation.least, rotation.hostname or "")
    nobody = None
    if not move.then:
        nobody = Guard(
            "never_empty",
            True,
            f"nobody would stay in rotation for {move.name}: Route 53 then counts all as healthy, {region} too",
            {"would_stay": 0},
        )
    found = (move.too_few(), move.last_healthy(), nobody, move.capacity(), move.fail_open())
    return tuple(guard for guard in found if guard)


def judge_return(rotation: Rotation, region: str) -> tuple[Guard, ...]:
    """What they say of bringing a region back."""
    status = rotation.health.get(region, Status.UNKNOWN)
    if status in HEALTHY:
        return ()
    message = f"{region} is {status}, and users would be led there"
    return (Guard("healthy", True, message, {"status": str(status)}),)


def refused(guards: Collection[Guard], overridden: Collection[str] = ()) -> tuple[Guard, ...]:
    """Those that refuse and that nobody overrode."""
    return tuple(guard for guard in guards if guard.refuses and guard.name not in overridden)


def hold(plan: Plan, rotation: Rotation, *, overridden: Collection[str] = ()) -> tuple[Plan, tuple[Guard, ...]]:
    """The plan with those record changes waiting that a guard refuses as the world is now, and those guards.

    Only what is ready is judged: of what waits, nobody knows yet how the world will be by then.
    """
    ready = Plan(plan.ready())
    guards = refused(judge(ready, rotation), overridden)
    if not guards:
        return plan, ()
    ours = {ref for ref, one in rotation.standing.items() if one.hostname == rotation.hostname}
    leaving = [change for change in ready.changes if change.ref in ours and _leads_away(change, rotation)]
    why = Waiting(f"guard {guards[0].name}: {guards[0].message}")
    refs = {change.ref for change in leaving}
    together = {change.atomic for change in leaving if change.atomic}
    return (
        replace(
            plan,
            changes=tuple(
                replace(change, waiting=(*change.waiting, why))
                if change.ref in refs or change.atomic in together
                else change
                for change in plan.changes
            ),
        ),
        guards,
    )


@dataclass(frozen=True)
class _Move:
    """The regions in rotation before and after."""

    was: frozenset[str]
    then: frozenset[str]
    health: Mapping[str, str]
    least: int
    name: str

    @property
    def leaving(self) -> list[str]:
        return sorted(self.was - self.then)

    def status(self, region: str) -> str:
        return self.health.get(region, Status.UNKNOWN)

    def too_few(self) -> Guard | None:
        if not self.leaving or len(self.then) >= self.least:
            return None
        return Guard(
            "min_serving_regions",
            True,
            f"{', '.join(self.leaving)} would leave rotation and {_count(len(self.then))} would stay, "
            f"where safety.min_serving_regions is {self.least}",
            {"in_rotation": len(self.was), "would_stay": len(self.then), "min_serving_regions": self.least},
        )

    def last_healthy(self) -> Guard | None:
        well = sorted(region for region in self.was if self.status(region) in HEALTHY)
        lost = [region for region in well if region not in self.then]
        hoped = {region for region in self.then - self.was if self.status(region) != Status.DOWN}
        if not lost or len(lost) < len(well) or hoped:
            return None
        stay = ", ".join(f"{region} is {self.status(region)}" for region in sorted(self.then)) or "none stays"
        return Guard(
            "last_healthy",
            True,
            f"{', '.join(lost)} would leave rotation, the last known to be healthy; {stay}",
            {
                "healthy": len(well),
                "healthy_that_stay": 0,
                "would_stay": {region: str(self.status(region)) for region in sorted(self.then)},
            },
        )

    def empties(self, groups: Collection[str]) -> Guard | None:
        if not groups:
            return None
        return Guard(
            "never_empty",
            True,
            f"{', '.join(groups)} would have no answer left while the service keeps the name {self.name}",
            {"record_sets": sorted(groups)},
        )

    def capacity(self) -> Guard | None:
        before, after = len(self.was), len(self.then)
        if not self.leaving or not 0 < after < before:
            return None
        return Guard(
            "capacity",
            False,
            f"{before} regions become {after}: each gets {before}/{after} of its load, {before / after:.2f} times",
            {"in_rotation": before, "would_stay": after, "load": f"{before}/{after}"},
        )

    def fail_open(self) -> Guard | None:
        if not self.then or any(self.status(region) != Status.DOWN for region in self.then):
            return None
        return Guard(
            "fail_open",
            False,
            f"{', '.join(sorted(self.then))}: none of them is healthy, so that Route 53 counts all as healthy",
            {"would_stay": len(self.then), "unhealthy": len(self.then)},
        )


def _leads_away(change: Change, rotation: Rotation) -> bool:
    """Whether it takes users from where they are led now."""
    now, then = rotation.standing[change.ref], rotation.wanted.get(change.ref)
    return change.action is Action.DELETE or (
        change.action is Action.UPDATE and then is not None and (now.region, now.needs) != (then.region, then.needs)
    )


def _in_rotation(rotation: Rotation) -> frozenset[str]:
    standing = rotation.standing
    groups = {ref: one.group for ref, one in standing.items()}
    names = {one.hostname for one in standing.values()}
    return frozenset().union(*(_regions(standing, _led(standing, groups, name)) for name in names))


def _led(records: Mapping[Ref, Member], groups: Mapping[Ref, str], hostname: str) -> frozenset[str]:
    """The record sets that users of a name are led through: its own, and all below that a record there leads to."""
    below: dict[str, set[str]] = {}
    for one in records.values():
        below.setdefault(one.group, set()).update(groups[ref] for ref in one.needs if ref in groups)
    found: set[str] = set()
    ahead = {group for group in groups.values() if group.rpartition(" ")[0] == hostname}
    while ahead:
        group = ahead.pop()
        found.add(group)
        ahead |= below.get(group, set()) - found
    return frozenset(found)


def _regions(records: Mapping[Ref, Member], led: Collection[str]) -> frozenset[str]:
    return frozenset(one.region for one in records.values() if one.region and one.group in led)


def _count(number: int) -> str:
    return f"{number or 'no'} {'region' if number == 1 else 'regions'}"
