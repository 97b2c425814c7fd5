"""Where each region listens. Pure, but for `loopback_addresses_work`, which tries to bind.

Linux lets any user bind any address of 127.0.0.0/8, so a region gets an address; macOS has only 127.0.0.1, so there
a region gets ports instead. Either way the listener tells the region, and nothing listens beyond loopback.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

SHARED_HOST = "127.0.0.1"

DoorKind = Literal["api", "http", "https"]


@dataclass(frozen=True)
class Door:
    """One listening address: what is served there, and for which region (None: for all, told by the signature)."""

    host: str
    port: int
    kind: DoorKind
    region: str | None

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"


@cache
def commercial_regions() -> tuple[str, ...]:
    """Every region of the partition `aws` that botocore knows, sorted; the order numbers the addresses."""
    partitions = json.loads((files("botocore") / "data/partitions.json").read_text())["partitions"]
    (regions,) = (partition["regions"] for partition in partitions if partition["id"] == "aws")
    return tuple(sorted(region for region in regions if region != "aws-global"))


def shared_door(port: int) -> Door:
    return Door(SHARED_HOST, port, "api", None)


def region_doors(port: int, regions: Sequence[str], *, own_addresses: bool) -> list[Door]:
    """Three doors a region: by address at `port`, + 1 and + 2, or all on 127.0.0.1 from `port` + 1 upwards."""
    doors: list[Door] = []
    kinds: tuple[DoorKind, ...] = ("api", "http", "https")
    for number, region in enumerate(regions, start=1):
        for offset, kind in enumerate(kinds):
            if own_addresses:
                doors.append(Door(f"127.10.0.{number}", port + offset, kind, region))
            else:
                doors.append(Door(SHARED_HOST, port + 1 + 3 * (number - 1) + offset, kind, region))
    return doors


def published(doors: Sequence[Door]) -> dict[str, dict[str, str]]:
    """{"eu-central-1": {"api": "http://127.10.0.9:4566", "http": "127.10.0.9:4567", "https": "127.10.0.9:4568"}, …}"""
    regions: dict[str, dict[str, str]] = {}
    for door in doors:
        if door.region is not None:
            address = f"http://{door.address}" if door.kind == "api" else door.address
            regions.setdefault(door.region, {}).setdefault(door.kind, address)
    return regions


def loopback_addresses_work() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.10.0.1", 0))
        except OSError:
            return False
    return True
