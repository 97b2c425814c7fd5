"""One whole running system for the stories: the same processes as `make demo`, on free ports and a database of its own.

What a story does to it goes through the doors that people have: the REST API, the regions' traffic, the local cloud's
control, and `kill -9`. Only `query` looks behind them.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
import psutil
import psycopg
import redis
from botocore.config import Config
from psycopg.rows import dict_row

from demo import children, engines
from demo.files import write_private
from demo.options import Options
from demo.processes import Guard, marked, tail
from demo.service import Api
from demo.supervisor import Supervisor
from localcloud.process import free_port

T = TypeVar("T")
Json = dict[str, Any]

READS = ("Get", "List", "Describe", "Batch")
OF_HANDLERS = ("PutItem", "GetItem")
DRIFT_INTERVAL_S = 20

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class System:
    """Everything of a running installation that a story needs."""

    options: Options
    database_url: str
    supervisor: Supervisor
    api: Api
    said: list[str]
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    # -- waiting

    def until(self, condition: Callable[[], T], what: str, *, within_s: float = 60.0) -> T:
        """Wait until the condition gives something true, and give it; the children are looked after meanwhile."""
        last: list[T] = []

        def asked() -> bool:
            last[:] = [condition()]
            return bool(last[0])

        if not self.supervisor.wait_until(asked, within_s=within_s):
            log = tail(self.options.state_dir / "log" / "worker-apply.log", 25)
            raise AssertionError(f"{what}: not within {within_s:.0f} s; last seen {last[0]!r}; {self.said}\n{log}")
        return last[0]

    # -- the world outside

    def fetch(self, url: str, body: object = None, *, timeout_s: float = 10.0) -> tuple[int, Any]:
        """GET, or POST of a JSON body; (status, JSON). Status 0: no answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        try:
            with _direct.open(request, timeout=timeout_s) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, json.loads(text) if text[:1] in (b"{", b"[") else text
        except OSError:
            return 0, None

    def aws(self, service: str, region: str = "us-east-1") -> Any:
        """A boto3 client of the account's administrator, beside the product."""
        client = self._clients.get((service, region))
        if client is None:
            client = self._clients[service, region] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.options.localcloud_url,
                config=Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 2}),
            )
        return client

    def query(self, sql: str, *arguments: object) -> list[Json]:
        """Rows of the installation's database."""
        with psycopg.connect(self.database_url, row_factory=dict_row) as connection:
            return connection.execute(sql, arguments).fetchall()

    # -- the local cloud's control

    def cloud(self, method: str, path: str, body: object = None) -> Json:
        """`/_localcloud/<path>`"""
        request = urllib.request.Request(
            f"{self.options.localcloud_url}/_localcloud/{path}",
            None if body is None else json.dumps(body).encode(),
            method=method,
        )
        with _direct.open(request, timeout=20) as response:
            answered: Json = json.load(response)
        return answered

    def foundation_rests(self) -> None:
        """Wait until no switches are made or removed: that follows other services, whatever one of them does."""
        unfinished = (
            "SELECT 1 FROM deployments_operation o JOIN deployments_stack s ON s.id = o.stack_id "
            "WHERE s.foundation AND o.status IN ('queued', 'running')"
        )
        self.until(lambda: not self.query(unfinished), "the foundation rests")

    def writes(self) -> list[tuple[str, str]]:
        """(region, action) of the calls since the log was cleared that changed something, functions' own left out."""
        return [
            (call["region"], call["action"])
            for call in self.cloud("GET", "calls")["calls"]
            if not call["action"].startswith(READS) and call["action"] not in OF_HANDLERS
        ]

    @contextlib.contextmanager
    def fault(self, do: str, when: str = "before", **rule: object) -> Iterator[Callable[[], int]]:
        """A fault until the end of the block, where what it holds goes on; gives how often it struck."""
        number = self.cloud("POST", "faults", {"do": do, "when": when, **rule})["id"]

        def hits() -> int:
            return int(next(each["hits"] for each in self.cloud("GET", "faults")["faults"] if each["id"] == number))

        try:
            yield hits
        finally:
            self.cloud("DELETE", f"faults?id={number}")

    @contextlib.contextmanager
    def delays(self, **delays: float) -> Iterator[None]:
        self.cloud("PATCH", "delays", delays)
        try:
            yield
        finally:
            self.cloud("PATCH", "delays", dict.fromkeys(delays))

    @contextlib.contextmanager
    def outage(self, region: str, mode: str) -> Iterator[None]:
        self.cloud("POST", "outages", {"region": region, "on": True, "mode": mode})
        try:
            yield
        finally:
            self.cloud("POST", "outages", {"region": region, "on": False})

    # -- our own processes

    def kill9_apply_worker(self) -> None:
        """The worker and its pool, at once: nothing of it gets to say good-bye. The supervisor starts it again."""
        for process in marked(str(self.options.state_dir)):
            with contextlib.suppress(psutil.NoSuchProcess):
                if "apply@%h" in process.cmdline() and os.getpgid(process.pid) == process.pid:
                    os.killpg(process.pid, signal.SIGKILL)
        held = "the local cloud has seen its callers die"  # else what it holds would be done once it is let go
        self.until(lambda: not any(each["holding"] for each in self.cloud("GET", "faults")["faults"]), held)

    def sweeps(self) -> int:
        """How often beat has had somebody look for stacks that are due."""
        log = (self.options.state_dir / "log" / "worker-default.log").read_text()
        return log.count("deployments.tasks.sweep") // 2 if log else 0


@contextlib.contextmanager
def running(state_dir: Path, number: int) -> Iterator[System]:
    """Start a system in `state_dir`; `number` tells those of one machine's test workers apart."""
    server, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    name = f"stories_{number}"
    ports = {"port": engines.free_port(), "localcloud_port": free_port(), "dns_port": free_port()}
    options = Options(**ports, localcloud_port_chosen=True, state_dir=state_dir)
    redis_url = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{15 - number}"
    said: list[str] = []
    with redis.Redis.from_url(redis_url) as broker:
        broker.flushdb()
    with _database(f"{server}/postgres", name), Guard(str(state_dir)) as guard:
        database_url = f"{server}/{name}"
        secret = os.environ["SECRET_KEY"]
        ours = children.settings(options, secret_key=secret, database_url=database_url, redis_url=redis_url)
        ours["DRIFT_INTERVAL_S"] = str(DRIFT_INTERVAL_S)
        environment = {**children.inherited(os.environ), **ours}
        with Supervisor(state_dir / "log", guard=guard, say=said.append) as supervisor:
            supervisor.start(children.localcloud(options, environment))
            write_private(state_dir / "password", "of-a-story")
            tokens = state_dir / "tokens.json"
            bootstrap = [sys.executable, "-m", "demo.bootstrap", str(state_dir / "password"), str(tokens)]
            supervisor.run("bootstrap", bootstrap, environment)
            supervisor.start(*children.product(options, environment))
            system = System(
                options=options,
                database_url=database_url,
                supervisor=supervisor,
                api=Api(options.url, json.loads(tokens.read_text())["token"]),
                said=said,
            )
            yield system
            for client in system._clients.values():
                client.close()


@contextlib.contextmanager
def _database(server_url: str, name: str) -> Iterator[None]:
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
        yield
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
