"""Small pieces of HTTP shared by the gate, traffic and control: reading a body, answering, hanging, hanging up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Literal

from localcloud.call import Answer

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ClientGoneError(Exception):
    """The client hung up before its request was read."""


class BodyTooLargeError(Exception):
    pass


@dataclass
class Connection:
    """What ASGI hides: the transport, and header names as the client wrote them (by their lower case)."""

    transport: asyncio.Transport
    names: dict[bytes, bytes] = field(default_factory=dict)


def connection_of(scope: Scope) -> Connection:
    connection = scope["state"]["connection"]
    assert isinstance(connection, Connection)
    return connection


async def read_body(receive: Receive, *, limit: int | None = None) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk = message.get("body", b"")
        size += len(chunk)
        if limit is not None and size > limit:
            raise BodyTooLargeError
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


async def answer(send: Send, given: Answer) -> None:
    await send({"type": "http.response.start", "status": given.status, "headers": given.headers})
    await send({"type": "http.response.body", "body": given.body})


def json_answer(status: int, content: Any) -> Answer:
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return Answer(status, headers, body)


async def hold(
    receive: Receive, release: asyncio.Event, *, limit_s: float | None = None
) -> Literal["on", "gone", "up"]:
    """Wait until released ("on"), the client hangs up ("gone") or the time is up ("up").

    The body must have been read: what `receive` then yields is the end of the connection.
    """
    released = asyncio.ensure_future(release.wait())
    gone = asyncio.ensure_future(receive())
    try:
        await asyncio.wait({released, gone}, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if released.done():
            return "on"
        return "gone" if gone.done() else "up"
    finally:
        released.cancel()
        gone.cancel()


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection without an answer."""
    connection_of(scope).transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
