"""Route 53 records: what one record may say, looked at alone. Whole batches are judged in `route53_batches`."""

from __future__ import annotations

import re
from typing import Any

from ministack.services import route53 as store

from localcloud.call import Call
from localcloud.strict import dns_names
from localcloud.strict.rules import Refusal, rule

_API = "https://docs.aws.amazon.com/Route53/latest/APIReference"
_CHANGE = f"{_API}/API_ChangeResourceRecordSets.html"
_RECORD = f"{_API}/API_ResourceRecordSet.html"
_QUOTAS = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html"
_ACTION = "ChangeResourceRecordSets"

MOST_RECORDS = 1_000
MOST_CHARACTERS = 32_000
TYPES = frozenset(
    {"SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS", "TLSA", "SSHFP"}
) | {"SVCB", "HTTPS"}
POLICIES = {  # field → the policy's name in messages
    "Weight": "weighted",
    "Region": "latency",
    "Failover": "failover",
    "GeoLocation": "geolocation",
    "GeoProximityLocation": "geoproximity",
    "MultiValueAnswer": "multivalue answer",
    "CidrRoutingConfig": "IP-based",
}
_LATENCY_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")

Record = dict[str, Any]


def _changes(call: Call) -> list[tuple[str, Record]]:
    batch = call.params.get("ChangeBatch", {})
    return [(change.get("Action", ""), change.get("ResourceRecordSet", {})) for change in batch.get("Changes", [])]


def _in_change(action: str, record: Record) -> str:
    identifier = record.get("SetIdentifier", "null")
    return (
        f"in Change with [Action={action}, Name={record.get('Name')}, Type={record.get('Type')}, "
        f"SetIdentifier={identifier}]"
    )


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidInput", f"Invalid request: {message}")


def policy_fields(record: Record) -> list[str]:
    return [field for field in POLICIES if record.get(field) is not None]


@rule("route53", _ACTION, page=_CHANGE)
def a_batch_has_changes_of_known_actions_and_types(call: Call) -> Refusal | None:
    """At least one change; CREATE, DELETE or UPSERT; a record type that Route 53 has."""
    changes = _changes(call)
    if not changes:
        return _invalid("Expected at least one Change in the ChangeBatch")
    for action, record in changes:
        if action not in ("CREATE", "DELETE", "UPSERT") or record.get("Type") not in TYPES:
            return _invalid(f"Unknown action or type {_in_change(action, record)}")
    return None


@rule("route53", _ACTION, page=_RECORD)
def a_record_has_values_or_an_alias(call: Call) -> Refusal | None:
    """Either AliasTarget, without a TTL, or TTL and values."""
    for action, record in _changes(call):
        alias = "AliasTarget" in record
        plain = "TTL" in record or "ResourceRecords" in record
        if alias == plain:
            found = "more than one" if alias else "none"
            return _invalid(
                "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], "
                f"but found {found} {_in_change(action, record)}"
            )
        for field in ("TTL", "ResourceRecords"):
            if plain and not record.get(field) and record.get(field) != 0:
                return _invalid(f"Missing field '{field}' {_in_change(action, record)}")
    return None


@rule("route53", _ACTION, page=_RECORD)
def an_alias_says_where_and_whether_to_look(call: Call) -> Refusal | None:
    """AliasTarget has a zone, a name and EvaluateTargetHealth."""
    for action, record in _changes(call):
        for field in ("HostedZoneId", "DNSName", "EvaluateTargetHealth"):
            if "AliasTarget" in record and field not in record["AliasTarget"]:
                return _invalid(f"Missing field '{field}' in AliasTarget {_in_change(action, record)}")
    return None


@rule("route53", _ACTION, page=_RECORD)
def a_record_has_one_policy_and_an_identifier(call: Call) -> Refusal | None:
    """One policy needs SetIdentifier; none must not have it; two are refused."""
    for action, record in _changes(call):
        found = policy_fields(record)
        named = bool(record.get("SetIdentifier"))
        if len(found) > 1 or (named and not found):
            many = "more than one" if found else "none"
            return _invalid(
                f"Expected exactly one of [{', '.join(POLICIES)}], but found {many} {_in_change(action, record)}"
            )
        if found and not named:
            return _invalid(f"Missing field 'SetIdentifier' {_in_change(action, record)}")
    return None


@rule("route53", _ACTION, page=_RECORD)
def a_multivalue_record_is_no_alias(call: Call) -> Refusal | None:
    """Multivalue answer alias records do not exist."""
    for action, record in _changes(call):
        if record.get("MultiValueAnswer") is not None and "AliasTarget" in record:
            return _invalid(f"MultiValueAnswer can't be used with AliasTarget {_in_change(action, record)}")
    return None


@rule("route53", _ACTION, page=_RECORD)
def a_records_fields_are_in_range(call: Call) -> Refusal | None:
    """Weight 0–255, TTL 0–2147483647, SetIdentifier ≤ 128, Failover and Region from their lists."""
    for position, (action, record) in enumerate(_changes(call), start=1):
        path = f"changeBatch.changes.{position}.member.resourceRecordSet"
        for field, most in (("Weight", 255), ("TTL", 2_147_483_647)):
            value = record.get(field, 0)
            if not isinstance(value, int) or not 0 <= value <= most:
                return Refusal(
                    "InvalidInput",
                    f"1 validation error detected: Value '{value}' at '{path}.{field[0].lower()}{field[1:]}' failed to "
                    f"satisfy constraint: Member must have value less than or equal to {most}",
                )
        if len(record.get("SetIdentifier", "")) > 128:
            return _invalid(f"SetIdentifier has more than 128 characters {_in_change(action, record)}")
        if record.get("Failover") not in (None, "PRIMARY", "SECONDARY"):
            return _invalid(f"Failover is neither PRIMARY nor SECONDARY {_in_change(action, record)}")
        if "Region" in record and not _LATENCY_REGION.fullmatch(record["Region"]):
            return _invalid(f"Region is no AWS region {_in_change(action, record)}")
    return None


@rule("route53", _ACTION, page=_RECORD)
def a_records_health_check_exists(call: Call) -> Refusal | None:
    """HealthCheckId of a record that is written names a check of the account."""
    for action, record in _changes(call):
        check = record.get("HealthCheckId")
        if check and action != "DELETE" and check not in store._health_checks:
            return Refusal("NoSuchHealthCheck", f"No health check exists with the specified ID {check}.", 404)
    return None


@rule("route53", _ACTION, page=_QUOTAS)
def a_batch_is_limited(call: Call) -> Refusal | None:
    """1,000 records and 32,000 characters of values, an UPSERT counted twice."""
    records = characters = 0
    for action, record in _changes(call):
        times = 2 if action == "UPSERT" else 1
        values = [str(held.get("Value", "")) for held in record.get("ResourceRecords", [])]
        records += times * max(1, len(values))
        characters += times * sum(map(len, values))
    complaints = []
    if records > MOST_RECORDS:
        complaints.append(f"Number of records limit of {MOST_RECORDS} exceeded.")
    if characters > MOST_CHARACTERS:
        complaints.append(f"Number of characters limit of {MOST_CHARACTERS} exceeded.")
    return Refusal("InvalidChangeBatch", tuple(complaints)) if complaints else None


def _texts(element: Any) -> Any:
    """An element's text, or its children by name."""
    children = {child.tag.rpartition("}")[2]: _texts(child) for child in element}
    return children or (element.text or "")


def _build_texts(parent: Any, name: str, held: Any) -> None:
    element = store.SubElement(parent, name)
    if isinstance(held, dict):
        for key, value in held.items():
            _build_texts(element, key, value)
    else:
        element.text = held


def patch() -> None:
    """Alias targets are stored as names are, and geoproximity, which ministack drops, is kept."""
    parse, build = store._parse_record_set, store._build_record_set_el

    def parse_whole(element: Any) -> Any:
        record = parse(element)
        if "AliasTarget" in record:
            record["AliasTarget"]["DNSName"] = dns_names.stored(record["AliasTarget"]["DNSName"])
        place = store._find(element, "GeoProximityLocation")
        if place is not None:
            record["GeoProximityLocation"] = _texts(place)
        return record

    def build_whole(parent: Any, record: Record) -> None:
        build(parent, record)
        if "GeoProximityLocation" in record:
            _build_texts(parent[-1], "GeoProximityLocation", record["GeoProximityLocation"])

    store._parse_record_set = parse_whole
    store._build_record_set_el = build_whole
