"""The life of the process: builds the parts, drives ministack's lifespan, opens the doors, and ends in good order."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ministack import app as ministack_app
from ministack.services import sts

from localcloud import addresses, invoke, persistence, strict, tls
from localcloud.addresses import Door
from localcloud.calls import CallLog
from localcloud.checkers import Checkers, Entrance
from localcloud.control import Control
from localcloud.dns import places
from localcloud.dns import port as dns_port
from localcloud.dns import server as dns_server
from localcloud.dns.choose import World
from localcloud.dns.zones import Names
from localcloud.faults import Faults
from localcloud.gate import Gate
from localcloud.listeners import hang_up_on_all, listeners_for
from localcloud.outage import Mode, Outages
from localcloud.persistence import Keeper
from localcloud.replication import Replication
from localcloud.strict import route53_answers
from localcloud.wire import Message


def _data_plane(doors: Mapping[tuple[str, int], Door]) -> tuple[Names, Checkers]:
    """What goes on without any API: name servers and health checkers, each of which asks the other."""
    entrances: dict[str, dict[str, Door]] = {}
    for door in doors.values():
        if door.region is not None:
            entrances.setdefault(door.region, {}).setdefault(door.kind, door)

    def healthy(account: str, check_id: str) -> bool:
        return checkers.healthy(account, check_id)

    def lead(name: str) -> Entrance | None:
        region = names.lead(name)
        if region not in entrances:
            return None
        found = entrances[region]
        return Entrance(found["https"].host, found["http"].port, found["https"].port)

    names = Names(
        healthy,
        {region: found["https"].host for region, found in entrances.items()},
        lambda: World(places.region_points(), {}),
    )
    checkers = Checkers(lead)
    route53_answers.tell_of(checkers, names)
    return names, checkers


class _Lifespan:
    """ministack's start-up and shutdown, driven by hand in our loop."""

    def __init__(self) -> None:
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(ministack_app.app({"type": "lifespan"}, self._to_app.get, self._from_app.put))
        await self._say("startup")

    async def stop(self) -> None:
        await self._say("shutdown")

    async def _say(self, event: str) -> None:
        await self._to_app.put({"type": f"lifespan.{event}"})
        reply = await self._from_app.get()
        assert reply["type"] == f"lifespan.{event}.complete", reply


async def serve(
    bound: Sequence[tuple[Door, socket.socket]], dns: tuple[socket.socket, socket.socket], state_dir: Path
) -> None:
    """Run until SIGTERM or SIGINT. The sockets are bound before, so that a taken port costs nothing."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)

    outages, faults, calls = Outages(), Faults(), CallLog()
    replication = Replication(outages)
    sts_sessions: dict[str, Any] = sts._sessions

    def own_state() -> dict[str, Any]:
        return {"outages": outages.current(), "replication": replication.state(), "sts_sessions": sts_sessions}

    keeper = Keeper(state_dir, own_state)
    ours = persistence.restored(state_dir)
    sts_sessions.update(ours.get("sts_sessions", {}))
    replication.restore(ours.get("replication", {}))
    replication.install()
    invoke.install()
    strict.install()
    lifespan = _Lifespan()
    await lifespan.start()

    doors = {(door.host, door.port): door for door, _ in bound}
    regions = addresses.published([door for door, _ in bound])
    port = bound[0][0].port
    hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
    names, checkers = _data_plane(doors)
    await dns_server.open_on(dns, names)
    control = Control(regions, outages, replication, faults, calls, keeper, hosts)
    gate = Gate(doors, control, outages, faults, calls, keeper)
    listeners = listeners_for(bound, gate, tls.server_context(tls.authority(state_dir)))
    for listener in listeners:
        await listener.open()

    changes: set[asyncio.Task[None]] = set()

    def react(region: str, before: Mode | None, now: Mode | None) -> None:
        keeper.touch()
        mine = [listener for listener in listeners if listener.door.region == region]
        for listener in mine:
            if now == "blackhole":
                listener.plug()
            elif before == "blackhole":
                listener.unplug()
                task = asyncio.ensure_future(listener.open())
                changes.add(task)
                task.add_done_callback(changes.discard)
        if now is None:
            replication.release()

    outages.on_change.append(react)
    outages.restore(ours.get("outages", {}))
    replication.release()
    keeping = asyncio.create_task(keeper.run())
    checking = asyncio.create_task(checkers.run())
    print(
        f"Local cloud ready: http://127.0.0.1:{port}, {len(regions)} regions, "
        f"DNS at {dns_port.HOST}:{dns[0].getsockname()[1]}, state in {state_dir}",
        flush=True,
    )

    await ended.wait()
    keeping.cancel()
    checking.cancel()
    await hang_up_on_all(listeners)
    await keeper.save()
    ministack_app.PERSIST_STATE = False  # ours is the snapshot; its own would write into it file by file
    await lifespan.stop()
    from ministack.core import lambda_runtime

    lambda_runtime.reset()
