"""Route 53's health checkers: one for each check (AWS has about 16), which really connects and asks.

    endpoint check  asked RequestInterval after its last answer; it turns after FailureThreshold answers of another kind
    calculated      well while HealthThreshold of its children are; computed when asked
    inverted        the other way round; disabled: as if its endpoint were well

A new check counts as healthy until it has data, an inverted new one as unhealthy. Statuses are not kept over restarts.
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ministack.services import route53 as store

from localcloud import everywhere
from localcloud.strict.route53_checks import ENDPOINT_TYPES, defaults

CONNECT_S = 4.0
ANSWER_S = 2.0
SEARCHED_BYTES = 5_120
LOOK_S = 0.25  # how soon a check that was made, changed or deleted is noticed

Key = tuple[str, str]
"""Account and id of a check."""


@dataclass(frozen=True)
class Entrance:
    """Where a name's traffic enters: host, and a port for each scheme."""

    host: str
    http: int
    https: int


@dataclass
class Standing:
    """What is known of one endpoint. `well` None: nothing yet; `streak`: answers of the other kind in a row."""

    config: Mapping[str, Any]
    task: asyncio.Task[None] | None = None
    well: bool | None = None
    streak: int = 0
    report: str = ""
    checked_at: float = 0.0


@dataclass
class Checkers:
    """`lead(name)`: where a name leads now; None: it does not resolve."""

    lead: Callable[[str], Entrance | None]
    standing: dict[Key, Standing] = field(default_factory=dict)

    async def run(self) -> None:
        """Follow the checks that exist, until cancelled."""
        try:
            while True:
                self._follow()
                await asyncio.sleep(LOOK_S)
        finally:
            for each in self.standing.values():
                if each.task is not None:
                    each.task.cancel()

    def healthy(self, account: str, check_id: str) -> bool:
        """As Route 53 would count it now. A check that does not exist says nothing: healthy."""
        held = store._health_checks._data.get((account, check_id))
        return True if held is None else self._healthy(account, check_id, held["config"])

    def observed(self, account: str, check_id: str) -> Standing | None:
        """What its checkers report; None while they have nothing to report."""
        found = self.standing.get((account, check_id))
        return found if found is not None and found.report else None

    def _healthy(self, account: str, check_id: str, given: Mapping[str, Any]) -> bool:
        config = defaults(str(given.get("Type", ""))) | dict(given)
        inverted = bool(config.get("Inverted"))
        if config.get("Disabled"):
            well: bool | None = True
        elif config.get("Type") == "CALCULATED":
            children = config.get("ChildHealthChecks") or []
            well = sum(self.healthy(account, child) for child in children) >= int(config.get("HealthThreshold", 0))
        else:
            found = self.standing.get((account, check_id))
            well = found.well if found is not None else None
            if well is None:
                return not inverted
        return well != inverted

    def _follow(self) -> None:
        wanted = {key: held["config"] for key, held in everywhere.items(store._health_checks) if _asked(held["config"])}
        for key in [key for key, each in self.standing.items() if wanted.get(key) != each.config]:
            task = self.standing.pop(key).task
            if task is not None:
                task.cancel()
        for key, config in wanted.items():
            if key not in self.standing:
                standing = self.standing[key] = Standing(dict(config))
                standing.task = asyncio.create_task(self._ask_on(standing))

    async def _ask_on(self, standing: Standing) -> None:
        config = defaults(str(standing.config["Type"])) | dict(standing.config)
        while True:
            report = await self._ask(config)
            good = report.startswith("Success")
            standing.report, standing.checked_at = report, time.time()
            standing.streak = 0 if standing.well is good else standing.streak + 1
            if standing.well is None or standing.streak >= int(config["FailureThreshold"]):
                standing.well, standing.streak = good, 0
            await asyncio.sleep(float(config["RequestInterval"]))

    async def _ask(self, config: Mapping[str, Any]) -> str:
        """What one checker reports of one request, in Route 53's words."""
        name = str(config.get("FullyQualifiedDomainName") or config.get("IPAddress", ""))
        door = self.lead(name) if _sayable(name) else None
        if door is None:
            return "Failure: DNS resolution failed: The name does not resolve."
        secure = str(config["Type"]).startswith("HTTPS")
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_connection(
                    door.host,
                    door.https if secure else door.http,
                    ssl=_TLS if secure else None,
                    server_hostname=name if secure and config.get("EnableSNI") else None,
                )
        except TimeoutError:
            return "Failure: Connection timed out. The endpoint or the internet connection is down."
        except OSError as problem:
            return f"Failure: {problem.strerror or problem}"
        try:
            if config["Type"] == "TCP":
                return "Success: TCP connection established"
            async with asyncio.timeout(ANSWER_S):
                return await _get(reader, writer, name, config)
        except TimeoutError:
            return "Failure: The health checker got no answer within 2 seconds."
        except (OSError, ValueError, asyncio.IncompleteReadError) as problem:
            return f"Failure: {problem}"
        finally:
            writer.close()
            with contextlib.suppress(Exception):
                writer.transport.abort()


async def _get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str, config: Mapping[str, Any]) -> str:
    path = str(config.get("ResourcePath") or "/")
    writer.write(
        f"GET {path if path.startswith('/') else '/' + path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n"
        "Accept: */*\r\nUser-Agent: Amazon-Route53-Health-Check-Service (local cloud)\r\n\r\n".encode("latin-1")
    )
    await writer.drain()
    line = (await reader.readline()).decode("latin-1").strip()
    parts = line.split(" ", 2)
    status = int(parts[1]) if line.startswith("HTTP/") and parts[1:] and parts[1].isdigit() else 0
    told = f"HTTP Status Code {status}, {parts[-1]}" if status else "no HTTP answer"
    if not 200 <= status < 400:
        return f"Failure: {told}"
    if str(config["Type"]).endswith("_STR_MATCH"):
        while (await reader.readline()).strip():  # the headers
            pass
        body = b""
        while len(body) < SEARCHED_BYTES and (chunk := await reader.read(SEARCHED_BYTES - len(body))):
            body += chunk
        if str(config.get("SearchString", "")).encode() not in body:
            return f"Failure: {told}. The searched string was not found."
    return f"Success: {told}"


def _asked(config: Mapping[str, Any]) -> bool:
    return config.get("Type") in ENDPOINT_TYPES and not config.get("Disabled")


def _sayable(name: str) -> bool:
    """Whether a name can be asked for in DNS and TLS: no label is empty or too long."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def _tls() -> ssl.SSLContext:
    """Route 53 does not verify certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


_TLS = _tls()
