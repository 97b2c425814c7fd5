"""The port: DNS over UDP and TCP, with EDNS(0) and client subnets (RFC 1035, 6891, 7871). Decides nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from dnslib import EDNS0, QTYPE, RCODE, RR, DNSError, DNSHeader, DNSRecord, EDNSOption

from localcloud.dns import places
from localcloud.dns.choose import Client
from localcloud.dns.zones import Line, Names, Reply

log = logging.getLogger("localcloud")

PLAIN_BYTES = 512
MOST_BYTES = 1_232  # DNS flag day 2020: what passes without fragments
CLIENT_SUBNET = 8
IDLE_S = 10.0

Address = IPv4Address | IPv6Address


async def open_on(bound: tuple[socket.socket, socket.socket], names: Names) -> None:
    """Answer from now on."""
    udp, tcp = bound
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: _Datagrams(names), sock=udp)
    await asyncio.start_server(lambda reader, writer: _stream(names, reader, writer), sock=tcp)


@dataclass
class _Datagrams(asyncio.DatagramProtocol):
    names: Names

    def connection_made(self, transport: Any) -> None:
        self.transport = transport  # uvloop's own kind

    def datagram_received(self, data: bytes, peer: tuple[str, int]) -> None:
        given = answer(self.names, data, ip_address(peer[0]), stream=False)
        if given is not None:
            self.transport.sendto(given, peer)


async def _stream(names: Names, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    peer = ip_address(writer.get_extra_info("peername")[0])
    try:
        while True:
            async with asyncio.timeout(IDLE_S):
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                data = await reader.readexactly(length)
            given = answer(names, data, peer, stream=True)
            if given is None:
                break
            writer.write(struct.pack("!H", len(given)) + given)
            await writer.drain()
    except (TimeoutError, asyncio.IncompleteReadError, OSError):
        pass
    finally:
        with contextlib.suppress(Exception):
            writer.close()


def answer(names: Names, data: bytes, peer: Address, *, stream: bool) -> bytes | None:
    """The reply to one message; None where it is none that could be answered."""
    try:
        return _answer(names, data, peer, stream=stream)
    except Exception:  # a defect of ours must not take the port down
        log.exception("A query could not be answered.")
        return _malformed(data, rcode=2)


def _answer(names: Names, data: bytes, peer: Address, *, stream: bool) -> bytes | None:
    try:
        query = DNSRecord.parse(data)
    except (DNSError, ValueError, IndexError, struct.error):
        return _malformed(data)
    if query.header.qr or len(query.questions) != 1:
        return _malformed(data)
    edns = next((record for record in query.ar if record.rtype == QTYPE.OPT), None)
    subnet = _client_subnet(edns)
    question = query.questions[0]
    kind = QTYPE.get(question.qtype)
    if query.header.opcode or question.qclass not in (1, 255):
        reply = _empty(query, "NOTIMP")
        given = Reply("refused")
    else:
        reply = _empty(query, "NOERROR")
        given = names.ask(str(question.qname), str(kind), places.client_at(subnet[0] if subnet else peer))
        reply.header.rcode = getattr(
            RCODE, {"nxdomain": "NXDOMAIN", "refused": "REFUSED"}.get(given.outcome, "NOERROR")
        )
        reply.header.aa = int(given.outcome != "refused")
        asked = str(question.qname).lower()
        reply.add_answer(*(_rr(line, str(question.qname) if line.name == asked else line.name) for line in given.lines))
        reply.add_auth(*(_rr(line, line.name) for line in given.authority))
    if edns is not None:
        reply.add_ar(EDNS0(udp_len=MOST_BYTES, opts=[_echoed(subnet)] if subnet else []))
    packed = bytes(reply.pack())
    limit = MOST_BYTES if edns is not None else PLAIN_BYTES
    if not stream and len(packed) > min(limit, max(PLAIN_BYTES, edns.edns_len if edns is not None else 0)):
        cut = DNSRecord(reply.header, q=reply.questions[0], ar=[each for each in reply.ar if each.rtype == QTYPE.OPT])
        cut.header.tc = 1
        return bytes(cut.pack())
    return packed


def _empty(query: DNSRecord, rcode: str) -> DNSRecord:
    header = DNSHeader(id=query.header.id, qr=1, aa=0, ra=0, rd=query.header.rd, rcode=getattr(RCODE, rcode))
    return DNSRecord(header, q=query.questions[0])


def _rr(line: Line, name: str) -> RR:
    (made,) = RR.fromZone(f"{_spelled(name)} {line.ttl_s} IN {line.type} {line.value}")
    made.rname = _spelled(name)
    return made


def _spelled(name: str) -> str:
    return (name if name.endswith(".") else f"{name}.").replace("\\052", "*")


def _client_subnet(edns: RR | None) -> tuple[Address, int, bytes] | None:
    """(address, prefix length, the option as it came); None without one, or with one that tells nothing."""
    if edns is None:
        return None
    for option in edns.rdata:
        if option.code != CLIENT_SUBNET or len(option.data) < 4:
            continue
        family, length, _ = struct.unpack("!HBB", option.data[:4])
        size = {1: 4, 2: 16}.get(family)
        if size is None or length == 0:
            return None
        packed = option.data[4 : 4 + size].ljust(size, b"\0")
        return ip_address(packed), length, option.data
    return None


def _echoed(subnet: tuple[Address, int, bytes]) -> EDNSOption:
    """The same option, with the scope for which the answer holds."""
    _, length, data = subnet
    return EDNSOption(CLIENT_SUBNET, data[:3] + bytes([length]) + data[4:])


def _malformed(data: bytes, rcode: int = 1) -> bytes | None:
    """FORMERR (1) or SERVFAIL (2) to what has a query's header; silence to anything else, to answers above all."""
    if len(data) < 12 or data[2] & 0x80:
        return None
    return data[:2] + bytes([0x80 | (data[2] & 0x79), rcode]) + b"\0" * 8


def client_of(address: str, subnet: str) -> Client:
    """Who asks, for TestDNSAnswer: by the client subnet, else by the resolver's address."""
    text = subnet or address
    return places.client_at(ip_address(text) if text else None)
