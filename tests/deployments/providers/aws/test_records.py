"""Records change in fenced batches, are read a hostname at a time, and are ours where the owner record says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deployments.plan.model import Observed
from deployments.providers.aws import records
from deployments.providers.errors import Conflict, Fenced, Refused, Transient
from deployments.providers.protocol import Batch, Fence, RecordChange, Target
from tests.deployments.providers.aws.cases import collection
from tests.deployments.providers.aws.stage import Stage


def address(stage: Stage, zone_id: str, value: str = "192.0.2.1", name: str = "") -> Target:
    return stage.record(zone_id, name or stage.hostname, "A", ttl=60, values=[value])


def create(record: Target) -> RecordChange:
    return RecordChange(record.ref, None, record.params)


def test_a_batch_is_pending_then_in_sync(stage: Stage) -> None:
    zone_id = stage.zone()
    stage.delay(change_pending_s=0.3)
    record = address(stage, zone_id)

    change_id = stage.send(zone_id, create(record))
    sent = replace(record, outputs={"change_id": change_id})

    pending = stage.look(sent)
    assert pending is not None
    assert (pending.ready, pending.status) == (False, "PENDING")
    assert pending.outputs == {"name": stage.hostname, "change_id": change_id}
    in_sync = stage.settle(sent)
    assert (in_sync.params, in_sync.outputs, in_sync.ours) == (record.params, {"name": stage.hostname}, True)


def test_a_change_is_in_sync_once_every_name_server_has_it(stage: Stage) -> None:
    zone_id = stage.zone()
    stage.delay(change_pending_s=30)
    change_id = stage.send(zone_id, create(address(stage, zone_id)))

    assert not stage.provider.records_insync(change_id)
    stage.delay(change_pending_s=0)
    later = stage.send(zone_id, create(address(stage, zone_id, name=f"later.{stage.hostname}")))
    assert stage.provider.records_insync(later)


def test_a_change_known_to_be_in_sync_is_not_asked_for_again(stage: Stage) -> None:
    zone_id = stage.zone()
    record = address(stage, zone_id)
    sent = replace(record, outputs={"change_id": stage.send(zone_id, create(record))})
    stage.settle(sent)
    asked = [call["action"] for call in stage.calls()].count("GetChange")

    stage.settle(sent)

    assert [call["action"] for call in stage.calls()].count("GetChange") == asked


def test_every_form_of_record_comes_back_as_it_was_sent(stage: Stage) -> None:
    zone_id = stage.zone()
    alias = {"zone_id": zone_id, "dns_name": f"leaf.{stage.hostname}", "evaluate_target_health": False}
    forms = [
        address(stage, zone_id, name=f"leaf.{stage.hostname}"),
        stage.record(zone_id, f"*.{stage.hostname}", "A", ttl=60, values=["192.0.2.2", "192.0.2.1"]),
        stage.record(zone_id, f"_abc.{stage.hostname}", "CNAME", ttl=300, values=["_def.acm-validations.aws."]),
        stage.record(
            zone_id,
            stage.hostname,
            "A",
            alias=alias,
            set_identifier="keyvalue/eu-central-1",
            policy={"region": "eu-central-1"},
        ),
    ]
    stage.send(zone_id, *map(create, forms))

    found = stage.provider.observe(forms)

    assert {ref: seen.params for ref, seen in found.items() if isinstance(seen, Observed)} == {
        form.ref: form.params for form in forms
    }


POLICIES: dict[str, dict[str, Any]] = {
    "weighted": {"weight": 10},
    "failover": {"failover": "SECONDARY"},
    "geolocation": {"geolocation": {"CountryCode": "US", "SubdivisionCode": "CA"}},
    "near a region": {"geoproximity": {"AWSRegion": "eu-central-1", "Bias": -10}},
    "near a region, unbiased": {"geoproximity": {"AWSRegion": "eu-central-1", "Bias": 0}},
    "near a place": {"geoproximity": {"Coordinates": {"Latitude": "50.1", "Longitude": "-8.72"}, "Bias": 0}},
}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_every_policy_comes_back_as_it_was_sent_and_can_be_deleted(stage: Stage, policy: dict[str, Any]) -> None:
    zone_id = stage.zone()
    record = stage.record(
        zone_id, stage.hostname, "A", ttl=60, values=["192.0.2.1"], set_identifier="one", policy=policy
    )
    stage.send(zone_id, create(record))

    found = stage.settle(record)

    assert found.params == record.params
    stage.send(zone_id, RecordChange(record.ref, found.params, None))
    assert stage.look(record) is None


def test_a_location_of_a_collection_comes_back_as_it_was_sent(stage: Stage) -> None:
    zone_id, collection_id = stage.zone(), stage.make(collection(stage)).outputs["id"]
    forms = [
        stage.record(
            zone_id,
            stage.hostname,
            "A",
            ttl=60,
            values=["192.0.2.1"],
            set_identifier=location,
            policy={"cidr": {"CollectionId": collection_id, "LocationName": location}},
        )
        for location in ("office", "*")
    ]
    stage.send(zone_id, *map(create, forms))

    assert [stage.settle(form).params for form in forms] == [form.params for form in forms]


@pytest.mark.parametrize(
    ("told", "same"),
    [
        ({"Coordinates": {"Latitude": "50.10", "Longitude": "8.7"}, "Bias": 0}, True),
        ({"Coordinates": {"Latitude": "50.11", "Longitude": "8.7"}, "Bias": 0}, False),
        ({"Coordinates": {"Latitude": "50.1", "Longitude": "8.7"}, "Bias": 1}, False),
        ({"AWSRegion": "eu-central-1", "Bias": 0}, False),
    ],
)
def test_coordinates_are_compared_as_numbers(told: dict[str, Any], same: bool) -> None:
    wanted = {"geoproximity": {"Coordinates": {"Latitude": "50.1", "Longitude": "8.7"}, "Bias": 0}}

    assert records.same_policy({"geoproximity": told}, wanted) is same


def test_an_update_replaces_exactly_what_was_seen(stage: Stage) -> None:
    zone_id = stage.zone()
    old, new = address(stage, zone_id), address(stage, zone_id, "192.0.2.9")
    stage.send(zone_id, create(old))

    stage.send(zone_id, RecordChange(new.ref, old.params, new.params))

    assert stage.settle(new).params == new.params


def test_what_differs_from_what_was_seen_is_refused_by_name_and_nothing_is_done(stage: Stage) -> None:
    zone_id = stage.zone()
    old, new = address(stage, zone_id), address(stage, zone_id, "192.0.2.9")
    innocent = address(stage, zone_id, name=f"us-west-2.{stage.hostname}")
    stage.send(zone_id, create(old))

    with pytest.raises(Refused) as refused:
        stage.send(zone_id, create(innocent), RecordChange(new.ref, new.params, None))

    assert refused.value.message.startswith(f"{new.ref.name}: ")
    assert stage.look(innocent) is None
    assert stage.provider.owner_generation(zone_id, stage.hostname, stage.owner) == 1


def test_a_stale_batch_is_fenced(stage: Stage) -> None:
    zone_id = stage.zone()
    record = address(stage, zone_id)
    stage.send(zone_id, create(record))
    stage.send(zone_id)
    late = Batch(zone_id, (RecordChange(record.ref, record.params, None),), Fence(stage.hostname, stage.owner, 1, 2))

    with pytest.raises(Fenced):
        stage.provider.change_records(late)

    assert stage.settle(record).params == record.params


def test_the_first_batch_of_a_hostname_with_an_owner_is_fenced(stage: Stage) -> None:
    zone_id = stage.zone()
    stage.send(zone_id)

    with pytest.raises(Fenced):
        stage.provider.change_records(Batch(zone_id, (), Fence(stage.hostname, "another", None, 1)))


def test_the_owner_record_tells_its_generation_and_goes_with_the_last_batch(stage: Stage) -> None:
    zone_id = stage.zone()
    assert stage.provider.owner_generation(zone_id, stage.hostname, stage.owner) is None

    stage.send(zone_id)
    stage.send(zone_id)
    assert stage.provider.owner_generation(zone_id, stage.hostname, stage.owner) == 2

    stage.provider.change_records(Batch(zone_id, (), Fence(stage.hostname, stage.owner, 2, None)))
    assert stage.provider.owner_generation(zone_id, stage.hostname, stage.owner) is None


def test_a_hostname_of_another_installation_is_a_conflict(stage: Stage) -> None:
    zone_id = stage.zone()
    stage.send(zone_id)

    with pytest.raises(Conflict) as foreign:
        stage.provider.owner_generation(zone_id, stage.hostname, "another")

    assert stage.owner in foreign.value.message


def test_a_batch_whose_answer_was_lost_is_told_by_the_owner_record(stage: Stage) -> None:
    zone_id = stage.zone()
    stage.fault(action="ChangeResourceRecordSets", do="drop", when="after")

    with pytest.raises(Transient) as lost:
        stage.send(zone_id)

    assert lost.value.unknown_outcome
    assert stage.provider.owner_generation(zone_id, stage.hostname, stage.owner) == 1


def test_a_record_made_by_hand_is_not_ours(stage: Stage) -> None:
    zone_id = stage.zone()
    record = address(stage, zone_id)
    by_hand = records.to_record_set(record.params)
    stage.root("route53").change_resource_record_sets(
        HostedZoneId=zone_id, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": by_hand}]}
    )

    found = stage.look(record)

    assert found is not None
    assert not found.ours
    with pytest.raises(Transient) as stands:
        stage.send(zone_id, create(record))
    assert stands.value.code == "exists", "the next look tells whose it is"
    assert not stands.value.unknown_outcome


def test_a_record_under_the_hostname_is_ours_by_the_owner_record_above_it(stage: Stage) -> None:
    zone_id = stage.zone()
    record = address(stage, zone_id, name=f"us-west-2.{stage.hostname}")
    stage.send(zone_id, create(record))

    found = stage.look(record)

    assert found is not None
    assert found.ours


def test_all_records_of_a_hostname_are_read_in_one_call_a_page(stage: Stage) -> None:
    """A page has 300; the neighbours of the name in the zone are not read."""
    zone_id = stage.zone()
    wanted = [address(stage, zone_id, name=f"r{number}.{stage.hostname}") for number in range(310)]
    wanted.append(address(stage, zone_id))
    stage.send(zone_id, *map(create, wanted))
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": records.to_record_set(address(stage, zone_id, name=name).params),
        }
        for name in ("a.example.test", f"{stage.hostname.split('.')[0]}-2.example.test", "z.example.test")
    ]
    stage.root("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
    before = len(stage.calls())

    found = stage.provider.observe(wanted)

    assert all(isinstance(seen, Observed) for seen in found.values())
    assert [call["action"] for call in stage.calls()[before:]] == ["ListResourceRecordSets"] * 2


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["kv.example.test", "us-west-2.kv.example.test"], ["kv.example.test"]),
        (["us-west-2.kv.example.test", "kv.example.test"], ["kv.example.test"]),
        (["a.example.test", "ba.example.test"], ["a.example.test", "ba.example.test"]),
        ([], []),
    ],
)
def test_roots_cover_all_names(names: list[str], expected: list[str]) -> None:
    assert records.roots(names) == expected
