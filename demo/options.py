"""What the environment chooses for a demo: ports and the folder of its state. Reads only, and refuses nonsense."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.processes import ROOT


class OptionError(Exception):
    """A choice that can't be; the message is one line that names the variable."""


@dataclass(frozen=True)
class Options:
    """Where a demo listens and keeps its state."""

    port: int
    localcloud_port: int
    localcloud_port_chosen: bool  # where nobody chose, the local cloud may take 443, too
    dns_port: int
    state_dir: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def localcloud_url(self) -> str:
        return f"http://127.0.0.1:{self.localcloud_port}"

    @property
    def localcloud_dir(self) -> Path:
        return self.state_dir / "localcloud"

    @property
    def ca_file(self) -> Path:
        return self.localcloud_dir / "ca.pem"

    @property
    def dns_address(self) -> str:
        return f"127.0.0.1:{self.dns_port}"

    @property
    def listens(self) -> tuple[tuple[int, str], ...]:
        """Each port of the demo, and the variable that moves it."""
        return (
            (self.port, "PORT"),
            (self.localcloud_port, "LOCALCLOUD_PORT"),
            (self.localcloud_port + 1, "LOCALCLOUD_PORT"),
            (self.localcloud_port + 2, "LOCALCLOUD_PORT"),
            (self.dns_port, "DNS_PORT"),
        )


def read(environment: Mapping[str, str]) -> Options:
    """The options of an environment; each has a default."""
    options = Options(
        port=_port(environment, "PORT", 8000),
        localcloud_port=_port(environment, "LOCALCLOUD_PORT", 4566),
        dns_port=_port(environment, "DNS_PORT", _port(environment, "LOCALCLOUD_PORT", 4566) - 1),
        localcloud_port_chosen=bool(environment.get("LOCALCLOUD_PORT")),
        state_dir=(ROOT / (environment.get("STATE_DIR") or ".local")).resolve(),
    )
    seen: dict[int, str] = {}
    for port, variable in options.listens:
        if port in seen:
            raise OptionError(f"{seen[port]} and {variable} both take port {port}; choose another {variable}")
        seen[port] = variable
    return options


def refuse_taken_ports(options: Options) -> None:
    """Raise OptionError where somebody else listens already."""
    for port, variable in options.listens:
        kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM) if variable == "DNS_PORT" else (socket.SOCK_STREAM,)
        for kind in kinds:
            with socket.socket(socket.AF_INET, kind) as probe:
                if kind == socket.SOCK_STREAM:
                    probe.setsockopt(
                        socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
                    )  # what only lingers after a close is free
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    raise OptionError(
                        f"port {port} is taken ({error.strerror}); choose another with {variable}=…"
                    ) from None


def _port(environment: Mapping[str, str], variable: str, default: int) -> int:
    text = environment.get(variable) or str(default)
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 65_533):
        raise OptionError(f"{variable}={text!r} is not a port; give a whole number from 1 to 65533")
    return int(text)
