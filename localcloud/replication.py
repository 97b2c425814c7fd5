"""DynamoDB global tables over a border that can close: stands where ministack's own replication stood.

Both regions up: a write reaches the other replicas at once. One of them severed: it is queued, and replayed in the
order of time when the border opens. The newest of queued and applied writes wins, as in MREC global tables
(DynamoDB Developer Guide, "Global tables: multi-Region eventual consistency"). Handlers write from several threads.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import dynamodb

from localcloud.outage import Outages

Item = dict[str, Any]
Cell = tuple[str, str, str, str, str]  # account, region, table, partition key, sort key


@dataclass(frozen=True)
class Write:
    """One item that has to reach one replica; `gone`: it was deleted, and `item` is what it was."""

    at_ns: int
    account: str
    source: str
    target: str
    table: str
    item: Item
    gone: bool


class Replication:
    def __init__(self, outages: Outages) -> None:
        self._outages = outages
        self._lock = threading.RLock()
        self._queue: list[Write] = []
        self._written_ns: dict[Cell, int] = {}  # kept only while a border is closed: earlier writes are older
        self._last_ns = 0

    def install(self) -> None:
        dynamodb._replicate_write = self.replicate

    def replicate(self, table: Mapping[str, Any], _event: str, old: Item | None, new: Item | None) -> None:
        """Called by ministack after each write, within the writer's account and region."""
        group = dynamodb._replica_group(table)
        item = new if new is not None else old
        if not group or item is None:
            return
        account, source, name = get_account_id(), get_region(), table["TableName"]
        with self._lock:
            at_ns = self._now_ns()
            self._note((account, source, name, *_key(table, item)), at_ns)
            for target in group:
                if target != source:
                    write = Write(at_ns, account, source, target, name, copy.deepcopy(item), new is None)
                    self._queue.append(write) if self._held(write) else self._apply(write)

    def release(self) -> None:
        """Replay what no border holds any more."""
        with self._lock:
            ready = [write for write in self._queue if not self._held(write)]
            self._queue = [write for write in self._queue if self._held(write)]
            for write in sorted(ready, key=lambda write: write.at_ns):
                self._apply(write)
            if not self._queue and not self._outages.any():
                self._written_ns.clear()

    def queued(self) -> dict[str, int]:
        """How many writes wait, by the region that they have to reach."""
        with self._lock:
            counts: dict[str, int] = {}
            for write in self._queue:
                counts[write.target] = counts.get(write.target, 0) + 1
            return counts

    def state(self) -> dict[str, Any]:
        # No lock: this runs in the forked saver, where a thread that held it would never let go.
        return {
            "queue": [asdict(write) for write in self._queue],
            "written": [[*cell, at_ns] for cell, at_ns in self._written_ns.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        with self._lock:
            self._queue = [Write(**write) for write in state.get("queue", [])]
            self._written_ns = {(a, r, t, p, s): at_ns for a, r, t, p, s, at_ns in state.get("written", [])}

    def _now_ns(self) -> int:
        """The clock, never twice the same, so that two writes always have an order."""
        self._last_ns = max(self._last_ns + 1, time.time_ns())
        return self._last_ns

    def _held(self, write: Write) -> bool:
        return self._outages.severed(write.source) or self._outages.severed(write.target)

    def _note(self, cell: Cell, at_ns: int) -> None:
        if self._queue or self._outages.any():
            self._written_ns[cell] = at_ns

    def _apply(self, write: Write) -> None:
        with request_scope(write.account, write.target):
            replica = dynamodb._tables.get(write.table)
            if replica is None:
                return
            partition, sort = _key(replica, write.item)
            cell = (write.account, write.target, write.table, partition, sort)
            if self._written_ns.get(cell, 0) > write.at_ns:
                return
            self._note(cell, write.at_ns)
            before = replica["items"].get(partition, {}).get(sort)
            if write.gone:
                if before is None:
                    return
                dynamodb._remove_item(replica, partition, sort)
                dynamodb._emit_stream_event(write.table, "REMOVE", before, None, replicate=False)
                return
            dynamodb._set_item(replica, partition, sort, copy.deepcopy(write.item))
            event = "INSERT" if before is None else "MODIFY"
            dynamodb._emit_stream_event(write.table, event, before, copy.deepcopy(write.item), replicate=False)


def _key(table: Mapping[str, Any], item: Item) -> tuple[str, str]:
    """The item's place in ministack's store."""
    partition = dynamodb._extract_key_val(item.get(table["pk_name"]))
    sort = dynamodb._extract_key_val(item.get(table["sk_name"])) if table["sk_name"] else "__no_sort__"
    return partition, sort
