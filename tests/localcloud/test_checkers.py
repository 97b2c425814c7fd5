"""Health checkers: what they ask, what they take for well, when a check turns, and what is computed from others."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from ministack.services import route53 as store

from localcloud import checkers
from localcloud.checkers import Checkers, Entrance

OWNER = "123456789012"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GONE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
Make = Callable[..., str]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkers, "LOOK_S", 0.01)
    monkeypatch.setattr(checkers, "CONNECT_S", 0.2)
    monkeypatch.setattr(checkers, "ANSWER_S", 0.2)


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    """make("a", Inverted=True): a check as Route 53's store has it; its id."""

    def put(check_id: str, **config: Any) -> str:
        told = {"Type": "HTTP", "FullyQualifiedDomainName": "kv.example", "RequestInterval": 0.02, **config}
        monkeypatch.setitem(store._health_checks._data, (OWNER, check_id), {"config": told})
        return check_id

    return put


class Origin:
    """A server that answers with `says`, and remembers what it was asked. `says` None: it keeps silent."""

    def __init__(self, says: bytes | None = OK) -> None:
        self.says = says
        self.asked: list[bytes] = []
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            if self.says is None:
                await reader.read()
            else:
                writer.write(self.says)
                await writer.drain()
        writer.close()

    def lead(self, name: str) -> Entrance | None:
        return Entrance("127.0.0.1", self.port, self.port) if name.endswith(".example") else None


@contextlib.asynccontextmanager
async def looking(origin: Origin) -> AsyncIterator[Checkers]:
    """Checkers at work, with everything led to one origin."""
    server = await asyncio.start_server(origin.answer, "127.0.0.1", 0)
    origin.port = server.sockets[0].getsockname()[1]
    found = Checkers(origin.lead)
    task = asyncio.create_task(found.run())
    try:
        yield found
    finally:
        asking = [each.task for each in found.standing.values() if each.task is not None]
        task.cancel()
        await asyncio.gather(task, *asking, return_exceptions=True)
        server.close()
        for writer in origin.writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def until(good: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not good():
            await asyncio.sleep(0.005)


async def report(origin: Origin) -> str:
    """What is first reported of the check `a`."""
    async with looking(origin) as found:
        await until(lambda: found.observed(OWNER, "a"))
        standing = found.observed(OWNER, "a")
        assert standing is not None
        return standing.report


def run(story: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(story)


@pytest.mark.parametrize(
    ("says", "well"),
    [
        (OK, True),
        (b"HTTP/1.1 301 Moved Permanently\r\n\r\n", True),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", False),
        (GONE, False),
        (b"HTTP/1.1 nonsense\r\n\r\n", False),
        (b"HTTP/1.1\r\n\r\n", False),
        (b"HTTP/1.1 " + b"9" * 100_000 + b"\r\n\r\n", False),
        (b"", False),
        (None, False),
    ],
    ids=["200", "301", "404", "503", "no number", "no status", "endless line", "nothing", "silence"],
)
def test_2xx_and_3xx_in_time_are_well(make: Make, says: bytes | None, well: bool) -> None:
    """Developer guide, "How Amazon Route 53 determines whether a health check is healthy"."""
    make("a")

    assert run(report(Origin(says))).startswith("Success" if well else "Failure")


@pytest.mark.parametrize(("before", "well"), [(5_110, True), (5_120, False)])
def test_searched_string_must_begin_and_end_within_5120_bytes(make: Make, before: int, well: bool) -> None:
    make("a", Type="HTTP_STR_MATCH", SearchString="ready")

    says = b"HTTP/1.1 200 OK\r\n\r\n" + b"." * before + b"ready"
    assert run(report(Origin(says))).startswith("Success" if well else "Failure")


def test_headers_without_an_end_are_a_failure_and_end_no_checker(make: Make) -> None:
    make("a", Type="HTTP_STR_MATCH", SearchString="ready")

    assert run(report(Origin(b"HTTP/1.1 200 OK\r\nX: " + b"." * 200_000))).startswith("Failure")


def test_host_and_path_are_those_of_the_check(make: Make) -> None:
    make("a", FullyQualifiedDomainName="eu-central-1.kv.example", ResourcePath="/health?deep=1")
    origin = Origin()
    run(report(origin))

    lines = origin.asked[0].split(b"\r\n")
    assert (lines[0], lines[1]) == (b"GET /health?deep=1 HTTP/1.1", b"Host: eu-central-1.kv.example")


def test_tcp_is_well_once_it_is_connected(make: Make) -> None:
    make("a", Type="TCP", Port=80)

    assert run(report(Origin(None))) == "Success: TCP connection established"


@pytest.mark.parametrize("name", ["kv.elsewhere.test", "a" * 70 + ".example"], ids=["no such name", "label too long"])
def test_name_that_leads_nowhere_is_a_failure(make: Make, name: str) -> None:
    make("a", Type="HTTPS", FullyQualifiedDomainName=name, EnableSNI=True)

    assert run(report(Origin())).startswith("Failure")


def test_endpoint_that_speaks_no_tls_is_a_failure(make: Make) -> None:
    make("a", Type="HTTPS", EnableSNI=True)

    assert run(report(Origin())).startswith("Failure")


def test_check_turns_after_so_many_failures_and_back_after_so_many_successes(make: Make) -> None:
    make("a", FailureThreshold=3)

    async def story() -> list[tuple[int, int]]:
        origin, turns = Origin(), []
        async with looking(origin) as found:
            await until(lambda: found.observed(OWNER, "a"))
            before, origin.says = len(origin.asked), GONE
            await until(lambda: not found.healthy(OWNER, "a"))
            turns.append((before, len(origin.asked)))
            before, origin.says = len(origin.asked), OK
            await until(lambda: found.healthy(OWNER, "a"))
            turns.append((before, len(origin.asked)))
        return turns

    # Another look may be on its way when the origin changes, or begin before the turn is noticed.
    assert all(after - before in (3, 4) for before, after in run(story()))


def test_new_check_is_healthy_and_a_new_inverted_one_is_not(make: Make) -> None:
    """Until there is data: a switch that nobody has seen yet does not let users in."""
    nobody = Checkers(lambda name: None)

    assert nobody.healthy(OWNER, make("a")) is True
    assert nobody.healthy(OWNER, make("b", Inverted=True)) is False
    assert nobody.healthy(OWNER, "deleted") is True


def test_disabled_counts_as_well_and_is_never_asked(make: Make) -> None:
    make("b", Disabled=True)
    make("c", Disabled=True, Inverted=True)

    async def story() -> tuple[bool, bool, int]:
        origin = Origin(GONE)
        make("a", FailureThreshold=1)
        async with looking(origin) as found:
            await until(lambda: found.observed(OWNER, "a"))
            return found.healthy(OWNER, "b"), found.healthy(OWNER, "c"), len(found.standing)

    assert run(story()) == (True, False, 1)


def test_switch_is_unhealthy_while_its_object_is_there(make: Make) -> None:
    make("a", Inverted=True, FailureThreshold=1)

    async def story() -> None:
        origin = Origin(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        async with looking(origin) as found:
            await until(lambda: found.healthy(OWNER, "a"))
            origin.says = OK
            await until(lambda: not found.healthy(OWNER, "a"))

    run(story())


@pytest.mark.parametrize(
    ("threshold", "inverted", "healthy"),
    [(0, False, True), (1, False, True), (2, False, False), (2, True, True), (1, True, False)],
)
def test_calculated_counts_its_children(make: Make, threshold: int, inverted: bool, healthy: bool) -> None:
    well, ill = make("well", Disabled=True), make("ill", Disabled=True, Inverted=True)
    make("sum", Type="CALCULATED", HealthThreshold=threshold, ChildHealthChecks=[well, ill], Inverted=inverted)

    assert Checkers(lambda name: None).healthy(OWNER, "sum") is healthy


def test_changed_check_starts_anew_and_a_deleted_one_is_asked_no_more(make: Make) -> None:
    make("a", FailureThreshold=1)

    async def story() -> int:
        origin = Origin(GONE)
        async with looking(origin) as found:
            await until(lambda: not found.healthy(OWNER, "a"))
            make("a", FailureThreshold=1, ResourcePath="/other")
            await until(lambda: any(b"GET /other " in asked for asked in origin.asked))
            del store._health_checks._data[OWNER, "a"]
            await until(lambda: not found.standing)
            return len(found.standing)

    assert run(story()) == 0
