"""The name servers: what an independent client is answered from records that were written through the API."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Any

import dns.edns
import dns.message
import dns.query
import dns.rcode
import pytest

from localcloud.process import Running
from tests.localcloud.service import Connect

KYIV, SEATTLE_ISH, SINGAPORE, NAIROBI = "192.0.2.1", "198.51.100.17", "203.0.113.17", "192.0.2.81"

Ask = Callable[..., dns.message.Message]
Write = Callable[..., None]


@pytest.fixture
def name(account: str) -> str:
    return f"z{account}.test"


@pytest.fixture
def zone(connect: Connect, account: str, name: str) -> str:
    made = connect("route53").create_hosted_zone(Name=name, CallerReference=account)
    return str(made["HostedZone"]["Id"].rpartition("/")[2])


@pytest.fixture
def write(connect: Connect, zone: str, name: str) -> Write:
    """write({"SetIdentifier": …, …}, …): records of `kv.<zone>` with an address each, unless they say otherwise."""

    def created(*records: dict[str, Any]) -> None:
        plain = {"Name": f"kv.{name}", "Type": "A", "TTL": 60}
        changes = []
        for number, record in enumerate(records, start=1):
            given = {**plain, "ResourceRecords": [{"Value": f"10.0.0.{number}"}], **record}
            if "AliasTarget" in given:
                given = {key: value for key, value in given.items() if key not in ("TTL", "ResourceRecords")}
            changes.append({"Action": "CREATE", "ResourceRecordSet": given})
        connect("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})

    return created


@pytest.fixture
def ask(localcloud: Running, name: str) -> Ask:
    def asked(label: str = "kv", kind: str = "A", *, subnet: str = "", tcp: bool = False) -> dns.message.Message:
        options = [dns.edns.ECSOption(subnet, 32)] if subnet else []
        query = dns.message.make_query(f"{label}.{name}" if label else name, kind, use_edns=0, options=options)
        host, port = localcloud["dns"]
        return (dns.query.tcp if tcp else dns.query.udp)(query, host, port=port, timeout=10)

    return asked


def values(reply: dns.message.Message) -> list[str]:
    return [item.to_text() for rrset in reply.answer for item in rrset]


def by_place(ask: Ask, *subnets: str) -> list[str]:
    return [values(ask(subnet=subnet))[0] for subnet in subnets]


def test_a_plain_record_over_both_transports(ask: Ask, write: Write) -> None:
    write({})
    for tcp in (False, True):
        reply = ask("KV", tcp=tcp)
        assert (values(reply), reply.answer[0].ttl, reply.rcode()) == (["10.0.0.1"], 60, dns.rcode.NOERROR)
        assert reply.answer[0].name.to_text().startswith("KV."), "spelled as it was asked"


def test_latency_goes_to_the_nearest_region(ask: Ask, write: Write) -> None:
    write(*({"SetIdentifier": code, "Region": code} for code in ("eu-central-1", "us-west-2", "ap-southeast-1")))
    assert by_place(ask, KYIV, SEATTLE_ISH, SINGAPORE) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_geolocation_falls_back_to_the_default(ask: Ask, write: Write) -> None:
    places = ({"ContinentCode": "EU"}, {"CountryCode": "UA"}, {"CountryCode": "*"})
    write(*({"SetIdentifier": str(number), "GeoLocation": place} for number, place in enumerate(places)))
    assert by_place(ask, KYIV, "192.0.2.33", NAIROBI) == ["10.0.0.2", "10.0.0.1", "10.0.0.3"]


def test_without_a_default_a_place_that_none_holds_gets_nothing(ask: Ask, write: Write) -> None:
    write({"SetIdentifier": "eu", "GeoLocation": {"ContinentCode": "EU"}})
    reply = ask(subnet=SINGAPORE)
    assert (values(reply), reply.rcode()) == ([], dns.rcode.NOERROR)


def test_weight_zero_is_never_the_answer_while_another_stands(ask: Ask, write: Write) -> None:
    write({"SetIdentifier": "a", "Weight": 0}, {"SetIdentifier": "b", "Weight": 1})
    assert {values(ask())[0] for _ in range(20)} == {"10.0.0.2"}


def test_an_alias_leads_on_within_the_zone_and_to_a_region(ask: Ask, write: Write, zone: str, name: str) -> None:
    def alias(target: str, zone_id: str) -> dict[str, Any]:
        return {"AliasTarget": {"HostedZoneId": zone_id, "DNSName": target, "EvaluateTargetHealth": False}}

    write({"Name": f"there.{name}"})
    write(alias(f"there.{name}", zone))
    assert values(ask()) == ["10.0.0.1"]
    assert values(ask(kind="AAAA")) == []


def test_what_there_is_not(ask: Ask, write: Write, localcloud: Running) -> None:
    write({})
    missing = ask("nobody")
    assert (missing.rcode(), missing.authority[0].rdtype.name) == (dns.rcode.NXDOMAIN, "SOA")
    assert (ask(kind="TXT").rcode(), values(ask(kind="TXT"))) == (dns.rcode.NOERROR, [])
    host, port = localcloud["dns"]
    assert dns.query.udp(dns.message.make_query("other.org", "A"), host, port=port, timeout=10).rcode() == 5  # REFUSED


def test_the_apex_has_soa_and_ns(ask: Ask, write: Write) -> None:
    write({})
    assert len(values(ask("", "NS"))) == 4
    assert values(ask("", "SOA"))[0].startswith("ns-")


def test_a_client_subnet_is_echoed_with_its_scope(ask: Ask, write: Write) -> None:
    write({})
    (option,) = ask(subnet=KYIV).options
    assert (option.address, option.srclen, option.scopelen) == (KYIV, 32, 32)


def test_answers_that_are_too_long_are_cut_and_come_over_tcp(ask: Ask, write: Write) -> None:
    write({"Type": "TXT", "ResourceRecords": [{"Value": f'"{"x" * 200}{number}"'} for number in range(20)]})
    assert ask(kind="TXT").flags & 0x0200  # TC
    assert len(values(ask(kind="TXT", tcp=True))) == 20


@pytest.mark.parametrize("junk", [b"", b"\0", b"\xff" * 11, b"\0" * 12, b"\0" * 600, bytes(range(256))])
def test_junk_does_not_take_the_port_down(ask: Ask, write: Write, localcloud: Running, junk: bytes) -> None:
    write({})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(junk, localcloud["dns"])
    assert values(ask()) == ["10.0.0.1"]


def test_the_api_tells_what_dns_would_answer(connect: Connect, zone: str, name: str, write: Write) -> None:
    codes: Sequence[str] = ("eu-central-1", "us-west-2")
    write(*({"SetIdentifier": code, "Region": code} for code in codes))
    told = connect("route53").test_dns_answer(
        HostedZoneId=zone, RecordName=f"kv.{name}", RecordType="A", EDNS0ClientSubnetIP=SEATTLE_ISH
    )
    assert (told["RecordData"], told["ResponseCode"]) == (["10.0.0.2"], "NOERROR")
