"""Hosted zones and changes."""

from __future__ import annotations

import asyncio
import time

from localcloud import strict
from localcloud.call import Answer, Call
from localcloud.process import Running
from tests.localcloud.strict.world import Connect, change, domain, make_zone, refusal, set_delays, values


def test_a_zones_token_is_used_once(connect: Connect) -> None:
    route53 = connect("route53")
    route53.create_hosted_zone(Name=domain(), CallerReference="token")

    assert refusal(route53.create_hosted_zone, Name=domain(), CallerReference="token") == "HostedZoneAlreadyExists"


def test_zones_are_listed_in_pages(connect: Connect) -> None:
    made = {make_zone(connect, domain()) for _ in range(5)}
    pages = list(connect("route53").get_paginator("list_hosted_zones").paginate(PaginationConfig={"PageSize": 2}))

    assert [len(page["HostedZones"]) for page in pages] == [2, 2, 1]
    assert {zone["Id"].removeprefix("/hostedzone/") for page in pages for zone in page["HostedZones"]} == made


def test_a_change_is_in_sync_at_once(connect: Connect) -> None:
    name = domain()
    made = change(connect, make_zone(connect, name), ("CREATE", values(name, "192.0.2.1")))["ChangeInfo"]

    assert connect("route53").get_change(Id=made["Id"])["ChangeInfo"]["Status"] == "INSYNC"


def test_a_change_is_pending_for_its_delay(localcloud: Running, connect: Connect, account: str) -> None:
    set_delays(localcloud["url"], account, change_pending_s=0.5)
    name, route53 = domain(), connect("route53")
    zone = make_zone(connect, name)
    started_s = time.monotonic()
    made = change(connect, zone, ("CREATE", values(name, "192.0.2.1")))["ChangeInfo"]

    while route53.get_change(Id=made["Id"])["ChangeInfo"]["Status"] == "PENDING":
        assert time.monotonic() - started_s < 5
    assert time.monotonic() - started_s >= 0.5


def test_a_zone_takes_one_batch_at_a_time() -> None:
    strict.install()
    body = b"<ChangeResourceRecordSetsRequest><ChangeBatch><Changes/></ChangeBatch></ChangeResourceRecordSetsRequest>"
    record = {"Name": "a.example", "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    call = Call(
        service="route53",
        action="ChangeResourceRecordSets",
        account="111111111111",
        region="us-east-1",
        params={"HostedZoneId": "ZABSENT", "ChangeBatch": batch},
        method="POST",
        path="/2013-04-01/hostedzone/ZABSENT/rrset/",
        query={},
        headers={},
        body=body,
    )

    async def twice() -> tuple[Answer | None, Answer | None, Answer | None]:
        first = await strict.refuse(call)
        second = await strict.refuse(call)
        await strict.amend(call, Answer(404, [], b""))
        return first, second, await strict.refuse(call)

    first, second, third = asyncio.run(twice())
    assert (first, third) == (None, None)
    assert second is not None
    assert b"<Code>PriorRequestNotComplete</Code>" in second.body
