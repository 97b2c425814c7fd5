"""The local cloud's own HTTP interface under /_localcloud/, on 127.0.0.1 only.

    GET regions        region → its addresses              GET health
    GET, POST outages  {"region", "on", "mode"}            GET, PATCH delays
    GET, POST, DELETE faults (DELETE ?id= for one)         GET, PATCH quotas
    GET calls (?account=), POST calls/clear                POST save  writes the state now

Only programs on this machine may use it: a foreign Host (DNS rebinding) or Origin (another site's page) is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qs

from localcloud.call import Answer
from localcloud.calls import CallLog
from localcloud.faults import FaultError, Faults
from localcloud.outage import MODES, ROUTE53_API, Mode, Outages
from localcloud.persistence import Keeper
from localcloud.replication import Replication
from localcloud.strict import delays, limits
from localcloud.wire import Receive, Scope, Send, answer, json_answer, read_body

PREFIX = "/_localcloud/"


@dataclass
class Control:
    regions: dict[str, dict[str, str]]
    outages: Outages
    replication: Replication
    faults: Faults
    calls: CallLog
    keeper: Keeper
    hosts: frozenset[str]  # Host headers that mean this machine
    _origins: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._origins = frozenset(f"http://{host}" for host in self.hosts)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, await self._answer(scope, receive))

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        if headers.get(b"host", b"").decode("latin-1") not in self.hosts or (origin and origin not in self._origins):
            return json_answer(403, {"error": "Only programs on this machine, by 127.0.0.1 or localhost."})
        name = scope["path"].removeprefix(PREFIX).strip("/")
        query = {key: values[-1] for key, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        verbs = self._verbs(query).get(name)
        if verbs is None:
            return json_answer(404, {"error": f"Unknown: {name}"})
        if scope["method"] not in verbs:
            return json_answer(405, {"error": f"{name} takes {', '.join(verbs)}."})
        try:
            given = json.loads(await read_body(receive, limit=1_000_000) or b"{}")
            if not isinstance(given, dict):
                raise ValueError("send a JSON object")
            result = verbs[scope["method"]](given)
        except (ValueError, TypeError) as problem:
            return json_answer(400, {"error": str(problem)})
        if name == "save":
            return json_answer(200 if await self.keeper.save() else 500, {})
        return json_answer(200, result)

    def _verbs(self, query: dict[str, str]) -> dict[str, dict[str, Callable[[dict[str, Any]], Any]]]:
        return {
            "regions": {"GET": lambda _: self.regions},
            "health": {"GET": lambda _: {"status": "ok"}},
            "outages": {"GET": lambda _: self._outages(), "POST": self._set_outage},
            "delays": {"GET": lambda _: delays.current(), "PATCH": delays.update},
            "quotas": {"GET": lambda _: limits.current(), "PATCH": limits.update},
            "faults": {
                "GET": lambda _: {"faults": self.faults.describe()},
                "POST": self._add_fault,
                "DELETE": lambda _: self._clear_faults(query.get("id")),
            },
            "calls": {"GET": lambda _: {"calls": self.calls.recent(query.get("account"))}},
            "calls/clear": {"POST": lambda _: self._clear_calls()},
            "save": {"POST": lambda _: None},
        }

    def _outages(self) -> dict[str, Any]:
        return {"outages": self.outages.current(), "queued_writes": self.replication.queued(), "modes": list(MODES)}

    def _set_outage(self, given: dict[str, Any]) -> dict[str, Any]:
        region, on, mode = given.get("region"), given.get("on"), given.get("mode", MODES[0])
        if region not in self.regions and region != ROUTE53_API:
            raise ValueError(f"region {region!r} is unknown; there are {', '.join((*self.regions, ROUTE53_API))}")
        if not isinstance(on, bool):
            raise ValueError("`on` must be true or false")
        if mode not in MODES:
            raise ValueError(f"mode {mode!r} is unknown; there are {', '.join(MODES)}")
        if region == ROUTE53_API and mode == "partition":
            raise ValueError("an API has no partition; there are blackhole and 503")
        self.outages.set(cast("str", region), cast("Mode", mode) if on else None)
        return self._outages()

    def _add_fault(self, given: dict[str, Any]) -> dict[str, Any]:
        try:
            return self.faults.add(given).describe()
        except FaultError as problem:
            raise ValueError(str(problem)) from problem

    def _clear_faults(self, number: str | None) -> dict[str, Any]:
        self.faults.clear(int(number) if number is not None else None)
        return {"faults": self.faults.describe()}

    def _clear_calls(self) -> dict[str, Any]:
        self.calls.clear()
        return {}
