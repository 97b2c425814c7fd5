"""A probe: what it calls well, what ill and in which words, and where it must never go."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from regions import probe as probing
from regions.models import Account, Endpoint, Region
from regions.probe import Target, probe_all, probe_once
from regions.verdict import Result
from tests.regions.origin import HOST, Origin, Request, origin, running, write_ca


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture(autouse=True)
def _trusted(ca: trustme.CA, tmp_path: Path, settings: Any) -> None:
    settings.CA_FILE = write_ca(ca, tmp_path)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def target(served: Origin, path: str = "/health", **changes: Any) -> Target:
    """What the local cloud's replicas look like: a name that no DNS knows, and where it really is."""
    return replace(Target(f"https://{HOST}{path}", served.address, timeout_s=3.0, may_be_private=True), **changes)


def ask(ca: trustme.CA, path: str, *, named: str = HOST, **changes: Any) -> tuple[Result, Origin]:
    async def story() -> tuple[Result, Origin]:
        async with origin(ca, named=named) as served:
            return await probing.probe(target(served, path, **changes)), served

    return asyncio.run(story())


def test_a_replica_that_answers_is_well(ca: trustme.CA) -> None:
    result, served = ask(ca, "/health")

    assert (result.ok, result.error) == (True, "")
    assert result.latency_ms is not None
    assert 0 < result.latency_ms < 3000
    assert served.seen == [Request("/health", HOST, HOST)]  # connected elsewhere: Host and SNI are still the name's


def test_a_redirect_is_well_and_not_followed(ca: trustme.CA) -> None:
    result, served = ask(ca, "/302")

    assert (result.ok, result.error) == (True, "")
    assert [request.path for request in served.seen] == ["/302"]


def test_an_error_status_is_ill(ca: trustme.CA) -> None:
    result, _ = ask(ca, "/503")

    assert (result.ok, result.error) == (False, "status 503")


def test_latency_is_the_time_until_the_answer_begins(ca: trustme.CA) -> None:
    result, _ = ask(ca, "/slow")

    assert result.ok
    assert result.latency_ms is not None
    assert result.latency_ms >= 300


def test_what_hangs_is_given_up(ca: trustme.CA) -> None:
    begun_s = time.monotonic()
    result, _ = ask(ca, "/hang", timeout_s=0.4)

    assert (result.ok, result.error, result.latency_ms) == (False, "timed out after 0.4 s", None)
    assert time.monotonic() - begun_s >= 0.4


def test_nobody_listens(free_port: int) -> None:
    result = asyncio.run(probing.probe(Target(f"https://{HOST}/", f"127.0.0.1:{free_port}", may_be_private=True)))

    assert (result.ok, result.error) == (False, "connection refused")


def test_a_certificate_for_another_name(ca: trustme.CA) -> None:
    result, served = ask(ca, "/health", named="other.example.test")

    assert not result.ok
    assert result.error.startswith(f'certificate refused: certificate not valid for name "{HOST}"')
    assert served.seen == []


def test_a_certificate_of_an_authority_that_is_not_trusted() -> None:
    result, _ = ask(trustme.CA(key_type=trustme.KeyType.ECDSA), "/health")

    assert (result.ok, result.error) == (False, "certificate refused: UnknownIssuer")


def test_an_answer_that_is_no_http(ca: trustme.CA) -> None:
    result, _ = ask(ca, "/junk")

    assert (result.ok, result.error) == (False, "invalid HTTP version parsed")


def test_a_body_without_end_is_left_alone(ca: trustme.CA) -> None:
    result, served = ask(ca, "/huge")

    assert result.ok
    assert served.body_bytes_sent < 32 * 1024 * 1024  # the sockets' buffers, not the body


def test_a_body_that_breaks_off_does_not_matter(ca: trustme.CA) -> None:
    """Route 53 looks at the status only."""
    result, _ = ask(ca, "/cut")

    assert result.ok


def test_the_environments_proxy_is_ignored(ca: trustme.CA, monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port}")

    result, _ = ask(ca, "/health")

    assert result.ok


def test_every_probe_is_a_connection_of_its_own(ca: trustme.CA) -> None:
    async def story() -> int:
        async with origin(ca) as served:
            await probe_all([target(served)] * 3)
            await probe_all([target(served)] * 2)
            return served.connections

    assert asyncio.run(story()) == 5


def test_results_come_in_the_order_of_their_targets_each_in_its_time(ca: trustme.CA) -> None:
    async def story() -> list[Result]:
        async with origin(ca) as served:
            late = target(served, "/health", after_s=0.5)
            return await probe_all([late, target(served, "/503"), target(served, "/hang", timeout_s=0.3)])

    late, ill, hung = asyncio.run(story())

    assert [late.ok, ill.error, hung.error] == [True, "status 503", "timed out after 0.3 s"]
    assert (late.at - ill.at).total_seconds() > 0.3


def test_one_name_at_two_addresses_is_asked_at_both(ca: trustme.CA) -> None:
    """Two accounts with the same host name: an override must not leak from one to the other."""

    async def story() -> list[list[str]]:
        async with origin(ca) as one, origin(ca) as other:
            await probe_all([target(one, "/one"), target(other, "/other")])
            return [[request.path for request in served.seen] for served in (one, other)]

    assert asyncio.run(story()) == [["/one"], ["/other"]]


def test_nothing_to_probe() -> None:
    assert asyncio.run(probe_all([])) == []


@pytest.mark.parametrize(
    ("url", "connect_to", "leads_to"),
    [
        ("http://169.254.169.254/latest/meta-data/", "", "169.254.169.254"),
        ("http://2852039166/", "", "169.254.169.254"),  # the same address as a number
        ("http://127.0.0.1/", "", "127.0.0.1"),
        ("http://localhost/", "", "127.0.0.1"),
        ("http://[::ffff:10.0.0.1]/", "", "::ffff:10.0.0.1"),
        ("http://[fd00:ec2::254]/", "", "fd00:ec2::254"),
        ("https://10.1.2.3/", "", "10.1.2.3"),
        ("https://example.test/", "192.168.0.1:443", "192.168.0.1"),
    ],
)
def test_addresses_inside_our_own_network_are_not_asked(
    url: str, connect_to: str, leads_to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def ipv4_only_localhost(host: str, port: int, **kwargs: Any) -> Any:
        return real("127.0.0.1" if host == "localhost" else host, port, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", ipv4_only_localhost)

    result = asyncio.run(probing.probe(Target(url, connect_to)))

    assert not result.ok
    assert result.error.endswith(f"leads to {leads_to}, which is not a public address: not probed")


def test_a_name_with_one_private_address_among_public_ones_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving("93.184.215.14", "10.0.0.1"))

    result = asyncio.run(probing.probe(Target("https://two.example.test/")))

    assert result.error == "two.example.test leads to 10.0.0.1, which is not a public address: not probed"


def test_a_name_is_resolved_once_and_connected_to_where_it_led(ca: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rebinding: a second answer of the resolver would lead elsewhere."""
    asked: list[str] = []

    def once(host: str, port: int, **_: Any) -> Any:
        asked.append(host)
        return resolving("127.0.0.1" if len(asked) == 1 else "127.0.0.99")(host, port)

    async def story() -> Result:
        async with origin(ca) as served:
            monkeypatch.setattr(socket, "getaddrinfo", once)
            return await probing.probe(Target(f"https://{HOST}:{served.port}/", may_be_private=True))

    assert asyncio.run(story()).ok
    assert asked == [HOST]


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    result = asyncio.run(probing.probe(Target("https://nobody.example.test/")))

    assert (result.ok, result.error) == (False, "nobody.example.test can't be resolved: Name or service not known")


def test_a_resolver_that_hangs_delays_nobody_else(ca: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def hanging(host: str, port: int, **kwargs: Any) -> Any:
        if host == "hangs.example.test":
            time.sleep(1.0)
        return real(host, port, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)

    async def story() -> list[Result]:
        async with origin(ca) as served:
            return await probe_all([Target("https://hangs.example.test/", timeout_s=0.6), target(served)])

    hung, well = asyncio.run(story())

    assert (hung.ok, hung.error) == (False, "timed out after 0.6 s (its name was not resolved)")
    assert well.ok
    assert well.at < hung.at


@pytest.mark.parametrize(
    ("url", "connect_to", "error"),
    [
        ("ftp://example.test/", "", "only http and https are probed"),
        ("example.test", "", "not a URL: relative URL without a base"),
        ("https://example.test/", "somewhere", 'connect_to is "somewhere": write host:port'),
        (
            "https://example.test:8443/",
            "127.0.0.1:9443",
            "with connect_to, the URL must have a host name and no port of its own",
        ),
    ],
)
def test_what_cannot_be_probed_says_why(url: str, connect_to: str, error: str) -> None:
    result = asyncio.run(probing.probe(Target(url, connect_to, may_be_private=True)))

    assert (result.ok, result.error) == (False, error)


def test_a_ca_file_that_is_missing_is_our_own_fault(settings: Any) -> None:
    """No endpoint may be called down for it."""
    settings.CA_FILE = "/nowhere/ca.pem"

    with pytest.raises(FileNotFoundError):
        asyncio.run(probing.probe(Target("https://127.0.0.1/", may_be_private=True)))


@pytest.mark.parametrize(("endpoint_url", "ok"), [("http://127.0.0.1:4566", True), ("", False)])
def test_only_a_local_clouds_endpoints_may_be_on_this_machine(ca: trustme.CA, endpoint_url: str, ok: bool) -> None:
    account = Account(name="demo", account_id="000000000000", endpoint_url=endpoint_url)
    with running(ca) as served:
        endpoint = Endpoint(
            region=Region(code="eu-central-1"),
            account=account,
            url=f"https://{HOST}/health",
            connect_to=served.address,
        )

        assert probe_once(endpoint).ok is ok


def resolving(*addresses: str) -> Callable[..., Any]:
    def getaddrinfo(_: str, port: int, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return getaddrinfo
