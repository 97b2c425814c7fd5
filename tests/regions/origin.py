"""A little HTTPS server with a certificate authority of its own, for what a probe may meet.

`/503` answers that status, `/302` leads elsewhere, `/huge` sends a body without end, `/cut` breaks off within it,
`/junk` is no HTTP, `/hang` never answers, `/slow` after 0.3 s, anything else 200.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import trustme

HOST = "eu-central-1.kv.example.test"
ANSWERS = {
    "/503": b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
    "/302": b"HTTP/1.1 302 Found\r\nlocation: https://nowhere.example.test/\r\ncontent-length: 0\r\n\r\n",
    "/cut": b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nabc",
    "/junk": b"what?\r\n\r\n",
}
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@dataclass(frozen=True)
class Request:
    path: str
    host: str
    sni: str | None


@dataclass
class Origin:
    """`address` is host:port; `seen` what was asked; `ca` belongs in CA_FILE."""

    ca: trustme.CA
    port: int = 0
    seen: list[Request] = field(default_factory=list)
    connections: int = 0
    body_bytes_sent: int = 0
    sni: str | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split()[1]
        host = next(line[6:] for line in head.split("\r\n") if line.lower().startswith("host: "))
        self.seen.append(Request(path, host, self.sni))
        await self.answer(path, writer)
        writer.close()

    async def answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        if path == "/hang":
            await asyncio.sleep(60)
        if path == "/slow":
            await asyncio.sleep(0.3)
        if path == "/huge":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n")
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
                self.body_bytes_sent += 65536
        writer.write(ANSWERS.get(path, OK))
        await writer.drain()


@contextlib.asynccontextmanager
async def origin(ca: trustme.CA, *, named: str = HOST, port: int = 0) -> AsyncIterator[Origin]:
    """Listens on loopback for as long as the block runs, with a certificate for `named`."""
    served = Origin(ca)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(named).configure_cert(tls)

    def saw(_: object, name: str | None, __: object) -> None:
        served.sni = name

    tls.sni_callback = saw
    open_ones: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_ones[task] = writer
        # TLS only now: a connection whose handshake fails must be known, too, to be closed at the end.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await writer.start_tls(tls)
            await served.serve(reader, writer)

    server = await asyncio.start_server(accepted, "127.0.0.1", port)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        for task, writer in open_ones.items():
            task.cancel()
            writer.transport.abort()
        closing = [asyncio.ensure_future(writer.wait_closed()) for writer in open_ones.values()]
        if closing:  # bounded: one that was aborted amid its handshake never says that it is closed
            await asyncio.wait([*open_ones, *closing], timeout=2)
        for each in closing:
            each.cancel()
        await asyncio.gather(*closing, return_exceptions=True)


@contextlib.contextmanager
def running(ca: trustme.CA, *, port: int = 0) -> Iterator[Origin]:
    """The same in a thread, for tests without an event loop."""
    ready = threading.Event()
    found: list[Origin] = []
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with origin(ca, port=port) as served:
            found.append(served)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


def write_ca(ca: trustme.CA, folder: Path) -> str:
    file = folder / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return str(file)
