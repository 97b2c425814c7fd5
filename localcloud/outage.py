"""What is down, and how: regions, and Route 53's API. State and events only: who acts on it asks here.

mode        AWS API and traffic of the region                    replication to and from it
blackhole   connecting times out; open connections hang           held
503         answered at once with 503                             held
partition   served as ever                                        held

Route 53's API can be down by itself (blackhole or 503): its name servers and health checkers go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Literal, get_args

Mode = Literal["blackhole", "503", "partition"]
MODES: tuple[Mode, ...] = get_args(Mode)


ROUTE53_API = "route53-api"
"""What is called a region here and is none."""


class Outages:
    """The regions that are down. `on_change` is called with (region, mode before, mode now) after each change."""

    def __init__(self) -> None:
        self._modes: dict[str, Mode] = {}
        self._ended: dict[str, asyncio.Event] = {}
        self.on_change: list[Callable[[str, Mode | None, Mode | None], None]] = []

    def current(self) -> dict[str, Mode]:
        return dict(self._modes)

    def mode(self, region: str) -> Mode | None:
        return self._modes.get(region)

    def severed(self, region: str) -> bool:
        """Whether replication does not cross this region's border."""
        return region in self._modes

    def any(self) -> bool:
        return bool(self._modes)

    def set(self, region: str, mode: Mode | None) -> None:
        before = self._modes.get(region)
        if mode == before:
            return
        if mode is None:
            del self._modes[region]
        else:
            self._modes[region] = mode
        if before == "blackhole":
            self._ended.pop(region).set()
        if mode == "blackhole":
            self._ended[region] = asyncio.Event()
        for react in self.on_change:
            react(region, before, mode)

    def end_of(self, region: str) -> asyncio.Event:
        """Set once the region's black hole has ended; only for a region that is one."""
        return self._ended[region]

    def restore(self, modes: Mapping[str, str]) -> None:
        for region, mode in modes.items():
            if mode in MODES:
                self.set(region, mode)
