"""What was done is still there after the end of the process, whatever ended it."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from localcloud.process import Running, StartError, start_localcloud
from tests.localcloud.service import (
    addresses_of,
    clients,
    control,
    eventually,
    get,
    make_echo,
    make_global_table,
    value_of,
)

ACCOUNT = "000000000042"
REGION, OTHER = "eu-central-1", "us-west-2"


def kill(running: Running) -> None:
    os.kill(running["pid"], signal.SIGKILL)


def saved(state_dir: Path) -> str:
    return os.readlink(state_dir / "snapshot")


def test_a_whole_service_is_back_after_kill_9(tmp_path: Path) -> None:
    domain = f"{REGION}.kept.test"
    with start_localcloud(tmp_path) as running, clients(running["url"], ACCOUNT) as connect:
        make_echo(connect, ACCOUNT, REGION, domain, "1.0", "GET /{key}")
        make_global_table(connect, "items", REGION, OTHER)
        connect("dynamodb", REGION).put_item(TableName="items", Item={"key": {"S": "k"}, "value": {"S": "kept"}})
        connect("route53").create_cidr_collection(Name="service", CallerReference="once")
        control(running, "outages", {"region": OTHER, "on": True})
        connect("dynamodb", REGION).put_item(TableName="items", Item={"key": {"S": "q"}, "value": {"S": "queued"}})
        authority = Path(running["ca_file"]).read_bytes()
        before, last_change = saved(tmp_path), time.monotonic()
        eventually(lambda: saved(tmp_path), lambda now: now != before)
        eventually(lambda: time.monotonic() - last_change, lambda waited_s: waited_s > 2)
        kill(running)

    with start_localcloud(tmp_path) as running, clients(running["url"], ACCOUNT) as connect:
        assert value_of(connect("dynamodb", REGION), "items", "k") == "kept"
        assert [each["Name"] for each in connect("route53").list_cidr_collections()["CidrCollections"]] == ["service"]
        outages = control(running, "outages")
        assert (outages["outages"], outages["queued_writes"]) == ({OTHER: "blackhole"}, {OTHER: 1})
        control(running, "outages", {"region": OTHER, "on": False})
        assert value_of(connect("dynamodb", OTHER), "items", "q") == "queued"
        assert Path(running["ca_file"]).read_bytes() == authority
        address = addresses_of(running, REGION)
        assert get(address["https"], domain, "/apple", ca_file=running["ca_file"])[0] == 200


def test_a_change_is_on_disk_within_two_seconds_even_if_changes_never_pause(tmp_path: Path) -> None:
    with start_localcloud(tmp_path) as running, clients(running["url"], ACCOUNT) as connect:
        table = connect("dynamodb", REGION)
        make_global_table(connect, "items", REGION)
        before, began = saved(tmp_path), time.monotonic()
        while saved(tmp_path) == before:
            table.put_item(TableName="items", Item={"key": {"S": "k"}, "value": {"S": "x"}})
            assert time.monotonic() - began < 3

        assert time.monotonic() - began < 2
        kill(running)


def test_sigterm_saves_at_once_and_ends_cleanly(tmp_path: Path) -> None:
    with start_localcloud(tmp_path) as running, clients(running["url"], ACCOUNT) as connect:
        connect("sts").get_caller_identity()
        make_global_table(connect, "items", REGION)

    with start_localcloud(tmp_path) as running, clients(running["url"], ACCOUNT) as connect:
        assert connect("dynamodb", REGION).list_tables()["TableNames"] == ["items"]


def test_a_half_written_save_is_never_used(tmp_path: Path) -> None:
    with start_localcloud(tmp_path) as running, clients(running["url"], ACCOUNT) as connect:
        make_global_table(connect, "items", REGION)
    torn = tmp_path / "snapshots" / "999999"
    torn.mkdir()
    (torn / "dynamodb.json").write_text('{"__ministack_format__": 2, "payl')

    with start_localcloud(tmp_path) as running, clients(running["url"], ACCOUNT) as connect:
        assert connect("dynamodb", REGION).list_tables()["TableNames"] == ["items"]
    assert not torn.exists()


def test_an_idle_local_cloud_writes_nothing(tmp_path: Path) -> None:
    with start_localcloud(tmp_path) as running, clients(running["url"], ACCOUNT) as connect:
        table = connect("dynamodb", REGION)
        make_global_table(connect, "items", REGION)
        before = saved(tmp_path)
        after_the_change = eventually(lambda: saved(tmp_path), lambda now: now != before)
        reads_until = time.monotonic() + 2.5
        eventually(lambda: (table.list_tables(), time.monotonic())[1], lambda now: now > reads_until)

        assert saved(tmp_path) == after_the_change


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with (
        start_localcloud(tmp_path / "first") as running,
        pytest.raises(StartError) as refusal,
        start_localcloud(tmp_path / "second", running["port"]),
    ):
        pass

    assert str(refusal.value) == (
        f"localcloud: 127.0.0.1:{running['port']} is not free (Address already in use); choose another LOCALCLOUD_PORT."
    )


def test_a_state_folder_serves_one_local_cloud_at_a_time(tmp_path: Path) -> None:
    with start_localcloud(tmp_path) as running, clients(running["url"], ACCOUNT) as connect:
        make_global_table(connect, "items", REGION)

        with pytest.raises(StartError, match="another local cloud uses"), start_localcloud(tmp_path):
            pass

        assert connect("dynamodb", REGION).list_tables()["TableNames"] == ["items"]


def test_an_assumed_role_is_still_assumed_after_a_restart(tmp_path: Path) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    with start_localcloud(tmp_path) as running, clients(running["url"], ACCOUNT) as connect:
        role = connect("iam").create_role(RoleName="control", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        session = connect("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="us")["Credentials"]

    credentials = {
        "aws_access_key_id": session["AccessKeyId"],
        "aws_secret_access_key": session["SecretAccessKey"],
        "aws_session_token": session["SessionToken"],
    }
    with start_localcloud(tmp_path) as running, clients(running["url"], ACCOUNT) as connect:
        assert connect("sts", **credentials).get_caller_identity()["Account"] == ACCOUNT
