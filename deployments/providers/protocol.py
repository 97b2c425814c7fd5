"""What reconcile asks of a world: the same protocol for AWS (`aws/`) and for a dict (`memory.py`).

Calls may come from several threads at once. They raise only the errors of `errors.py`. Deleting what is absent and
creating what is present (and ours) succeed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from deployments.plan.demand import Demand
from deployments.plan.model import Observed, Params, Plan, Ref, Traits, Unobserved
from deployments.plan.quota import Ask, Reading


@dataclass(frozen=True)
class Target:
    """One resource to look at or to change.

    params       resolved params of the spec where it is wanted, else those of the inventory
    physical_id  "" where not known: then the kind finds it by its natural name, its token or a search for its tag
    token        the idempotency token of the step that created it ("" before)
    outputs      as last seen: what the kind once noted (a change id to ask for), never trusted to be true still
    """

    ref: Ref
    params: Params
    context: Params = field(default_factory=dict)
    physical_id: str = ""
    token: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    adopted: bool = False


Looks = Mapping[Ref, Observed | Unobserved | None]
"""What a look found: None = it is not there."""


@dataclass(frozen=True)
class Fence:
    """The generation of a hostname's owner record: a batch moves it from `before` (None: no record yet) to `after`
    (None: the last batch removes it)."""

    hostname: str
    owner: str
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Claim:
    """What the owner record of a hostname says: whose it is, and at which generation."""

    owner: str
    generation: int


@dataclass(frozen=True)
class RecordChange:
    """One record of a batch: `before` as observed (None: create), `after` as wanted (None: delete)."""

    ref: Ref
    before: Params | None
    after: Params | None


@dataclass(frozen=True)
class Batch:
    """Record changes of one service in one zone: sent as one transaction together with the fence."""

    zone_id: str
    changes: tuple[RecordChange, ...]
    fence: Fence


class Provider(Protocol):
    """One account's world."""

    def traits(self, kind: str) -> Traits: ...

    def observe(self, targets: Sequence[Target]) -> Looks:
        """Look at each by id or name (never by listing everything), in as few calls as the kinds allow. Never raises
        for one that fails: that one is `Unobserved`."""

    def create(self, target: Target) -> Observed:
        """Make it, marked as ours; returns what was made, often not ready yet."""

    def update(self, target: Target, before: Params) -> Observed:
        """Bring what exists to `target.params`, one AWS step at a time: the next look tells what is left."""

    def delete(self, target: Target) -> None:
        """Remove it, or start removing it: the next look tells when it is gone."""

    def change_records(self, batch: Batch) -> str:
        """Send a batch; returns the change's id. `Fenced` where the owner record was elsewhere; `Refused` with the
        guilty record named in the message where AWS did not like one."""

    def wait_s(self, plan: Plan) -> float:
        """About how long API rates alone will make this plan take."""

    def demand(self, kind: str) -> Demand:
        """What making one of a kind asks of the account: shares of quotas, and time."""

    def usage(self, asks: Collection[Ask]) -> Mapping[Ask, Reading]:
        """How much of each quota is used and may be used. Never raises: what can't be read says why not."""

    def records_insync(self, change_id: str) -> bool:
        """Whether every name server answers with that change."""

    def owner_generation(self, zone_id: str, hostname: str, owner: str) -> int | None:
        """The generation that the owner record has now; None where there is no record; `Conflict` where it is another
        installation's."""

    def owner_claim(self, zone_id: str, hostname: str) -> Claim | None:
        """What the owner record says, whosever it is; None where there is none, or one that no installation wrote."""

    def claim_owner(self, zone_id: str, hostname: str, *, before: Claim, after: Claim) -> str:
        """Replace the owner record, and nothing else, in one transaction; returns the change's id. `Fenced` where it
        does not say `before` any more: nothing was done."""

    def put_object(self, region: str, bucket: str, key: str, body: bytes) -> None:
        """Write an object, within some seconds or not at all: `Transient` then, and it may be repeated."""

    def delete_object(self, region: str, bucket: str, key: str) -> None:
        """Remove an object, or find that there is none."""

    def has_object(self, region: str, bucket: str, key: str) -> bool:
        """Whether there is such an object. Raises where the bucket can't be asked."""

    def replication_lag(self, region: str, tables: Sequence[str], sources: Sequence[str]) -> Mapping[str, float | None]:
        """How many seconds the tables' replicas in a region are behind those of `sources`: of the newest values of the
        last 5 minutes the worst. None: nobody wrote there lately. Raises where a source can't be asked."""

    def facts(self, target: Target) -> Mapping[str, Any]:
        """What keeping it costs by ("size_bytes", …), read now; {} where nothing of it is billed by what it holds or
        where it is gone. Raises where it can't be looked at."""
