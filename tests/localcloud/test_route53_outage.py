"""Route 53's API goes dark by itself: nobody can change a record, and users are led as before."""

from __future__ import annotations

from collections.abc import Iterator

import dns.message
import dns.query
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from localcloud.process import Running
from tests.localcloud.service import Connect, ask_control, control

API = "route53-api"


@pytest.fixture(autouse=True)
def _up(localcloud: Running) -> Iterator[None]:
    yield
    control(localcloud, "outages", {"region": API, "on": False})


@pytest.fixture
def zone(connect: Connect, account: str) -> str:
    """A zone with one record; its id."""
    route53 = connect("route53")
    found = route53.create_hosted_zone(Name=f"z{account}.test", CallerReference=account)["HostedZone"]["Id"]
    record = {
        "Name": f"kv.z{account}.test",
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": [{"Value": "192.0.2.1"}],
    }
    change = {"Action": "CREATE", "ResourceRecordSet": record}
    route53.change_resource_record_sets(HostedZoneId=found, ChangeBatch={"Changes": [change]})
    return str(found)


def address(localcloud: Running, name: str) -> str:
    host, port = localcloud["dns"]
    reply = dns.query.udp(dns.message.make_query(name, "A"), host, timeout=5, port=port)
    return str(reply.answer[0][0].to_text())


def test_its_names_are_answered_while_its_api_refuses(
    connect: Connect, localcloud: Running, account: str, zone: str
) -> None:
    state = control(localcloud, "outages", {"region": API, "on": True, "mode": "503"})

    with pytest.raises(ClientError) as refusal:
        connect("route53").list_resource_record_sets(HostedZoneId=zone)
    assert state["outages"] == {API: "503"}
    assert refusal.value.response["Error"]["Code"] == "ServiceUnavailable"
    assert address(localcloud, f"kv.z{account}.test") == "192.0.2.1"
    assert connect("iam").list_roles()["Roles"] == []
    assert connect("dynamodb", "us-east-1").list_tables()["TableNames"] == []

    control(localcloud, "outages", {"region": API, "on": False})
    assert len(connect("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]) == 3


def test_in_a_black_hole_its_api_hangs_alone(connect: Connect, localcloud: Running, account: str, zone: str) -> None:
    control(localcloud, "outages", {"region": API, "on": True, "mode": "blackhole"})

    with pytest.raises(ReadTimeoutError):
        connect("route53", read_timeout=0.3).get_hosted_zone(Id=zone)
    assert address(localcloud, f"kv.z{account}.test") == "192.0.2.1"
    assert connect("s3", "us-east-1").list_buckets()["Buckets"] == []


def test_an_api_has_no_partition(localcloud: Running) -> None:
    status, body = ask_control(localcloud, "outages", {"region": API, "on": True, "mode": "partition"})

    assert (status, body["error"]) == (400, "an API has no partition; there are blackhole and 503")
