"""The one ASGI app behind every door: tells control, traffic and AWS API apart, and lets each pass or not.

    control    127.0.0.1, /_localcloud/…                          → control
    traffic    a region's HTTP or HTTPS door, by Host;
               or 127.0.0.1, /_at/<region>.<hostname>/…           → outage? → traffic
    AWS API    127.0.0.1 or a region's API door                   → outage? → fault? → strict → ministack → fault?

ministack's own pages (/_ministack/reset wipes everything) are behind no door.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ministack import app as ministack_app

from localcloud import strict, traffic
from localcloud.addresses import Door
from localcloud.call import Answer, Call, error, parse, signed_region
from localcloud.calls import CallLog
from localcloud.control import PREFIX as CONTROL
from localcloud.control import Control
from localcloud.faults import Faults, When
from localcloud.hosts import bucket_of, region_of
from localcloud.outage import ROUTE53_API, Outages
from localcloud.persistence import Keeper
from localcloud.wire import (
    BodyTooLargeError,
    ClientGoneError,
    Message,
    Receive,
    Scope,
    Send,
    answer,
    hang_up,
    hold,
    json_answer,
    read_body,
)

AT = "/_at/"
LONGEST_HANG_S = 120.0  # no client waits longer; a connection is not kept for ever
GLOBAL_HOME = "us-east-1"
READS = ("Get", "List", "Describe", "Head", "Query", "Scan", "BatchGet", "Test", "Check", "Invoke")

Passage = Literal["open", "closed", "unavailable"]


@dataclass
class Gate:
    doors: Mapping[tuple[str, int], Door]
    control: Control
    outages: Outages
    faults: Faults
    calls: CallLog
    keeper: Keeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._enter(scope, receive, send)
        except ClientGoneError:
            return

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self.doors[scope["server"]]
        path: str = scope["path"]
        if door.kind != "api":
            assert door.region is not None
            domain = _domain(scope)
            if bucket_of(domain) is not None:
                await self._objects(scope, receive, send, region=door.region, domain=domain)
            else:
                await self._traffic(scope, receive, send, region=door.region, domain=domain)
        elif door.region is None and path.startswith(CONTROL):
            await self.control.serve(scope, receive, send)
        elif not _is_local(_domain(scope)):
            await answer(send, json_answer(*traffic.FORBIDDEN))
        elif door.region is None and path.startswith(AT):
            await self._at(scope, receive, send)
        elif path.startswith("/_") or (path.startswith("/restapis/") and "/_user_request_" in path):
            await answer(send, json_answer(404, {"message": "Not Found"}))
        else:
            await self._api(scope, receive, send, door)

    async def _at(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The first segment names Host and region; the rest is the request."""
        domain, _, rest = scope["path"].removeprefix(AT).partition("/")
        raw_rest = scope["raw_path"].removeprefix(AT.encode()).partition(b"/")[2]
        region = domain.partition(".")[0]
        if region not in self.control.regions:
            await answer(send, json_answer(404, {"message": f"{domain} does not begin with a region."}))
            return
        inner = {**scope, "path": f"/{rest}", "raw_path": b"/" + raw_rest}
        await self._traffic(inner, receive, send, region=region, domain=domain)

    async def _traffic(self, scope: Scope, receive: Receive, send: Send, *, region: str, domain: str) -> None:
        try:
            body = await read_body(receive, limit=traffic.LARGEST_BODY)
        except BodyTooLargeError:
            await answer(send, json_answer(413, {"message": "Request Entity Too Large"}))
            return
        passage = await self._passage(receive, region)
        if passage == "closed":
            await hang_up(scope, receive)
        elif passage == "unavailable":
            await answer(send, json_answer(503, {"message": "Service Unavailable"}))
        else:
            await answer(send, await traffic.serve(scope, body, region=region, domain=domain))

    async def _objects(self, scope: Scope, receive: Receive, send: Send, *, region: str, domain: str) -> None:
        """A bucket under its own name: signed, or anonymous where its policy lets everybody in."""
        body = await read_body(receive)
        passage = await self._passage(receive, region)
        if passage == "closed":
            await hang_up(scope, receive)
        elif passage == "unavailable":
            await answer(send, json_answer(503, {"message": "Service Unavailable"}))
        elif region_of(domain) != region:
            await answer(send, json_answer(*traffic.FORBIDDEN))
        else:
            given = await _ministack(scope, receive, body)
            signed = any(name == b"authorization" for name, _ in scope["headers"]) or b"X-Amz-" in scope["query_string"]
            if given.status == 404 and not signed:  # who may not list is not told what is missing (API_GetObject.html)
                given = json_answer(403, {"Code": "AccessDenied"})
            await answer(send, given)

    async def _api(self, scope: Scope, receive: Receive, send: Send, door: Door) -> None:
        body = await read_body(receive)
        call = parse(scope, body)
        region = call.region if call is not None else door.region or GLOBAL_HOME
        passage = await self._passage(receive, region)
        if passage == "open" and call is not None and call.service == "route53":
            passage = await self._passage(receive, ROUTE53_API)
        if passage == "closed":
            self._log(call, None)
            await hang_up(scope, receive)
            return
        given = await self._ask(scope, receive, body, call, door, unavailable=passage == "unavailable")
        self._log(call, given.status if given else None)
        if given is None:
            await hang_up(scope, receive)
        else:
            await answer(send, given)

    async def _ask(
        self, scope: Scope, receive: Receive, body: bytes, call: Call | None, door: Door, *, unavailable: bool
    ) -> Answer | None:
        """The answer to an API request, None where the connection ends without one."""
        if call is None:
            if unavailable:
                return json_answer(503, {"message": "Service Unavailable"})
            return await _ministack(scope, receive, body) if scope["path"] != "/health" else json_answer(404, {})
        if unavailable:
            return error(call, "ServiceUnavailable", "It is down, as somebody wished.", 503)
        if door.region is not None and door.region != signed_region(call) and call.region != GLOBAL_HOME:
            message = f"Credential should be scoped to a valid region: {door.region}"
            return error(call, "SignatureDoesNotMatch", message, 403)
        struck, refusal = await self._fault(receive, call, "before")
        if struck:
            return refusal
        given = await strict.refuse(call)
        if given is None:
            given = await strict.amend(call, await _ministack(scope, receive, body))
        if given.status < 400 and not call.action.startswith(READS):
            self.keeper.touch()
        struck, refusal = await self._fault(receive, call, "after")
        return refusal if struck else given

    async def _fault(self, receive: Receive, call: Call, when: When) -> tuple[bool, Answer | None]:
        """(whether a fault decides, with what); a held call goes on when it is let go, unless its client has left."""
        fault = self.faults.hit(call, when)
        if fault is None:
            return False, None
        if fault.rule.do == "hang":
            fault.holding += 1
            try:
                ended = await hold(receive, fault.released)
            finally:
                fault.holding -= 1
            return ended == "gone", None
        if fault.rule.do == "drop":
            return True, None
        return True, fault.refusal(call)

    async def _passage(self, receive: Receive, region: str) -> Passage:
        """Whether a request may pass into a region; in a black hole this takes until it ends or the client leaves."""
        mode = self.outages.mode(region)
        if mode == "503":
            return "unavailable"
        if mode != "blackhole":
            return "open"
        ended = await hold(receive, self.outages.end_of(region), limit_s=LONGEST_HANG_S)
        return "open" if ended == "on" else "closed"

    def _log(self, call: Call | None, status: int | None) -> None:
        if call is not None:
            self.calls.add(call, status)


def _domain(scope: Scope) -> str:
    """The Host header without its port, lower case."""
    for name, value in scope["headers"]:
        if name == b"host":
            return str(value.decode("latin-1").rsplit(":", 1)[0].lower())
    return ""


def _is_local(domain: str) -> bool:
    """Names that mean this machine: a page elsewhere must not reach the API by a name of its own (DNS rebinding)."""
    if domain == "localhost" or (domain.endswith(".localhost") and "execute-api" not in domain):
        return True
    try:
        return ipaddress.ip_address(domain).is_loopback
    except ValueError:
        return False


async def _ministack(scope: Scope, receive: Receive, body: bytes) -> Answer:
    """Ask ministack, with the body that was read before; its answer as a whole."""
    sent = False
    given = Answer(500, [], b"")
    chunks: list[bytes] = []

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def collect(message: Message) -> None:
        if message["type"] == "http.response.start":
            given.status, given.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            chunks.append(message.get("body", b""))

    await ministack_app.app(scope, replay, collect)
    given.body = b"".join(chunks)
    if not any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in given.headers):
        given.headers.append((b"content-length", str(len(given.body)).encode()))
    return given
