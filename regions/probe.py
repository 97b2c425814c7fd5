"""Probe: GET a URL as a Route 53 health checker would, and say how it went. I/O; between the schedule and the verdict.

    resolve → guard the address → connect there, fresh → TLS for the URL's name → head of the answer → Result

Never raises for what an endpoint does, never follows a redirect, reads no body, asks no proxy. What Route 53 calls
healthy is `ok` here: a status of 2xx or 3xx. Unlike Route 53 it verifies certificates, since users' clients do.

Names are resolved here, not in the HTTP library, so that the address that was found harmless is the one that is
connected to: a name that changes its mind in between ("DNS rebinding") leads nowhere else.
"""

from __future__ import annotations

import asyncio
import re
import resource
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from django.conf import settings
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import DetailedPyreqwestError, PyreqwestError, RequestTimeoutError
from pyreqwest.http import Url

from regions.models import Endpoint
from regions.verdict import Result

USER_AGENT = "antipode-probe"
STARTS_PER_S = 1000  # probes that are due at once start one after the other
SHARED_CLIENT_AFTER_S = 0.25  # names that take longer to resolve don't keep the others waiting
CONNECTIONS_OPEN = 4096

# Not asyncio's own executor: the end of a loop waits for that one, and a resolver may hang for longer than a round.
_resolvers = ThreadPoolExecutor(max_workers=64, thread_name_prefix="resolve")


@dataclass(frozen=True)
class Target:
    """What is probed. `connect_to`: host:port instead of the URL's own, whose name stays Host and SNI.

    `may_be_private`: its account is a local cloud, so that a loopback or private address is what it should have.
    `after_s`: how long from now the probe is due.
    """

    url: str
    connect_to: str = ""
    timeout_s: float = 3.0
    may_be_private: bool = False
    after_s: float = 0.0


@dataclass(frozen=True)
class Route:
    """Where a target is connected to: the URL's name leads to `address` (None: the URL itself says it)."""

    domain: str | None
    address: str
    port: int


class Unreachable(Exception):
    """There is nowhere to connect to; the message says why, in words for operators."""


def target_of(endpoint: Endpoint) -> Target:
    """What a watched endpoint asks for, now. Reads its account."""
    local = endpoint.account is not None and bool(endpoint.account.endpoint_url)
    return Target(endpoint.url, endpoint.connect_to, endpoint.timeout_s, may_be_private=local)


def probe_once(endpoint: Endpoint) -> Result:
    """Probe one endpoint now and wait for it: for threads without an event loop."""
    return asyncio.run(probe(target_of(endpoint)))


def probe_together(targets: Sequence[Target]) -> list[Result]:
    """`probe_all`, waited for: for threads without an event loop."""
    return asyncio.run(probe_all(targets))


async def probe(target: Target) -> Result:
    """One probe, now."""
    return (await probe_all([target]))[0]


async def probe_all(targets: Sequence[Target]) -> list[Result]:
    """Probe each target when it is due; results in the order of `targets`.

    Takes as long as the last due time and one time-out; starts at most `STARTS_PER_S`.
    """
    _allow_connections()
    started_s = time.monotonic()
    looking = [asyncio.ensure_future(_route(target)) for target in targets]
    if looking:
        await asyncio.wait(looking, timeout=SHARED_CLIENT_AFTER_S)
    shared: dict[str, Route] = {}
    for route in _found(looking):
        if route.domain is not None:
            shared.setdefault(route.domain, route)
    client = _client(shared.values())
    try:
        return await asyncio.gather(
            *(
                _probe(target, found, client, shared, starts_s=started_s + max(target.after_s, number / STARTS_PER_S))
                for number, (target, found) in enumerate(zip(targets, looking, strict=True))
            )
        )
    finally:
        await client.close()


async def _probe(
    target: Target, looking: asyncio.Future[Route], client: Client, shared: Mapping[str, Route], *, starts_s: float
) -> Result:
    """Wait until it is due; then the rest of the way must be done within the time-out."""
    await asyncio.sleep(max(0.0, starts_s - time.monotonic()))
    begun_s = time.monotonic()
    try:
        # Its name was asked for when the round began, so that this mostly is known by now.
        route = await asyncio.wait_for(looking, target.timeout_s)
        left_s = target.timeout_s - (time.monotonic() - begun_s)
        if route.domain is None or shared.get(route.domain) == route:
            return await _ask(client, target, left_s)
        own = _client([route])  # the same name elsewhere, or a slow resolver
        try:
            return await _ask(own, target, left_s)
        finally:
            await own.close()
    except Unreachable as error:
        return _failed(str(error))
    except TimeoutError:
        return _failed(f"timed out after {target.timeout_s:g} s (its name was not resolved)")


async def _ask(client: Client, target: Target, left_s: float) -> Result:
    begun_s = time.perf_counter()
    # Nothing of the body is read: a huge or endless one costs what the socket's buffer holds.
    request = client.get(target.url).timeout(timedelta(seconds=max(left_s, 0.001))).streamed_read_buffer_limit(0)
    try:
        async with request.build_streamed() as answer:
            latency_ms = round((time.perf_counter() - begun_s) * 1000, 1)
            if 200 <= answer.status < 400:
                return Result(_now(), ok=True, latency_ms=latency_ms)
            return Result(_now(), ok=False, latency_ms=latency_ms, error=f"status {answer.status}")
    except RequestTimeoutError:
        return _failed(f"timed out after {target.timeout_s:g} s")
    except PyreqwestError as error:
        return _failed(_words(error))


async def _route(target: Target) -> Route:
    """Resolve and guard: raises Unreachable."""
    try:
        url = Url(target.url)
    except ValueError as error:
        raise Unreachable(f"not a URL: {error}") from error
    host, port = url.host_str, url.port_or_known_default
    if url.scheme not in ("http", "https") or host is None or port is None:
        raise Unreachable("only http and https are probed")
    if target.connect_to:
        to_host, _, to_port = target.connect_to.rpartition(":")
        if not (to_host and to_port.isascii() and to_port.isdigit()):
            raise Unreachable(f'connect_to is "{target.connect_to}": write host:port')
        # reqwest's rule: a port in the URL beats the override's, and an address in it is never overridden
        if url.domain is None or url.port not in (None, int(to_port)):
            raise Unreachable("with connect_to, the URL must have a host name and no port of its own")
        host, port = to_host, int(to_port)
    address = await _resolve(host.strip("[]"), port, may_be_private=target.may_be_private)
    return Route(url.domain, address, port)


async def _resolve(host: str, port: int, *, may_be_private: bool) -> str:
    """One address of `host`, IPv4 first: every API of AWS has one, while many networks have no way for IPv6."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(_resolvers, _getaddrinfo, host, port)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} can't be resolved: {getattr(error, 'strerror', None) or error}") from error
    for address in found:
        if not (may_be_private or _is_public(address)):
            raise Unreachable(f"{host} leads to {address}, which is not a public address: not probed")
    return min(found, key=lambda address: ":" in address)


def _getaddrinfo(host: str, port: int) -> list[str]:
    return [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _is_public(address: str) -> bool:
    """Neither loopback, private, link-local (the metadata service of clouds), multicast nor reserved."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return ip.is_global and not ip.is_multicast


def _found(looking: Iterable[asyncio.Future[Route]]) -> Iterable[Route]:
    return (each.result() for each in looking if each.done() and not each.cancelled() and each.exception() is None)


def _client(routes: Iterable[Route]) -> Client:
    """A client whose connections are all new: none is kept, and its TLS sessions end with it."""
    builder = (
        ClientBuilder()
        .user_agent(USER_AGENT)
        .no_proxy()
        .follow_redirects(False)
        .pool_max_idle_per_host(0)
        .gzip(False)
        .brotli(False)
        .zstd(False)
        .deflate(False)
    )
    for certificate in _certificates(settings.CA_FILE):
        builder = builder.add_root_certificate_pem(certificate)
    for route in routes:
        if route.domain is not None:
            builder = builder.resolve(route.domain, route.address, route.port)
    return builder.build()


def _certificates(ca_file: str) -> list[bytes]:
    """Those that are trusted beside the system's own. A file that can't be read is ours to mend: it raises."""
    if not ca_file:
        return []
    return re.findall(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", Path(ca_file).read_bytes(), re.S)


@cache
def _allow_connections() -> None:
    """Many systems begin with 1,024 open files a process: too few where many endpoints hang at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_OPEN if hard == resource.RLIM_INFINITY else min(CONNECTIONS_OPEN, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _words(error: PyreqwestError) -> str:
    """The innermost cause, without its errno: "connection refused", "certificate refused: UnknownIssuer"."""
    causes = (error.details["causes"] or []) if isinstance(error, DetailedPyreqwestError) else []
    innermost = str(causes[-1]["message"]) if causes else error.message
    innermost = re.sub(r" \(os error \d+\)$", "", innermost)
    if innermost.startswith("invalid peer certificate: "):
        return innermost.replace("invalid peer certificate", "certificate refused", 1)[:300]
    return (innermost[:1].lower() + innermost[1:])[:300]


def _failed(error: str) -> Result:
    return Result(_now(), ok=False, error=error)


def _now() -> datetime:
    return datetime.now(UTC)
