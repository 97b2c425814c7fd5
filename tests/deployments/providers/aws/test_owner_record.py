"""Taking a host name over replaces its owner record and nothing else; who was slower is refused by Route 53."""

from __future__ import annotations

from uuid import uuid4

import pytest

from deployments.providers.errors import Conflict, Fenced, Transient
from deployments.providers.protocol import Claim, RecordChange
from tests.deployments.providers.aws.stage import Stage

US = str(uuid4())


def theirs(stage: Stage) -> str:
    """A zone in which another installation has one record, at generation 1."""
    zone_id = stage.zone()
    record = stage.record(zone_id, stage.hostname, "A", ttl=60, values=["192.0.2.1"])
    stage.send(zone_id, RecordChange(record.ref, None, record.params))
    return zone_id


def record_sets(stage: Stage, zone_id: str) -> dict[tuple[str, str], object]:
    listed = stage.root("route53").list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    return {(each["Name"], each["Type"]): each for each in listed}


def test_only_the_owner_record_changes(stage: Stage) -> None:
    zone_id = theirs(stage)
    before = record_sets(stage, zone_id)
    seen = stage.provider.owner_claim(zone_id, stage.hostname)
    assert seen == Claim(stage.owner, 1)

    stage.provider.claim_owner(zone_id, stage.hostname, before=seen, after=Claim(US, 2))

    after = record_sets(stage, zone_id)
    owner = (f"_owner.{stage.hostname}.", "TXT")
    assert {key for key in after if after[key] != before.get(key)} == {owner}
    assert after.keys() == before.keys()
    assert stage.provider.owner_claim(zone_id, stage.hostname) == Claim(US, 2)


def test_from_then_on_the_other_installation_is_fenced(stage: Stage) -> None:
    """Its batch for the generation that it knows is refused whole, and it is told whose the name is now."""
    zone_id = theirs(stage)
    stage.provider.claim_owner(zone_id, stage.hostname, before=Claim(stage.owner, 1), after=Claim(US, 2))

    more = stage.record(zone_id, f"more.{stage.hostname}", "A", ttl=60, values=["192.0.2.2"])
    with pytest.raises(Fenced):
        stage.send(zone_id, RecordChange(more.ref, None, more.params))

    assert (f"more.{stage.hostname}.", "A") not in record_sets(stage, zone_id)
    with pytest.raises(Conflict) as conflict:
        stage.provider.owner_generation(zone_id, stage.hostname, stage.owner)
    assert conflict.value.code == "foreign_owner"


def test_its_records_are_ours_then(stage: Stage) -> None:
    zone_id = theirs(stage)
    record = stage.record(zone_id, stage.hostname, "A", ttl=60, values=["192.0.2.9"])
    before, stage.owner = stage.owner, US
    stage.provider = stage.another_provider()
    found = stage.look(record)
    assert found is not None
    assert (found.ours, found.mark and found.mark.owner) == (False, before)

    stage.provider.claim_owner(zone_id, stage.hostname, before=Claim(before, 1), after=Claim(US, 2))

    found = stage.look(record)
    assert found is not None
    assert (found.ours, found.mark, found.params["values"]) == (True, None, ["192.0.2.1"])


def test_what_moved_meanwhile_is_not_taken(stage: Stage) -> None:
    zone_id = theirs(stage)
    before = record_sets(stage, zone_id)

    with pytest.raises(Fenced) as fenced:
        stage.provider.claim_owner(zone_id, stage.hostname, before=Claim(stage.owner, 7), after=Claim(US, 8))

    assert fenced.value.code == "owner_moved"
    assert record_sets(stage, zone_id) == before


def test_what_moves_between_the_look_and_the_batch_is_refused_by_route_53(stage: Stage) -> None:
    """The other installation's batch lands while ours is held on its way."""
    zone_id = theirs(stage)
    stage.fault(action="ChangeResourceRecordSets", do="error", code="InvalidChangeBatch", times=1)

    with pytest.raises(Fenced):
        stage.provider.claim_owner(zone_id, stage.hostname, before=Claim(stage.owner, 1), after=Claim(US, 2))

    assert stage.provider.owner_claim(zone_id, stage.hostname) == Claim(stage.owner, 1)


def test_an_answer_that_is_lost_is_found_by_the_next_look(stage: Stage) -> None:
    zone_id = theirs(stage)
    stage.fault(action="ChangeResourceRecordSets", do="drop", when="after", times=1)

    with pytest.raises(Transient) as lost:
        stage.provider.claim_owner(zone_id, stage.hostname, before=Claim(stage.owner, 1), after=Claim(US, 2))

    assert lost.value.unknown_outcome
    assert stage.provider.owner_claim(zone_id, stage.hostname) == Claim(US, 2)


def test_what_no_installation_wrote_is_nobodys(stage: Stage) -> None:
    zone_id = stage.zone()
    assert stage.provider.owner_claim(zone_id, stage.hostname) is None
    text = stage.record(zone_id, f"_owner.{stage.hostname}", "TXT", ttl=60, values=['"hello"'])
    change = {
        "Action": "CREATE",
        "ResourceRecordSet": {
            "Name": text.params["name"],
            "Type": "TXT",
            "TTL": 60,
            "ResourceRecords": [{"Value": '"hello"'}],
        },
    }
    stage.root("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": [change]})
    assert stage.provider.owner_claim(zone_id, stage.hostname) is None
