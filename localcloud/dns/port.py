"""The port that the name servers listen on, bound before anything else happens. Knows nothing of ministack."""

from __future__ import annotations

import socket

HOST = "127.0.0.1"


class DnsPortTakenError(Exception):
    """The port is not free; the message is for people."""


def bind(port: int) -> tuple[socket.socket, socket.socket]:
    """The port for UDP and for TCP, on loopback."""
    made: list[socket.socket] = []
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        one = socket.socket(socket.AF_INET, kind)
        if kind == socket.SOCK_STREAM:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((HOST, port))
        except OSError as problem:
            one.close()
            for other in made:
                other.close()
            raise DnsPortTakenError(
                f"{HOST}:{port} is not free for DNS ({problem.strerror}); choose another DNS_PORT."
            ) from problem
        port = port or one.getsockname()[1]
        one.setblocking(False)
        made.append(one)
    udp, tcp = made
    tcp.listen(128)
    return udp, tcp
