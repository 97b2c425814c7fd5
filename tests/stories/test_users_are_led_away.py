"""Users are led away, by DNS alone: from a region that dies within 108 s, from one that is evacuated within 76 s, while
Route 53's API is down. Measured on clients that resolve, keep an answer for its TTL, and ask again and again."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import dns.edns
import dns.message
import dns.query
import pytest

from tests.stories.service import Service
from tests.stories.system import System

pytestmark = pytest.mark.story

LEFT, DARK, STAYS = "eu-central-1", "ap-southeast-1", "us-west-2"
KYIV, SINGAPORE = "192.0.2.1", "203.0.113.17"
WORST_FAILOVER_S, WORST_EVACUATION_S = 108, 76
EVERY_S = 0.5


@dataclass
class Client(threading.Thread):
    """One user somewhere on Earth. `seen`: (when, region, whether it answered)."""

    system: System
    hostname: str
    subnet: str
    regions: dict[str, tuple[str, int]]
    seen: list[tuple[float, str, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.stopped = threading.Event()

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        context = ssl.create_default_context(cafile=str(self.system.options.ca_file))
        kept_until, address = 0.0, ""
        while not self.stopped.wait(EVERY_S):
            if time.monotonic() >= kept_until:
                address, ttl_s = self.resolve()
                kept_until = time.monotonic() + ttl_s
            began = time.monotonic()
            self.seen.append((began, self.region_of(address), self.asks(address, context)))

    def resolve(self) -> tuple[str, float]:
        query = dns.message.make_query(self.hostname, "A", use_edns=0, options=[dns.edns.ECSOption(self.subnet, 32)])
        host, _, port = self.system.options.dns_address.partition(":")
        (found,) = dns.query.udp(query, host, port=int(port), timeout=5).answer
        return str(found[0]), float(found.ttl)

    def asks(self, address: str, context: ssl.SSLContext) -> bool:
        port = next(port for host, port in self.regions.values() if host == address)
        connection = _Connection(self.hostname, address, port, context)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def region_of(self, address: str) -> str:
        return next(region for region, (host, _) in self.regions.items() if host == address)

    @property
    def goes_to(self) -> str:
        return self.seen[-1][1] if self.seen and self.seen[-1][2] else ""


class _Connection(http.client.HTTPSConnection):
    """To an address, by the name that users call."""

    def __init__(self, hostname: str, address: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__(hostname, port, timeout=2, context=context)
        self._create_connection = lambda _, *rest: socket.create_connection((address, port), *rest)


def test_users_are_led_away(
    system: System, service: Callable[[str], Service], record_property: Callable[[str, object], None]
) -> None:
    shop = service("shop-led")
    shop.save(routing={"policy": "latency", "switch": "service"})
    shop.deploy()
    doors = system.cloud("GET", "regions")
    regions = {code: (doors[code]["https"].split(":")[0], int(doors[code]["https"].split(":")[1])) for code in doors}
    users = {name: Client(system, shop.hostname, subnet, regions) for name, subnet in (("k", KYIV), ("s", SINGAPORE))}
    for user in users.values():
        user.start()
    try:
        system.until(
            lambda: users["k"].goes_to == LEFT and users["s"].goes_to == DARK, "users go to the nearest region"
        )
        with system.outage("route53-api", "503"):
            asked_s = time.monotonic()
            told = system.api.call(
                "POST", f"services/{shop.name}/regions/{LEFT}/evacuate/", {"reason": "Lambda errors at 4 %"}
            )
            assert (told["verb"], told["status"]) == ("evacuate", "succeeded")
            with system.outage(DARK, "blackhole"):
                dark_s = time.monotonic()
                system.until(lambda: users["k"].goes_to == STAYS, f"{LEFT} is left", within_s=WORST_EVACUATION_S + 10)
                system.until(lambda: users["s"].goes_to == STAYS, f"{DARK} is left", within_s=WORST_FAILOVER_S + 10)
        evacuation_s = max(at for at, region, _ in users["k"].seen if region == LEFT) - asked_s
        failover_s = max(at for at, _, well in users["s"].seen if not well) - dark_s
        record_property("evacuation_s", round(evacuation_s, 1))
        record_property("failover_s", round(failover_s, 1))
        print(f"evacuation {evacuation_s:.1f} s, failover {failover_s:.1f} s")
        assert evacuation_s <= WORST_EVACUATION_S
        assert failover_s <= WORST_FAILOVER_S
        assert all(well for _, _, well in users["k"].seen), "evacuating costs nobody a request"
        rotation = {
            each["region"]: each["in_rotation"] for each in system.api.call("GET", f"services/{shop.name}/")["replicas"]
        }
        assert rotation == {LEFT: False, DARK: True, STAYS: True}
    finally:
        for user in users.values():
            user.stopped.set()
