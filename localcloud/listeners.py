"""The doors' sockets: bound before anything else happens, opened to the gate, and plugged in a black hole.

uvicorn's protocol is used without its Server: one event loop serves a hundred doors, and each must close and open by
itself. Knows nothing of ministack.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from localcloud import addresses
from localcloud.addresses import Door
from localcloud.wire import Connection

KEEP_ALIVE_S = 75  # longer than any client's pool, so that it is never we who close a connection under a request
BACKLOG = 2048
LAST_WORDS_S = 3.0


class PortTakenError(Exception):
    """A door's port is not free; the message is for people."""


def listen(port: int, *, standard_https: bool) -> list[tuple[Door, socket.socket]]:
    """Bind every door. Port 443 of the regions' addresses too where that is wanted and may be."""
    own_addresses = addresses.loopback_addresses_work()
    regions = addresses.commercial_regions()
    doors = [addresses.shared_door(port), *addresses.region_doors(port, regions, own_addresses=own_addresses)]
    bound = [(door, _bind(door)) for door in doors]
    if standard_https and own_addresses:
        for door in [Door(door.host, 443, "https", door.region) for door in doors if door.kind == "https"]:
            try:
                bound.append((door, _bind(door)))
            except PortTakenError:
                break  # not allowed, or another local cloud has it
    return bound


def _bind(door: Door) -> socket.socket:
    # Without the protocol, asyncio does not set TCP_NODELAY, and each call waits 40 ms for a delayed ACK.
    door_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door_socket.bind((door.host, door.port))
        door_socket.listen(BACKLOG)
    except OSError as problem:
        door_socket.close()
        raise PortTakenError(
            f"{door.address} is not free ({problem.strerror}); choose another LOCALCLOUD_PORT."
        ) from problem
    door_socket.setblocking(False)
    return door_socket


@dataclass
class Listener:
    """One door: open, or plugged so that connecting to it times out."""

    door: Door
    listening: socket.socket
    config: uvicorn.Config
    state: ServerState
    context: ssl.SSLContext | None
    server: asyncio.Server | None = None
    plugs: Sequence[socket.socket] = ()

    async def open(self) -> None:
        # A copy: closing the server closes what it was given, and the port must stay ours meanwhile.
        self.server = await asyncio.get_running_loop().create_server(
            lambda: _Protocol(self.config, self.state, {}),
            sock=self.listening.dup(),
            ssl=self.context,
            backlog=BACKLOG,
        )

    def unplug(self) -> None:
        """Make room in the backlog; who connects from now on waits there until `open`."""
        for plug in self.plugs:
            plug.close()
        self.plugs = ()
        with contextlib.suppress(BlockingIOError):
            while True:
                self.listening.accept()[0].close()  # the plugs' ends, and who slipped in beside them
        self.listening.listen(BACKLOG)

    def plug(self) -> None:
        """Stop accepting and fill the backlog: the kernel then drops each new SYN, as a dead region's network does."""
        if self.server is not None:
            self.server.close()
            self.server = None
        self.listening.listen(0)
        plugs = []
        for _ in range(4):
            plug = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            plug.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                plug.connect((self.door.host, self.door.port))
            plugs.append(plug)
        self.plugs = plugs

    def close(self) -> None:
        if self.server is not None:
            self.server.close()
        for plug in self.plugs:
            plug.close()
        self.listening.close()


class _Protocol(HttpToolsProtocol):
    """Keeps for the gate what ASGI does not carry: the transport, and header names as they were written."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._connection = Connection(self.transport)
        self.scope["state"]["connection"] = self._connection

    def on_header(self, name: bytes, value: bytes) -> None:
        self._connection.names[name.lower()] = name
        super().on_header(name, value)


def listeners_for(bound: Sequence[tuple[Door, socket.socket]], gate: Any, context: ssl.SSLContext) -> list[Listener]:
    """One for each bound door, all serving the same ASGI app."""
    config = uvicorn.Config(
        gate,
        interface="asgi3",
        lifespan="off",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    config.load()
    state = ServerState()
    return [
        Listener(door, listening, config, state, context if door.kind == "https" else None) for door, listening in bound
    ]


async def hang_up_on_all(listeners: Sequence[Listener]) -> None:
    """Close every door and connection; requests under way see their client leave."""
    for listener in listeners:
        listener.close()
    for state in {id(listener.state): listener.state for listener in listeners}.values():
        for connection in list(state.connections):
            connection.transport.abort()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=LAST_WORDS_S)
