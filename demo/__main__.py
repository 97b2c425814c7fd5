"""`make demo`: everything on this machine, in the foreground, told in the order in which it happens.

Engines and local cloud, database and account, web and workers, the demo service; then `demo.json`, last of all. Ends
all of it at Ctrl-C or SIGTERM.
"""

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType

from demo import children, service
from demo.engines import EngineError, PostgreSQL, Valkey
from demo.files import private_text, write_private
from demo.options import OptionError, Options, read, refuse_taken_ports
from demo.processes import Guard, end, marked
from demo.supervisor import GaveUpError, Supervisor

NEEDED_MB = 200
STOPS_AT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked for the end."""


def main() -> int:
    for stops_at in STOPS_AT:
        signal.signal(stops_at, _stop)
    try:
        options = read(os.environ)
        with _alone(options), Guard(str(options.state_dir)) as guard:
            try:
                _demo(options, guard)
            finally:
                _stop_once()
                (options.state_dir / "demo.json").unlink(missing_ok=True)
                (options.state_dir / "env").unlink(missing_ok=True)
    except Stopped:
        _say("everything has ended")
        return 0
    except (OptionError, EngineError, GaveUpError, service.ApiError) as error:
        return _complain(str(error))
    except OSError as error:
        full = f"the disk is full: {NEEDED_MB} MB are needed" if error.errno == errno.ENOSPC else error.strerror
        return _complain(f"{full} ({error.filename or 'STATE_DIR'})")
    return 0


def _demo(options: Options, guard: Guard) -> None:
    started_s = time.monotonic()
    state_dir = options.state_dir
    postgres, valkey = PostgreSQL(state_dir), Valkey(state_dir)
    secret_key = private_text(state_dir / "secret-key", lambda: secrets.token_urlsafe(50))
    password = private_text(state_dir / "password", lambda: secrets.token_urlsafe(12))
    ours = children.settings(options, secret_key=secret_key, database_url=postgres.url, redis_url=valkey.url)
    environment = {**children.inherited(os.environ), **ours}
    with Supervisor(state_dir / "log", guard=guard, say=_say) as supervisor:
        _say(f"starting PostgreSQL, Redis and the local cloud (logs in {state_dir / 'log'})")
        engines = [children.engine(engine, environment) for engine in (postgres, valkey)]
        supervisor.start(*engines, children.localcloud(options, environment))
        write_private(state_dir / "env", "".join(f"{name}={value}\n" for name, value in ours.items()))

        _say("migrations, users, account, hosted zone and regions")
        tokens_file = state_dir / "tokens.json"
        bootstrap = [sys.executable, "-m", "demo.bootstrap", str(state_dir / "password"), str(tokens_file)]
        supervisor.run("bootstrap", bootstrap, environment)
        tokens = json.loads(tokens_file.read_text())
        tokens_file.unlink()

        _say("starting web, workers and beat")
        supervisor.start(*children.product(options, environment))

        api = service.Api(options.url, tokens["token"])
        if not service.is_deployed(api):
            _say("deploying the demo service")
            _follow(supervisor, api, service.deploy(api))
        _await_replicas(supervisor, api)

        login = {"url": options.url, "username": "admin", "password": password, **tokens}
        login |= {
            "aws_endpoint_url": options.localcloud_url,
            "dns_address": options.dns_address,
            "ca_file": str(options.ca_file),
        }
        write_private(state_dir / "demo.json", json.dumps(login, indent=2) + "\n")
        _say(f"ready after {time.monotonic() - started_s:.1f} s")
        _say(f"  {options.url}  login {login['username']}  password {password}  (Ctrl-C ends all of it)")
        supervisor.watch()


def _follow(supervisor: Supervisor, api: service.Api, operation: str) -> None:
    """Wait until every replica answers; an operation that can't succeed any more is told at once."""

    def answered() -> bool:
        if why := service.failure(api, operation):
            raise GaveUpError(why)
        return not service.silent_replicas(api)

    supervisor.wait_until(answered, within_s=60)


def _await_replicas(supervisor: Supervisor, api: service.Api) -> None:
    if not supervisor.wait_until(lambda: not service.silent_replicas(api), within_s=60):
        raise GaveUpError(f"the demo service does not answer in {', '.join(service.silent_replicas(api))}")


@contextlib.contextmanager
def _alone(options: Options) -> Iterator[None]:
    """Hold the state folder; end what a killed demo has left there; refuse ports that others hold."""
    options.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    free_mb = shutil.disk_usage(options.state_dir).free // 1_000_000
    if free_mb < NEEDED_MB:
        raise OptionError(f"the disk is too full: {NEEDED_MB} MB are needed in {options.state_dir}, {free_mb} are free")
    with (options.state_dir / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OptionError(f"a demo already runs in {options.state_dir}; choose another with STATE_DIR=…") from None
        (options.state_dir / "demo.json").unlink(missing_ok=True)  # a killed demo's
        end(marked(str(options.state_dir)))
        PostgreSQL(options.state_dir).end_orphan()
        refuse_taken_ports(options)
        yield


def _stop(number: int, frame: FrameType | None) -> None:
    _stop_once()
    raise Stopped


def _stop_once() -> None:
    """A second signal does not make the end faster, only dirtier; make itself sends one more to its child."""
    for stops_at in STOPS_AT:
        signal.signal(stops_at, signal.SIG_IGN)


def _say(line: str) -> None:
    sys.stdout.write(f"demo: {line}\n")
    sys.stdout.flush()


def _complain(line: str) -> int:
    sys.stderr.write(f"demo: {line}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
