"""Ports and state folder: defaults, choices, and one clear line for what can't be."""

import contextlib
import random
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from demo.engines import free_port
from demo.options import OptionError, Options, read, refuse_taken_ports
from demo.processes import ROOT


def test_defaults() -> None:
    assert read({}) == Options(
        port=8000, localcloud_port=4566, localcloud_port_chosen=False, dns_port=4565, state_dir=ROOT / ".local"
    )


def test_everything_can_be_chosen(tmp_path: Path) -> None:
    chosen = read({"PORT": "18100", "LOCALCLOUD_PORT": "14700", "DNS_PORT": "15400", "STATE_DIR": str(tmp_path)})

    assert chosen == Options(
        port=18100, localcloud_port=14700, localcloud_port_chosen=True, dns_port=15400, state_dir=tmp_path
    )


@pytest.mark.parametrize("port", ["0", "-1", "65534", "80x", "٣", "8000.5"])
def test_nonsense_for_a_port_is_refused_by_name(port: str) -> None:
    with pytest.raises(OptionError, match=r"PORT='.*' is not a port"):
        read({"PORT": port})


def test_ports_that_meet_are_refused() -> None:
    with pytest.raises(OptionError, match="PORT and LOCALCLOUD_PORT both take port 4568"):
        read({"PORT": "4568"})


def three_free_ports() -> int:
    """The first of three in a row, below those that connections take for themselves."""
    for first in random.sample(range(20_000, 32_000), 200):
        with contextlib.suppress(OSError), contextlib.ExitStack() as open_ones:
            for port in range(first, first + 3):
                open_ones.enter_context(socket.create_server(("127.0.0.1", port)))
            return first
    raise AssertionError("no three ports in a row are free")


@pytest.mark.parametrize("offset", [0, 1, 2])
def test_taken_port_is_told_with_the_variable_that_moves_it(offset: int) -> None:
    first = three_free_ports()
    with socket.create_server(("127.0.0.1", first + offset)):
        port = first + offset
        options = replace(read({}), port=free_port(), localcloud_port=first)

        with pytest.raises(OptionError, match=rf"port {port} is taken .*; choose another with LOCALCLOUD_PORT="):
            refuse_taken_ports(options)
