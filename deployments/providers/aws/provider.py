"""One AWS account behind the provider protocol: finds the kinds, looks at many things at once, translates errors.

Reconcile calls it; it calls `kinds/` and `records.py`. Keep one per account in a process: it remembers for a moment
what it has just made, because AWS's reads may be stale for a second. It never plans and never repeats a change.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import time
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from deployments.plan.demand import Demand
from deployments.plan.model import Action, Observed, Params, Plan, Ref, Traits, Unobserved
from deployments.plan.quota import Ask, Reading
from deployments.providers.aws import kinds, lag, objects, records, usage
from deployments.providers.aws.kind import Kind, World
from deployments.providers.errors import Conflict, ProviderError, Refused, Transient
from deployments.providers.protocol import Batch, Claim, Looks, Target
from regions import limiter
from regions.aws import Access
from regions.aws_errors import AwsError, Verdict

THREADS = 32
STALE_READ_S = 5.0
CALLS = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})


class AwsProvider:
    """`owner`: this installation's id, in every mark. `artifacts`: the bytes of an artifact by its sha256 in hex."""

    def __init__(
        self,
        access: Access,
        owner: str,
        artifacts: Callable[[str], bytes],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock_s = clock_s
        self._world = World(access, owner, artifacts)
        self._kinds = discover()
        self._made: dict[Ref, tuple[float, Observed]] = {}

    def traits(self, kind: str) -> Traits:
        return self._kinds[kind].traits

    def observe(self, targets: Sequence[Target]) -> Looks:
        groups = list(self._groups(targets))
        if not groups:
            return {}
        looks: dict[Ref, Observed | Unobserved | None] = {}
        out: set[str] = set()  # scopes that gave no answer: the rest there is not waited for, this time
        with ThreadPoolExecutor(min(THREADS, len(groups)), thread_name_prefix="observe") as threads:
            for found in threads.map(lambda group: self._look(group, out), groups):
                looks.update(found)
        return looks

    def create(self, target: Target) -> Observed:
        with border():
            made = self._kinds[target.ref.kind].create(self._world, target)
        self._made[target.ref] = (self._clock_s(), made)
        return made

    def update(self, target: Target, before: Params) -> Observed:
        with border():
            return self._kinds[target.ref.kind].update(self._world, target, before)

    def delete(self, target: Target) -> None:
        self._made.pop(target.ref, None)
        with border():
            self._kinds[target.ref.kind].delete(self._world, target)

    def change_records(self, batch: Batch) -> str:
        with border():
            return records.change(self._world, batch)

    def wait_s(self, plan: Plan) -> float:
        if not self._world.access.obey_api_rates:
            return 0.0
        calls = Counter(
            (rated[0], f"{change.action.value.capitalize()}{rated[1]}")
            for change in plan.changes
            if change.action in CALLS and (rated := self._kinds[change.ref.kind].rated) is not None
        )
        return limiter.estimate(calls)

    def demand(self, kind: str) -> Demand:
        return self._kinds[kind].demand

    def usage(self, asks: Collection[Ask]) -> Mapping[Ask, Reading]:
        return usage.read(self._world, asks)

    def records_insync(self, change_id: str) -> bool:
        with border():
            return records.insync(self._world, change_id)

    def owner_generation(self, zone_id: str, hostname: str, owner: str) -> int | None:
        with border():
            return records.owner_generation(self._world, zone_id, hostname, owner)

    def owner_claim(self, zone_id: str, hostname: str) -> Claim | None:
        with border():
            return records.owner_claim(self._world, zone_id, hostname)

    def claim_owner(self, zone_id: str, hostname: str, *, before: Claim, after: Claim) -> str:
        with border():
            return records.claim_owner(self._world, zone_id, hostname, before=before, after=after)

    def put_object(self, region: str, bucket: str, key: str, body: bytes) -> None:
        with border():
            objects.put(self._world, region, bucket, key, body)

    def delete_object(self, region: str, bucket: str, key: str) -> None:
        with border():
            objects.delete(self._world, region, bucket, key)

    def has_object(self, region: str, bucket: str, key: str) -> bool:
        with border():
            return objects.has(self._world, region, bucket, key)

    def replication_lag(self, region: str, tables: Sequence[str], sources: Sequence[str]) -> Mapping[str, float | None]:
        with border():
            return lag.read(self._world, region, tables, sources, datetime.now(UTC))

    def facts(self, target: Target) -> Mapping[str, Any]:
        with border():
            return self._kinds[target.ref.kind].facts(self._world, target)

    def _groups(self, targets: Sequence[Target]) -> Iterable[list[Target]]:
        """The targets that are looked at together, a thread each group."""
        groups: dict[tuple[str, Hashable], list[Target]] = {}
        for target in targets:
            kind = self._kinds[target.ref.kind]
            groups.setdefault((kind.name, kind.together(target)), []).append(target)
        return groups.values()

    def _look(self, group: list[Target], out: set[str]) -> Mapping[Ref, Observed | Unobserved | None]:
        scope = group[0].ref.scope
        if scope in out:
            return _unobserved(group, f"{scope} does not answer")
        try:
            found = self._kinds[group[0].ref.kind].observe_many(self._world, group)
        except AwsError as error:
            if error.unanswered:
                out.add(scope)
            return _unobserved(group, f"{error.code}: {error.message}. {error.mend}")
        except ProviderError as error:
            return _unobserved(group, f"{error.code}: {error.message}. {error.mend}")
        return {target.ref: self._seen(target.ref, found[target.ref]) for target in group}

    def _seen(self, ref: Ref, found: Observed | None) -> Observed | None:
        """What was found; for a moment after its creation, what we made where AWS does not show it or its tags yet."""
        made_at, made = self._made.get(ref, (0.0, None))
        if made is None or self._clock_s() - made_at > STALE_READ_S or (found is not None and found.ours):
            self._made.pop(ref, None)
            return found
        if found is None or found.physical_id == made.physical_id:
            return replace(made, ready=False, status="not visible yet")
        return found


def _unobserved(group: list[Target], why: str) -> dict[Ref, Observed | Unobserved | None]:
    return {target.ref: Unobserved(why) for target in group}


@cache
def discover() -> Mapping[str, Kind]:
    """Every kind by its name: dropping a file into `kinds/` is enough. A file that does not define exactly one is a
    defect, told at the first use."""
    found: dict[str, Kind] = {}
    for module_info in pkgutil.iter_modules(kinds.__path__):
        module = importlib.import_module(f"{kinds.__name__}.{module_info.name}")
        (kind,) = (
            member
            for _, member in inspect.getmembers(module, inspect.isclass)
            if issubclass(member, Kind) and member.__module__ == module.__name__
        )
        found[kind.name] = kind()
    return found


def iam_actions() -> frozenset[str]:
    """Everything that an account's role must be allowed, for all kinds and for reading how much of a quota is used."""
    return usage.IAM_ACTIONS.union(*(kind.iam_actions | kind.iam_dependent for kind in discover().values()))


@contextmanager
def border() -> Iterator[None]:
    """Only the errors of `errors.py` pass."""
    try:
        yield
    except AwsError as error:
        if error.verdict is Verdict.TRANSIENT:
            raise Transient(
                error.message,
                code=error.code,
                mend=error.mend,
                request_id=error.request_id,
                retry_after_s=error.retry_after_s,
                unknown_outcome=error.unknown_outcome,
            ) from error
        kind = Conflict if error.verdict is Verdict.CONFLICT else Refused
        raise kind(error.message, code=error.code, mend=error.mend, request_id=error.request_id) from error
