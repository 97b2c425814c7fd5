"""The values that planning works on. Pure.

A stack (a service) is a set of `Spec`s: what should exist. `Observed` is what does exist, `Known` what the inventory
says that we made. `diff` turns the three into a `Plan`; nothing here calls anything, reads a clock or knows Django.
Values are compared with `==` and never changed in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

GLOBAL = "global"
"""The scope of what exists once for the whole world: records, health checks."""

Params = Mapping[str, Any]
"""JSON values (dicts, lists, tuples, scalars), in which `Out` and `Text` may stand at any depth."""


class Ref(NamedTuple):
    """The name of one resource: for ever the same, whatever AWS calls it. `scope` is `global` or a region's code.

    A tuple, because planning hashes and sorts millions of them.
    """

    stack: str
    kind: str
    scope: str
    name: str

    def __str__(self) -> str:
        return f"{self.stack}/{self.kind}/{self.scope}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Ref:
        """The inverse of `str`; a name may hold slashes, the other parts may not."""
        stack, kind, scope, name = text.split("/", 3)
        return cls(stack, kind, scope, name)


@dataclass(frozen=True)
class Out:
    """An output of another resource, known once that exists: an edge of the graph.

    `early`: the output may be used while its resource is not ready yet (a certificate names its validation record long
    before it is issued).
    """

    ref: Ref
    attribute: str
    early: bool = False


@dataclass(frozen=True)
class Text:
    """A string in which outputs stand: the parts are joined once all are known."""

    parts: tuple[str | Out, ...]


@dataclass(frozen=True)
class Spec:
    """One resource as it should be.

    params   what is compared with the world, key by key, and changed where it differs
    context  what creating and deleting need besides (peers of a table, the artifact's hash); never compared
    after    edges that no `Out` shows: these must be ready first, and are deleted after this one
    lane     of the resources of one lane only one is changed at a time (the replicas of a table)
    serving  users' requests pass through it: in a serving region its updates go region by region
    drain_s  once it is gone, what it pointed to stays for so long (TTL + drain of a routing record)
    group, shape   members of one group (a record set: name and type) never mix shapes (policies): where the shape
                   changes, all of the group is swapped in one atomic batch
    """

    ref: Ref
    params: Params
    context: Params = field(default_factory=dict)
    after: frozenset[Ref] = frozenset()
    lane: str | None = None
    serving: bool = False
    drain_s: int = 0
    group: str | None = None
    shape: str | None = None

    def edges(self) -> frozenset[Ref]:
        """All that must be ready before this is made."""
        return self._edges

    @cached_property
    def outs(self) -> tuple[Out, ...]:
        """The outputs that its params ask for; read once, since planning asks again and again."""
        return tuple(outs(self.params))

    @cached_property
    def _edges(self) -> frozenset[Ref]:
        return self.after | frozenset(out.ref for out in self.outs)


class Mark(NamedTuple):
    """Whose a thing says that it is: an installation's id and, where it tells, the ref that it has there."""

    owner: str
    ref: str = ""


@dataclass(frozen=True)
class Observed:
    """One resource as it is.

    params   in the form of `Spec.params`, with every key that the kind manages
    outputs  flat: attribute -> value
    ready    false while AWS still works on it; `status` is then AWS's own word ("CREATING", "PENDING")
    ours     false where it does not carry our mark for this ref: a `Conflict`, unless adopted
    mark     the mark that it carries in place of ours for this ref; None: nobody's
    """

    physical_id: str
    params: Params
    outputs: Mapping[str, Any] = field(default_factory=dict)
    ready: bool = True
    status: str = ""
    ours: bool = True
    mark: Mark | None = None


@dataclass(frozen=True)
class Unobserved:
    """It could not be looked at (a region is out): nothing is concluded from that and nothing is changed."""

    why: str


class State(StrEnum):
    """What the inventory says of a resource."""

    PENDING = "pending"  # about to be created, or created with an outcome that we never heard
    LIVE = "live"
    RETAINED = "retained"  # no longer wanted, kept because it holds data
    ADOPTED = "adopted"  # taken over by an explicit act; live once it carries our mark
    DRAINING = "draining"  # deleted; what it pointed to must stay until `hold_until`


@dataclass(frozen=True)
class Known:
    """One row of the inventory: what we made, and how it hangs together."""

    ref: Ref
    state: State
    physical_id: str = ""
    params: Params = field(default_factory=dict)
    context: Params = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    edges: frozenset[Ref] = frozenset()
    lane: str | None = None
    drain_s: int = 0
    group: str | None = None
    shape: str | None = None
    hold_until: float | None = None  # seconds since the epoch


@dataclass(frozen=True)
class Traits:
    """What the planner must know of a kind.

    data          deleting it loses data: only with consent, else it is retained
    fixed         params that nothing can change: a difference is a problem for a person. (What is replaced by a new one
                  carries a hash of its fixed params in its name: new one made, users moved over, old one deleted.)
    volatile      outputs that an update changes (a function's version): what uses them is "known after apply"
    batched       changes are sent together, in one transaction a zone
    poll_after_s  how long after a change, or a look that found it not ready, the next look is worth while
    give_up_after_s  not ready after so long: failed
    """

    data: bool = False
    fixed: frozenset[str] = frozenset()
    volatile: frozenset[str] = frozenset()
    batched: bool = False
    poll_after_s: float = 1.0
    give_up_after_s: float = 600.0


class Action(StrEnum):
    """What a change does. `forget` and `retain` touch the inventory only."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RETAIN = "retain"
    FORGET = "forget"


@dataclass(frozen=True)
class Waiting:
    """Why a change is not done now. `until` (epoch seconds) where only time must pass."""

    why: str
    ref: Ref | None = None
    attribute: str | None = None
    until: float | None = None


@dataclass(frozen=True)
class Difference:
    """One param that differs; `after` is `KNOWN_AFTER_APPLY` where it depends on what is still to be made."""

    path: str
    before: Any
    after: Any


KNOWN_AFTER_APPLY = "(known after apply)"


@dataclass(frozen=True)
class Change:
    """One change to one resource. `params` are resolved as far as possible; ready when `waiting` is empty."""

    ref: Ref
    action: Action
    reason: str
    params: Params = field(default_factory=dict)
    context: Params = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    physical_id: str = ""
    before: Params = field(default_factory=dict)  # as observed; a batched delete must match it exactly
    atomic: str | None = None  # changes with one key are sent together or not at all
    serving: bool = False

    @property
    def ready(self) -> bool:
        return not self.waiting


@dataclass(frozen=True)
class Problem:
    """What stops a part of a plan until a person acts: a namesake that is not ours, a change that would lose data."""

    ref: Ref
    code: str  # conflict | unobserved | fixed
    message: str
    mend: str


@dataclass(frozen=True)
class Plan:
    """Ordered changes (what others need comes first), what is under way, and what stops us."""

    changes: tuple[Change, ...] = ()
    underway: tuple[tuple[Ref, Waiting], ...] = ()  # exists as wanted, but AWS is not done with it
    problems: tuple[Problem, ...] = ()

    @property
    def empty(self) -> bool:
        """Nothing left to do and nothing to wait for: the stack has converged."""
        return not (self.changes or self.underway or self.problems)

    def ready(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.ready)


def outs(value: Any) -> Iterator[Out]:
    """Every `Out` that stands in a value, at any depth."""
    if isinstance(value, Out):
        yield value
    elif isinstance(value, Text):
        for part in value.parts:
            if isinstance(part, Out):
                yield part
    elif isinstance(value, dict):
        for item in value.values():
            yield from outs(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from outs(item)
