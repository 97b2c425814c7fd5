"""A world in a dict: for stories, properties and what-if. As strict as AWS where the engine leans on it.

`chaos(when, call)` is asked before and after each call ("before" | "after", e.g. "create lambda_function") and may
raise: `Transient(unknown_outcome=True)` after a call is an answer that got lost, a BaseException is a death.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from deployments.plan.demand import Demand, Use
from deployments.plan.model import Mark, Observed, Params, Plan, Ref, Traits, Unobserved
from deployments.plan.quota import Ask, Reading
from deployments.providers.errors import Conflict, Fenced, ProviderError, Refused, Transient
from deployments.providers.protocol import Batch, Claim, Looks, Target

TRAITS = {
    "dynamodb_table": Traits(data=True, fixed=frozenset({"key"}), give_up_after_s=3600),
    "lambda_function": Traits(volatile=frozenset({"version"})),
    "route53_record": Traits(batched=True),
    "acm_certificate": Traits(give_up_after_s=72 * 3600),
}


DEMANDS = {
    "route53_health_check": Demand((Use("route53", "health_checks_per_account"),)),
    "route53_calculated_check": Demand((Use("route53", "health_checks_per_account"),)),
    "acm_certificate": Demand((Use("acm", "certificates_per_region"),), made_s=180, waits_for="certificate"),
    "dynamodb_table": Demand((Use("dynamodb", "tables_per_region"),), made_s=180, first_s=15, waits_for="replica"),
}


@dataclass
class Thing:
    """One object of the world. `not_ready` looks at it go by before it is ready."""

    ref: Ref
    physical_id: str
    params: dict[str, Any]
    token: str
    owner: str
    not_ready: int = 0
    version: int = 1
    issued: bool = False


@dataclass
class Memory:
    """The world. One lock: calls come from several threads."""

    owner: str = "us"
    delay: Callable[[Ref], int] = lambda ref: 0
    chaos: Callable[[str, str], None] = lambda when, call: None
    out: set[str] = field(default_factory=set)  # regions that do not answer
    things: dict[str, Thing] = field(default_factory=dict)
    records: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    owners: dict[str, tuple[str, int]] = field(default_factory=dict)
    spent: set[str] = field(default_factory=set)  # tokens of what was deleted: refused for ever
    pending: dict[str, int] = field(default_factory=dict)
    readings: dict[tuple[str, str], Reading] = field(default_factory=dict)  # what it tells of a quota, by its name
    objects: dict[tuple[str, str, str], bytes] = field(default_factory=dict)  # by region, bucket and key
    lags: dict[tuple[str, str, str], float] = field(default_factory=dict)  # seconds, by table, source and receiver
    history: list[str] = field(default_factory=list)
    serial: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def put_object(self, region: str, bucket: str, key: str, body: bytes) -> None:
        with _Call(self, "put object", region):
            self.objects[region, bucket, key] = body

    def delete_object(self, region: str, bucket: str, key: str) -> None:
        with _Call(self, "delete object", region):
            self.objects.pop((region, bucket, key), None)

    def has_object(self, region: str, bucket: str, key: str) -> bool:
        with _Call(self, "has object", region):
            return (region, bucket, key) in self.objects

    def replication_lag(self, region: str, tables: Sequence[str], sources: Sequence[str]) -> Mapping[str, float | None]:
        for source in sources:
            self._enter("observe lag", source)
        told = {table: [self.lags.get((table, source, region)) for source in sources] for table in tables}
        return {table: max((lag for lag in lags if lag is not None), default=None) for table, lags in told.items()}

    def traits(self, kind: str) -> Traits:
        return TRAITS.get(kind, Traits())

    def observe(self, targets: Sequence[Target]) -> Looks:
        looks: dict[Ref, Observed | Unobserved | None] = {}
        for target in targets:
            try:
                self._enter(f"observe {target.ref.kind}", target.ref.scope)
                looks[target.ref] = self._look(target)
            except ProviderError as error:
                looks[target.ref] = Unobserved(error.message)
        return looks

    def create(self, target: Target) -> Observed:
        with self._call("create", target.ref), self.lock:
            found = self._find(target)
            if found is None:
                if target.token in self.spent:
                    raise Refused("the token was used before", code="token_spent")
                self.serial += 1
                found = Thing(
                    target.ref,
                    f"{target.ref.kind}-{self.serial}",
                    dict(target.params),
                    target.token,
                    self.owner,
                    not_ready=self.delay(target.ref),
                )
                self.things[found.physical_id] = found
                self.history.append(f"create {target.ref}")
            elif found.owner != self.owner and not target.adopted:
                raise Conflict("a namesake is not ours", code="conflict")
            return self._observed(found)

    def update(self, target: Target, before: Params) -> Observed:
        with self._call("update", target.ref), self.lock:
            thing = self._find(target)
            if thing is None:
                raise Transient("it is gone", code="NotFound")
            thing.params = dict(target.params)
            thing.owner, thing.ref = self.owner, target.ref  # each update brings our mark
            thing.version += 1
            thing.not_ready = self.delay(target.ref)
            self.history.append(f"update {target.ref}")
            return self._observed(thing)

    def delete(self, target: Target) -> None:
        with self._call("delete", target.ref), self.lock:
            thing = self._find(target)
            if thing is None:
                return
            needed = [t for t in self.things.values() if f"{thing.physical_id}:" in str(t.params)]
            if needed:
                raise Refused(f"{needed[0].ref} still uses it", code="in_use")
            if any(f"{thing.physical_id}:" in str(record) for record in self.records.values()):
                raise Refused("a record still uses it", code="in_use")
            del self.things[thing.physical_id]
            self.spent.add(thing.token)
            self.history.append(f"delete {target.ref}")

    def change_records(self, batch: Batch) -> str:
        with self._call("change", Ref("", "records", "global", "")), self.lock:
            fence = batch.fence
            held = self.owners.get(fence.hostname)
            if held != (None if fence.before is None else (fence.owner, fence.before)):
                raise Fenced(f"the owner record is {held}", code="fenced")
            records = dict(self.records)
            for change in batch.changes:
                if change.before is not None:
                    key = _key(change.before)
                    if records.get(key) != dict(change.before):
                        raise Refused(f"{key} does not match", code="InvalidChangeBatch")
                    del records[key]
            for change in batch.changes:
                if change.after is not None:
                    key = _key(change.after)
                    if key in records:
                        raise Refused(f"{key} already exists", code="InvalidChangeBatch")
                    if any(k[:2] == key[:2] and bool(k[2]) != bool(key[2]) for k in records):
                        raise Refused(f"{key} mixes policies", code="InvalidChangeBatch")
                    records[key] = dict(change.after)
            self.records = records
            if fence.after is None:
                del self.owners[fence.hostname]
            else:
                self.owners[fence.hostname] = (fence.owner, fence.after)
            self.serial += 1
            change_id = f"C{self.serial}"
            self.pending[change_id] = self.delay(Ref("", "records", "global", ""))
            self.history.append(f"records {fence.before} → {fence.after}: {sorted(k[0] for k in records)}")
        return change_id

    def wait_s(self, plan: Plan) -> float:
        return 0.0

    def demand(self, kind: str) -> Demand:
        return DEMANDS.get(kind, Demand())

    def usage(self, asks: Collection[Ask]) -> Mapping[Ask, Reading]:
        return {ask: self.readings.get((ask.service, ask.name), Reading(why="it does not tell")) for ask in asks}

    def records_insync(self, change_id: str) -> bool:
        self._enter("observe change", "global")
        with self.lock:
            left = self.pending.get(change_id, 0)
            self.pending[change_id] = max(left - 1, 0)
            return left == 0

    def owner_generation(self, zone_id: str, hostname: str, owner: str) -> int | None:
        self._enter("observe owner", "global")
        held = self.owners.get(hostname)
        if held is None:
            return None
        if held[0] != owner:
            raise Conflict(f"{hostname} belongs to {held[0]}", code="conflict")
        return held[1]

    def owner_claim(self, zone_id: str, hostname: str) -> Claim | None:
        self._enter("observe owner", "global")
        held = self.owners.get(hostname)
        return Claim(*held) if held else None

    def claim_owner(self, zone_id: str, hostname: str, *, before: Claim, after: Claim) -> str:
        with self._call("change", Ref("", "owner", "global", hostname)), self.lock:
            held = self.owners.get(hostname)
            if held != (before.owner, before.generation):
                raise Fenced(f"the owner record is {held}", code="fenced")
            self.owners[hostname] = (after.owner, after.generation)
            self.serial += 1
            self.history.append(f"owner {hostname}: {before.generation} → {after.generation}")
            return f"C{self.serial}"

    def facts(self, target: Target) -> Mapping[str, Any]:
        self._enter(f"observe {target.ref.kind}", target.ref.scope)
        found = self._find(target)
        return {"size_bytes": 0} if found and self.traits(target.ref.kind).data else {}

    # -- inside

    def _call(self, verb: str, ref: Ref) -> _Call:
        return _Call(self, f"{verb} {ref.kind}", ref.scope)

    def _enter(self, call: str, scope: str) -> None:
        if scope in self.out:
            raise Transient(f"{scope} does not answer", code="EndpointConnectionError")
        self.chaos("before", call)

    def _find(self, target: Target) -> Thing | None:
        for thing in self.things.values():
            if thing.physical_id == target.physical_id or (not target.physical_id and thing.ref == target.ref):
                return thing
        return None

    def _look(self, target: Target) -> Observed | None:
        with self.lock:
            if self.traits(target.ref.kind).batched:
                return self._record(target)
            thing = self._find(target)
            if thing is None:
                return None
            if thing.not_ready:
                thing.not_ready -= 1
            found = self._observed(thing)
            if target.adopted and not found.ours and "tags" in target.params:  # a difference: an update brings the mark
                tags = {**found.params.get("tags", {}), "antipode:ref": ""}
                return replace(found, params={**found.params, "tags": tags})
            return found

    def _record(self, target: Target) -> Observed | None:
        record = self.records.get(_key(target.params)) if target.params else None
        if record is None:
            return None
        change_id = str(target.outputs.get("change_id", ""))
        ready = not change_id or self.records_insync(change_id)
        outputs = {"name": record["name"], "change_id": change_id}
        return Observed(record["name"], dict(record), outputs, ready, "" if ready else "PENDING")

    def _observed(self, thing: Thing) -> Observed:
        names = ("id", "arn", "name", "domain", "endpoint", "source_arn", "target", "zone_id")
        outputs: dict[str, Any] = {name: f"{thing.physical_id}:{name}" for name in names}
        outputs["version"] = str(thing.version)
        for name in thing.params.get("names", ()):
            outputs[f"validation_name:{name}"] = f"_check.{name}"
            outputs[f"validation_value:{name}"] = f"value.{name}"
        ready = not thing.not_ready and self._validated(thing)
        return Observed(
            thing.physical_id,
            dict(thing.params),
            outputs,
            ready=ready,
            status="" if ready else "CREATING",
            ours=thing.owner == self.owner,
            mark=Mark(thing.owner, str(thing.ref)) if thing.owner not in ("", self.owner) else None,
        )

    def _validated(self, thing: Thing) -> bool:
        """A certificate is issued once its validation records stand, and stays so."""
        present = {key[0] for key in self.records}
        thing.issued = thing.issued or all(f"_check.{name}" in present for name in thing.params.get("names", ()))
        return thing.issued


@dataclass
class _Call:
    """Chaos around one call."""

    world: Memory
    call: str
    scope: str

    def __enter__(self) -> None:
        self.world._enter(self.call, self.scope)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.world.chaos("after", self.call)


def _key(record: Mapping[str, Any]) -> tuple[str, str, str]:
    return (str(record["name"]), str(record["type"]), str(record.get("set_identifier") or ""))
