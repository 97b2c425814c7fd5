"""The processes of a demo and the environment that they share: the same ones as in production, on this machine.

A table to read; supervisor.py keeps them running, __main__.py tells the order.
"""

import contextlib
import http.client
import os
import socket
import sys
from collections.abc import Callable, Mapping

from demo.engines import Engine
from demo.options import Options
from demo.supervisor import Child

# What a child may know of the operator's own environment. No AWS_*, no proxy: the demo stays on this machine.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")

#    queue      pool
WORKERS = (
    ("probe", ("--pool", "threads", "--concurrency", "4")),
    ("apply", ("--pool", "prefork", "--concurrency", "2")),
    ("default", ("--pool", "threads", "--concurrency", "4")),
)


def settings(options: Options, *, secret_key: str, database_url: str, redis_url: str) -> dict[str, str]:
    """What `.local/env` holds: everything that a command beside the demo needs."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": secret_key,
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "INSECURE_HTTP": "1",  # plain HTTP on loopback: secure cookies would never come back
        "ARTIFACTS_DIR": str(options.state_dir / "artifacts"),
        "LOCALCLOUD": "1",
        "LOCALCLOUD_URL": options.localcloud_url,
        "LOCALCLOUD_PORT": str(options.localcloud_port),
        "DNS_PORT": str(options.dns_port),
        "LOCALCLOUD_STATE_DIR": str(options.localcloud_dir),
        "CA_FILE": str(options.ca_file),
        "DRIFT_INTERVAL_S": "60",
        "BREAK_GLASS_DIR": str(options.state_dir / "break-glass"),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """The little of the operator's environment that children see."""
    return {name: environment[name] for name in INHERITED if name in environment} | {"PYTHONUNBUFFERED": "1"}


def engine(served: Engine, environment: Mapping[str, str]) -> Child:
    """PostgreSQL or Redis as a child."""
    return Child(
        served.name,
        served.command(),
        environment,
        ready=served.ready,
        prepare=served.prepare,
        stop_with=served.stop_with,
    )


def localcloud(options: Options, environment: Mapping[str, str]) -> Child:
    """The AWS of this machine; a port that somebody chose is told, as it then leaves 443 alone."""
    if not options.localcloud_port_chosen:
        environment = {name: value for name, value in environment.items() if name != "LOCALCLOUD_PORT"}
    return Child("localcloud", _python("localcloud"), environment, ready=listens("127.0.0.1", options.localcloud_port))


def product(options: Options, environment: Mapping[str, str]) -> list[Child]:
    """Web, the workers of the three queues, and beat."""
    serve = ("--interface", "wsgi", "--host", "127.0.0.1", "--port", str(options.port))
    granian = _python("granian", *serve, "--workers", "1", "--blocking-threads", "8", "controlplane.wsgi:application")
    web = Child("web", granian, environment, ready=answers("127.0.0.1", options.port, "/readyz"))
    workers = [
        Child(
            f"worker-{queue}",
            _celery("worker", "-Q", queue, "-n", f"{queue}@%h", *pool, "--without-gossip", "--without-mingle"),
            environment,
        )
        for queue, pool in WORKERS
    ]
    schedule = options.state_dir / "beat-schedule"
    beat = Child("beat", _celery("beat", "--schedule", str(schedule), "--pidfile="), environment)
    return [web, *workers, beat]


def listens(host: str, port: int) -> Callable[[], bool]:
    """Ready when the port takes connections."""

    def ready() -> bool:
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
            return True
        return False

    return ready


def answers(host: str, port: int, path: str) -> Callable[[], bool]:
    """Ready when a request is answered by 200."""

    def ready() -> bool:
        connection = http.client.HTTPConnection(host, port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ready


def _celery(*arguments: str) -> list[str]:
    return _python("celery", "-A", "controlplane", *arguments)


def _python(module: str, *arguments: str) -> list[str]:
    # By module: the scripts of a .venv know its first place, a clone may be moved.
    return [sys.executable, "-m", module, *arguments]
