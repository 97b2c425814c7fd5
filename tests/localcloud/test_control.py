"""The doors: who may use the local cloud's own interface, and what no door leads to."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.addresses import commercial_regions
from localcloud.process import Running
from tests.localcloud.service import Connect, addresses_of, control, make_global_table


def ask(localcloud: Running, method: str, path: str, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", localcloud["port"], timeout=10)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        content = response.read()
        is_json = response.getheader("content-type") == "application/json"
        return response.status, json.loads(content) if is_json else content
    finally:
        connection.close()


def test_every_commercial_region_has_three_addresses(localcloud: Running) -> None:
    found = control(localcloud, "regions")

    assert sorted(found) == sorted(commercial_regions())
    assert {frozenset(addresses) for addresses in found.values()} == {frozenset({"api", "http", "https"})}
    everything = [address for addresses in found.values() for address in addresses.values()]
    assert len(set(everything)) == len(everything)
    assert all("127." in address for address in everything)


def test_a_foreign_host_or_origin_is_refused(localcloud: Running) -> None:
    own = f"127.0.0.1:{localcloud['port']}"

    assert ask(localcloud, "GET", "/_localcloud/health", Host=own) == (200, {"status": "ok"})
    assert ask(localcloud, "GET", "/_localcloud/health", Host=own, Origin=f"http://{own}")[0] == 200
    assert ask(localcloud, "GET", "/_localcloud/health", Host="evil.test")[0] == 403
    assert ask(localcloud, "POST", "/_localcloud/outages", Host=own, Origin="http://evil.test")[0] == 403
    assert ask(localcloud, "GET", "/?Action=ListRoles", Host="evil.test")[0] == 403


def test_the_control_interface_is_at_the_shared_address_alone(localcloud: Running) -> None:
    host, _, port = addresses_of(localcloud, "eu-central-1")["api"].removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)

    connection.request("GET", "/_localcloud/health")

    assert connection.getresponse().status == 404
    connection.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/health"),
        ("GET", "/_localstack/health"),
        ("GET", "/health"),
        ("GET", "/_aws/execute-api/abc/$default/"),
        ("GET", "/restapis/abc/prod/_user_request_/"),
        ("POST", "//_ministack/reset"),
        ("POST", "/%5Fministack/reset"),
    ],
)
def test_no_door_leads_to_ministacks_own_pages(connect: Connect, localcloud: Running, method: str, path: str) -> None:
    make_global_table(connect, "items", "us-east-2")

    status, _ = ask(localcloud, method, path)

    assert status >= 400
    assert connect("dynamodb", "us-east-2").list_tables()["TableNames"] == ["items"]


def test_unknown_things_and_verbs_are_told(localcloud: Running) -> None:
    assert ask(localcloud, "GET", "/_localcloud/nothing")[0] == 404
    assert ask(localcloud, "DELETE", "/_localcloud/outages") == (405, {"error": "outages takes GET, POST."})


def test_delays_are_read_and_changed(localcloud: Running, account: str) -> None:
    changed = control(localcloud, "delays", {"account": account, "certificate_pending_s": 3}, method="PATCH")

    assert changed == control(localcloud, "delays")
    assert changed["accounts"][account] == {"certificate_pending_s": 3}
    assert changed["certificate_pending_s"] == 0


def test_a_regions_own_address_takes_only_its_own_signatures(connect: Connect, localcloud: Running) -> None:
    address = addresses_of(localcloud, "eu-central-1")["api"]

    assert connect("dynamodb", "eu-central-1", url=address).list_tables()["TableNames"] == []
    assert connect("iam", "eu-central-1", url=address).list_roles()["Roles"] == []
    with pytest.raises(ClientError, match="eu-central-1"):
        connect("dynamodb", "us-west-2", url=address).list_tables()


def test_the_authoritys_key_is_for_its_owner_alone(localcloud: Running) -> None:
    assert Path(localcloud["ca_file"]).with_name("ca-key.pem").stat().st_mode & 0o777 == 0o600
