"""`python -m localcloud`: start the local cloud and stay until SIGTERM or Ctrl-C.

LOCALCLOUD_PORT       the shared address 127.0.0.1:<port> (4566); + 1 and + 2 are the regions' HTTP and HTTPS ports
DNS_PORT              its name servers, UDP and TCP on 127.0.0.1 (LOCALCLOUD_PORT − 1)
LOCALCLOUD_STATE_DIR  where the state is kept (.local/localcloud)
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sys
from pathlib import Path

import uvloop

from localcloud import environment, listeners, persistence
from localcloud.dns import port as dns_ports

DEFAULT_PORT = 4566
DEFAULT_STATE_DIR = ".local/localcloud"


def main() -> int:
    given_port = os.environ.get("LOCALCLOUD_PORT")
    try:
        port = int(given_port or DEFAULT_PORT)
        if not 1 <= port <= 65_000:
            raise ValueError
    except ValueError:
        return _refuse(f"LOCALCLOUD_PORT must be a port number up to 65000, not {given_port!r}.")
    given_dns = os.environ.get("DNS_PORT")
    try:
        dns_port = int(given_dns or port - 1)
        if not 1 <= dns_port <= 65_535:
            raise ValueError
    except ValueError:
        return _refuse(f"DNS_PORT must be a port number up to 65535, not {given_dns!r}.")
    state_dir = Path(os.environ.get("LOCALCLOUD_STATE_DIR") or DEFAULT_STATE_DIR).resolve()

    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        lock = (state_dir / "lock").open("w")  # open until the process ends, however it ends
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        bound = listeners.listen(port, standard_https=given_port is None)
        dns = dns_ports.bind(dns_port)
        environment.prepare(port=port, state_dir=state_dir)
        persistence.prepare(state_dir)
    except BlockingIOError:
        return _refuse(f"another local cloud uses {state_dir}; choose another LOCALCLOUD_STATE_DIR.")
    except (listeners.PortTakenError, dns_ports.DnsPortTakenError) as problem:
        return _refuse(str(problem))
    except OSError as problem:
        return _refuse(f"the state folder {state_dir} cannot be used: {problem.strerror}.")

    from localcloud import server  # only now: it imports ministack, which reads the environment once

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.serve(bound, dns, state_dir))
    return 0


def _refuse(why: str) -> int:
    print(f"localcloud: {why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
