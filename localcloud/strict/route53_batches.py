"""Route 53 batches: the changes are played in their order on a copy of the zone, and the result is judged as a whole.

`the_batch_applies_as_a_whole` asks every check of `CHECKS`; all complaints come back as one InvalidChangeBatch, and
nothing is applied. Single records were looked at before, in `route53_records`.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ministack.services import apigateway_v1
from ministack.services import route53 as store

from localcloud.call import Answer, Call
from localcloud.strict import dns_names, route53_cidr
from localcloud.strict.region_table import API_GATEWAY_ZONES
from localcloud.strict.route53_records import POLICIES, Record, policy_fields
from localcloud.strict.rules import Refusal, amendment, rule

_CHANGE = "https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html"
_ACTION = "ChangeResourceRecordSets"
_CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
_BATCH_LONGEST_S = 2.0
_QUOTED = re.compile(r'\s*"(?:[^"\\]|\\.){0,255}"(?:\s+"(?:[^"\\]|\\.){0,255}")*\s*')

Key = tuple[str, str, str]

_open_batches: dict[tuple[str, str], float] = {}


@dataclass(frozen=True)
class Batch:
    """A zone, what it would hold after the changes, and the records that they write."""

    zone_id: str
    zone: str
    after: dict[Key, Record]
    written: list[Record]

    def at(self, name: str) -> list[Record]:
        return [record for (held, _, _), record in self.after.items() if held == name]

    def sets(self) -> list[list[Record]]:
        """The records of each name and type that the batch writes to."""
        touched = {(record["Name"], record["Type"]) for record in self.written}
        return [[record for (n, t, _), record in self.after.items() if (n, t) == pair] for pair in sorted(touched)]


@rule("route53", _ACTION, page=_CHANGE)
def the_batch_applies_as_a_whole(call: Call) -> Refusal | None:
    """Each change fits what it finds, and the result is a zone that Route 53 would hold; else nothing is done."""
    zone_id = call.params.get("HostedZoneId", "")
    zone = store._zones.get(zone_id)
    if zone is None:
        return None
    operations = _operations(call)
    after, complaints = _play({_key(record): record for record in store._records[zone_id]}, operations)
    written = [record for action, record in operations if action != "DELETE"]
    batch = Batch(zone_id, zone["name"], after, written)
    for check in CHECKS:
        complaints.extend(check(batch))
    return Refusal("InvalidChangeBatch", tuple(dict.fromkeys(complaints))) if complaints else None


def _operations(call: Call) -> list[tuple[str, Record]]:
    """(action, record as ministack stores it), in the order of the batch."""
    batch = store._find(store._parse_body(call.body), "ChangeBatch")
    changes = store._findall(store._find(batch, "Changes"), "Change")
    return [
        (store._text(change, "Action"), store._parse_record_set(store._find(change, "ResourceRecordSet")))
        for change in changes
    ]


def _key(record: Record) -> Key:
    return record["Name"], record["Type"], record.get("SetIdentifier", "")


def _label(record: Record) -> str:
    named = f", SetIdentifier {record['SetIdentifier']}" if record.get("SetIdentifier") else ""
    return f"RRSet with DNS name {record['Name']}, type {record['Type']}{named}"


def _tried(verb: str, record: Record) -> str:
    named = f", set identifier='{record['SetIdentifier']}'" if record.get("SetIdentifier") else ""
    return f"Tried to {verb} resource record set [name='{record['Name']}', type='{record['Type']}'{named}]"


def _play(before: dict[Key, Record], operations: list[tuple[str, Record]]) -> tuple[dict[Key, Record], list[str]]:
    """The changes in their order on a copy; (what is held then, what did not fit)."""
    after = dict(before)
    complaints: list[str] = []
    seen: dict[Key, list[str]] = {}
    for action, record in operations:
        key = _key(record)
        held = after.get(key)
        earlier = seen.setdefault(key, [])
        if earlier and not (earlier == ["DELETE"] and action != "DELETE"):
            complaints.append(
                "The request contains an invalid set of changes for a resource record set "
                f"'{record['Type']} {record['Name']}'"
            )
        elif action == "CREATE" and held is not None:
            complaints.append(f"{_tried('create', record)} but it already exists")
        elif action == "DELETE" and held is None:
            complaints.append(f"{_tried('delete', record)} but it was not found")
        elif action == "DELETE" and store._rs_values(held) != store._rs_values(record):
            complaints.append(f"{_tried('delete', record)} but the values provided do not match the current values")
        earlier.append(action)
        if action == "DELETE":
            after.pop(key, None)
        else:
            after[key] = record
    return after, complaints


def names_lie_in_the_zone(batch: Batch) -> Iterator[str]:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-shared.html"""
    for record in batch.written:
        if not dns_names.inside(record["Name"], batch.zone):
            yield f"RRSet with DNS name {record['Name']} is not permitted in zone {batch.zone}"


def names_are_well_formed(batch: Batch) -> Iterator[str]:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html"""
    for record in batch.written:
        labels = record["Name"].rstrip(".").split(".")
        if len(record["Name"]) > 256 or any(not label or len(label) > 63 for label in labels):
            yield f"FATAL problem: DomainLabelTooLong or empty label encountered with '{record['Name']}'"


def the_apex_keeps_its_own_records(batch: Batch) -> Iterator[str]:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/SOA-NSrecords.html"""
    if (batch.zone, "SOA", "") not in batch.after:
        yield "A HostedZone must contain exactly one SOA record."
    if (batch.zone, "NS", "") not in batch.after:
        yield "A HostedZone must contain at least one NS record for the zone itself."


def a_cname_stands_alone(batch: Batch) -> Iterator[str]:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html#CNAMEFormat"""
    for record in batch.written:
        name, kind = record["Name"], record["Type"]
        if kind == "CNAME" and name == batch.zone:
            yield f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {batch.zone}"
            continue
        types = {held["Type"] for held in batch.at(name)}
        if kind == "CNAME" and types - {"CNAME"}:
            yield (
                f"RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with "
                f"the same DNS name in zone {batch.zone}"
            )
        elif kind != "CNAME" and "CNAME" in types:
            yield (
                f"RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type CNAME "
                f"with the same DNS name already exists in zone {batch.zone}"
            )


def _policy(record: Record) -> str:
    fields = policy_fields(record)
    return POLICIES[fields[0]] if fields else "simple"


def a_name_and_type_has_one_policy(batch: Batch) -> Iterator[str]:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy.html"""
    for held in batch.sets():
        policies = {_policy(record) for record in held}
        if len(policies) < 2:
            continue
        for record in batch.written:
            if record in held:
                if "simple" in policies:
                    yield f"{_label(record)} cannot be created as other RRSets exist with the same name and type."
                else:
                    yield (
                        f"{_label(record)} cannot be created as a non-{_policy(record)} set exists with the same name "
                        "and type."
                    )


def _twice(values: Iterable[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]


def a_latency_region_is_used_once(batch: Batch) -> Iterator[str]:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html (Region)"""
    for held in batch.sets():
        for region in _twice(record["Region"] for record in held if "Region" in record):
            yield (
                f"{_label(held[-1])}, and Region Name={region} cannot be created because a latency RRSet with the same "
                "name, type and region already exists."
            )


def a_failover_role_is_used_once(batch: Batch) -> Iterator[str]:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html (Failover)"""
    for held in batch.sets():
        for role in _twice(record["Failover"] for record in held if "Failover" in record):
            yield f"{_label(held[0])} cannot be created: more than one failover record is {role}."


def a_failover_primary_is_watched(batch: Batch) -> Iterator[str]:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-failover.html"""
    for record in batch.written:
        plain = "AliasTarget" not in record
        if record.get("Failover") == "PRIMARY" and plain and not record.get("HealthCheckId"):
            yield f"{_label(record)} cannot be created: a PRIMARY record that is no alias needs a health check."


def a_location_is_used_once(batch: Batch) -> Iterator[str]:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-geo.html"""
    for held in batch.sets():
        for place in _twice(repr(sorted(record["GeoLocation"].items())) for record in held if "GeoLocation" in record):
            yield f"{_label(held[0])} cannot be created: more than one record has the location {place}."


def a_cidr_location_exists(batch: Batch) -> Iterator[str]:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_CidrRoutingConfig.html"""
    for record in batch.written:
        if (config := record.get("CidrRoutingConfig")) is None:
            continue
        held = route53_cidr.locations(config["CollectionId"])
        if held is None:
            yield f"{_label(record)} cannot be created: CIDR collection {config['CollectionId']} does not exist."
        elif config["LocationName"] not in {route53_cidr.DEFAULT, *held}:
            yield f"{_label(record)} cannot be created: its collection has no location {config['LocationName']}."


def a_cidr_location_is_used_once(batch: Batch) -> Iterator[str]:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-ipbased.html"""
    for held in batch.sets():
        configs = [record["CidrRoutingConfig"] for record in held if record.get("CidrRoutingConfig")]
        if len({config["CollectionId"] for config in configs}) > 1:
            yield f"{_label(held[0])} cannot be created: its records name more than one CIDR collection."
        for location in _twice(config["LocationName"] for config in configs):
            yield f"{_label(held[0])} cannot be created: more than one record has the CIDR location {location}."


def a_weighted_set_has_one_ttl(batch: Batch) -> Iterator[str]:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_ResourceRecordSet.html (TTL)"""
    for held in batch.sets():
        times = {record["TTL"] for record in held if "Weight" in record and "TTL" in record}
        if len(times) > 1:
            yield f"{_label(held[0])} cannot be created as weighted sets must contain the same TTL."


def an_alias_target_exists(batch: Batch) -> Iterator[str]:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html"""
    for record in batch.written:
        if "AliasTarget" not in record:
            continue
        name, zone_id = record["AliasTarget"]["DNSName"], record["AliasTarget"]["HostedZoneId"]
        problem = _alias_problem(batch, record, name, zone_id)
        if problem:
            target = f"{name}, type {record['Type']} in zone {zone_id}"
            yield f"Tried to create an alias that targets {target}, but {problem}"


def _alias_problem(batch: Batch, record: Record, name: str, zone_id: str) -> str | None:
    outside = "the alias target name does not lie within the target zone"
    missing = "that target was not found"
    if zone_id == batch.zone_id:
        if not dns_names.inside(name, batch.zone):
            return outside
        if name == record["Name"]:
            return "the alias targets itself"
        same_type = any(held["Type"] == record["Type"] for held in batch.at(name))
        return None if same_type else missing
    if record["Type"] not in ("A", "AAAA", "HTTPS"):
        return "an AWS endpoint can't be the target of an alias of this type"
    regions = [region for region, held in API_GATEWAY_ZONES.items() if held == zone_id]
    if regions:
        if not name.endswith(f".execute-api.{regions[0]}.amazonaws.com."):
            return outside
        known = {held["regionalDomainName"] for held in apigateway_v1._domain_names.all_values()}
        return None if name.rstrip(".") in known else missing
    if zone_id == _CLOUDFRONT_ZONE:
        return None if name.endswith(".cloudfront.net.") else outside
    return None if name.endswith(".amazonaws.com.") and ".execute-api." not in name else outside


def values_fit_their_type(batch: Batch) -> Iterator[str]:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html"""
    for record in batch.written:
        values = record.get("ResourceRecords", [])
        for value in _twice(values):
            yield f"Duplicate Resource Record: '{value}'"
        if record["Type"] == "CNAME" and len(values) > 1:
            yield f"Invalid Resource Record: FATAL problem: CNAME {record['Name']} has more than one value"
        for value in values:
            judge = _VALUE_PROBLEMS.get(record["Type"])
            problem = judge(value) if judge else None
            if problem:
                yield f"Invalid Resource Record: 'FATAL problem: {problem} encountered with '{value}''"


def _text_problem(value: str) -> str | None:
    return None if _QUOTED.fullmatch(value) else "InvalidCharacterString (Value should be enclosed in quotation marks)"


def _ipv4_problem(value: str) -> str | None:
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
    return None


def _ipv6_problem(value: str) -> str | None:
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"
    return None


def _name_problem(value: str) -> str | None:
    return "DomainNameEmpty (Domain name is empty)" if not value or " " in value else None


_VALUE_PROBLEMS: dict[str, Callable[[str], str | None]] = {
    "TXT": _text_problem,
    "SPF": _text_problem,
    "A": _ipv4_problem,
    "AAAA": _ipv6_problem,
    "CNAME": _name_problem,
    "NS": _name_problem,
}

CHECKS: tuple[Callable[[Batch], Iterator[str]], ...] = (
    names_lie_in_the_zone,
    names_are_well_formed,
    the_apex_keeps_its_own_records,
    a_cname_stands_alone,
    a_name_and_type_has_one_policy,
    a_latency_region_is_used_once,
    a_failover_role_is_used_once,
    a_failover_primary_is_watched,
    a_location_is_used_once,
    a_cidr_location_exists,
    a_cidr_location_is_used_once,
    a_weighted_set_has_one_ttl,
    an_alias_target_exists,
    values_fit_their_type,
)


@rule("route53", _ACTION, page=_CHANGE)  # after the others, so that a refused batch opens nothing
def one_batch_a_zone_at_a_time(call: Call) -> Refusal | None:
    """A batch for a zone whose previous one is still being taken is turned away."""
    key = (call.account, call.params.get("HostedZoneId", ""))
    now = time.monotonic()
    if now - _open_batches.get(key, -_BATCH_LONGEST_S) < _BATCH_LONGEST_S:
        return Refusal(
            "PriorRequestNotComplete",
            "The request was rejected because Route 53 was still processing a prior request.",
        )
    _open_batches[key] = now
    return None


@amendment("route53", _ACTION)
def the_batch_is_taken(call: Call, answer: Answer) -> Answer:
    """The zone takes its next batch."""
    _open_batches.pop((call.account, call.params.get("HostedZoneId", "")), None)
    return answer
