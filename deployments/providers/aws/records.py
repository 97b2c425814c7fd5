"""DNS records as Route 53 has them: params to record sets and back, and the fenced batches that change them.

Each batch also moves the owner record `_owner.<hostname>` from one generation to the next: Route 53 applies all of a
batch or nothing and deletes only what matches exactly, so a stale batch is refused by Route 53 itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from deployments.plan.model import GLOBAL, Params
from deployments.providers.aws.kind import World, found_or_none
from deployments.providers.errors import Conflict, Fenced, Refused, Transient
from deployments.providers.protocol import Batch, Claim, Fence
from regions.aws_errors import AwsError

OWNER_TTL_S = 60
STANDS = "but it already exists"  # of a CREATE

_POLICY = {  # our policy's key → the record set's
    "region": "Region",
    "weight": "Weight",
    "failover": "Failover",
    "multivalue": "MultiValueAnswer",
    "geolocation": "GeoLocation",
    "geoproximity": "GeoProximityLocation",
    "cidr": "CidrRoutingConfig",
}


def change(world: World, batch: Batch) -> str:
    """Send one batch; returns the change's id."""
    changes = [*_fence_changes(batch.fence)]
    for each in batch.changes:
        if each.before is not None:
            changes.append({"Action": "DELETE", "ResourceRecordSet": to_record_set(each.before)})
        if each.after is not None:
            changes.append({"Action": "CREATE", "ResourceRecordSet": to_record_set(each.after)})
    try:
        answer = world.client("route53", GLOBAL).change_resource_record_sets(
            HostedZoneId=batch.zone_id,
            ChangeBatch={"Comment": f"antipode generation {batch.fence.after}", "Changes": changes},
        )
    except AwsError as error:
        if error.code == "InvalidChangeBatch":
            raise _refusal(batch, error) from error
        raise
    return str(answer["ChangeInfo"]["Id"]).removeprefix("/change/")


def insync(world: World, change_id: str) -> bool:
    """Whether every name server answers with that change. AWS forgets old changes: they are."""
    answer = found_or_none(world.client("route53", GLOBAL).get_change, Id=change_id)
    return answer is None or bool(answer["ChangeInfo"]["Status"] == "INSYNC")


def owner_generation(world: World, zone_id: str, hostname: str, owner: str) -> int | None:
    """The generation that the owner record of a hostname has; None where there is none."""
    record = read(world, zone_id, owner_name(hostname), "TXT")
    if record is None:
        return None
    found = claim(record)
    if found is None or found.owner != owner:
        raise Conflict(
            f"{owner_name(hostname)} says {' '.join(record['values'] or [])}: {hostname} is another installation's",
            code="foreign_owner",
            mend="Take the name over (manage.py take_over) once nothing else manages it, or use another hostname.",
        )
    return found.generation


def owner_claim(world: World, zone_id: str, hostname: str) -> Claim | None:
    """What the owner record of a hostname says; None where there is none, or one that no installation wrote."""
    record = read(world, zone_id, owner_name(hostname), "TXT")
    return None if record is None else claim(record)


def claim_owner(world: World, zone_id: str, hostname: str, *, before: Claim, after: Claim) -> str:
    """Replace the owner record and nothing else; returns the change's id. Route 53 deletes only what matches exactly:
    what has moved since it was read here is refused by Route 53 itself."""
    standing = read(world, zone_id, owner_name(hostname), "TXT")
    if standing is None or claim(standing) != before:
        told = "is gone" if standing is None else f"says {' '.join(standing['values'] or [])} now"
        raise _moved(hostname, f"{owner_name(hostname)} {told}")
    ours = {**standing, "ttl": OWNER_TTL_S, "values": [f'"antipode/{after.owner}/{after.generation}"']}
    try:
        answer = world.client("route53", GLOBAL).change_resource_record_sets(
            HostedZoneId=zone_id,
            ChangeBatch={
                "Comment": f"antipode takes {hostname} over from {before.owner}",
                "Changes": [
                    {"Action": "DELETE", "ResourceRecordSet": to_record_set(standing)},
                    {"Action": "CREATE", "ResourceRecordSet": to_record_set(ours)},
                ],
            },
        )
    except AwsError as error:
        if error.code == "InvalidChangeBatch":
            raise _moved(hostname, error.message, error.request_id) from error
        raise
    return str(answer["ChangeInfo"]["Id"]).removeprefix("/change/")


def _moved(hostname: str, message: str, request_id: str = "") -> Fenced:
    return Fenced(
        message,
        code="owner_moved",
        mend=f"Nothing was changed. Look again at whose {hostname} is: somebody works on it now.",
        request_id=request_id,
    )


def owner_name(hostname: str) -> str:
    return f"_owner.{hostname}"


def claim(record: Params) -> Claim | None:
    """What an owner record says; None where it is not one of this product."""
    match = re.fullmatch(r'"antipode/(.+)/(\d+)"', (record["values"] or [""])[0])
    return Claim(match[1], int(match[2])) if match else None


def roots(names: Iterable[str]) -> list[str]:
    """The names that no other of them is above of: all others stand under one of these."""
    found: list[str] = []
    for name in sorted(set(names), key=lambda each: (each.count("."), each)):
        if not any(is_under(name, root) for root in found):
            found.append(name)
    return found


def is_under(name: str, root: str) -> bool:
    return name == root or name.endswith(f".{root}")


def under(world: World, zone_id: str, root: str) -> Iterator[Params]:
    """Every record of a name and of all names under it, as params. Route 53 lists by labels from the right, so they
    stand side by side (API reference, ListResourceRecordSets)."""
    start: dict[str, str] = {"StartRecordName": root}
    while start:
        answer = world.client("route53", GLOBAL).list_resource_record_sets(HostedZoneId=zone_id, **start)
        for record_set in answer["ResourceRecordSets"]:
            params = to_params(zone_id, record_set)
            if not is_under(params["name"], root):
                return
            yield params
        start = _next_page(answer)


def read(world: World, zone_id: str, name: str, record_type: str) -> Params | None:
    """The first record of one name and type."""
    answer = world.client("route53", GLOBAL).list_resource_record_sets(
        HostedZoneId=zone_id, StartRecordName=name, StartRecordType=record_type, MaxItems="1"
    )
    for record_set in answer["ResourceRecordSets"]:
        params = to_params(zone_id, record_set)
        if (params["name"], params["type"]) == (name, record_type):
            return params
    return None


def to_record_set(params: Params) -> dict[str, Any]:
    record_set: dict[str, Any] = {"Name": f"{params['name']}.", "Type": params["type"]}
    if params["set_identifier"] is not None:
        record_set["SetIdentifier"] = params["set_identifier"]
    for key, value in params["policy"].items():
        record_set[_POLICY[key]] = value
    if params["ttl"] is not None:
        record_set["TTL"] = params["ttl"]
    if params["values"] is not None:
        record_set["ResourceRecords"] = [{"Value": value} for value in params["values"]]
    if params["alias"] is not None:
        record_set["AliasTarget"] = {
            "HostedZoneId": params["alias"]["zone_id"],
            "DNSName": params["alias"]["dns_name"],
            "EvaluateTargetHealth": params["alias"]["evaluate_target_health"],
        }
    if params["health_check_id"] is not None:
        record_set["HealthCheckId"] = params["health_check_id"]
    return record_set


def to_params(zone_id: str, record_set: Mapping[str, Any]) -> Params:
    alias = record_set.get("AliasTarget")
    values = record_set.get("ResourceRecords")
    return {
        "zone_id": zone_id,
        "name": _name(record_set["Name"]),
        "type": record_set["Type"],
        "ttl": record_set.get("TTL"),
        "values": [record["Value"] for record in values] if values else None,
        "alias": None
        if alias is None
        else {
            "zone_id": alias["HostedZoneId"],
            "dns_name": _name(alias["DNSName"]),
            "evaluate_target_health": alias["EvaluateTargetHealth"],
        },
        "set_identifier": record_set.get("SetIdentifier"),
        "policy": {key: _told(key, record_set[name]) for key, name in _POLICY.items() if name in record_set},
        "health_check_id": record_set.get("HealthCheckId"),
    }


def same_policy(one: Params, other: Params) -> bool:
    """By meaning: Route 53 writes coordinates with as many decimals as it likes."""
    return bool(_meant(one) == _meant(other))


def _meant(policy: Params) -> Params:
    place = policy.get("geoproximity", {})
    if "Coordinates" not in place:
        return policy
    coordinates = {axis: float(text) for axis, text in place["Coordinates"].items()}
    return {**policy, "geoproximity": {**place, "Coordinates": coordinates}}


def _told(key: str, value: Any) -> Any:
    """A bias of 0 is none, and Route 53 need not tell it (API reference, GeoProximityLocation)."""
    return {"Bias": 0, **value} if key == "geoproximity" else value


def _fence_changes(fence: Fence) -> Iterator[dict[str, Any]]:
    for action, generation in (("DELETE", fence.before), ("CREATE", fence.after)):
        if generation is not None:
            yield {
                "Action": action,
                "ResourceRecordSet": {
                    "Name": f"{owner_name(fence.hostname)}.",
                    "Type": "TXT",
                    "TTL": OWNER_TTL_S,
                    "ResourceRecords": [{"Value": f'"antipode/{fence.owner}/{generation}"'}],
                },
            }


def _refusal(batch: Batch, error: AwsError) -> Fenced | Transient | Refused:
    """Who was refused: the owner record (the batch is stale), what stands there already (as after a backup was
    restored: the next look tells whose it is), or the records that AWS names."""
    text = _name(error.message)
    if _named(owner_name(batch.fence.hostname), text):
        return Fenced(
            error.message,
            code=error.code,
            mend="Nothing to do: the records have moved on meanwhile; the next pass looks again.",
            request_id=error.request_id,
        )
    if STANDS in text:
        return Transient(
            error.message,
            code="exists",
            mend="Nothing to do: the next look tells whose it is.",
            request_id=error.request_id,
            retry_after_s=0.0,
        )
    guilty = [each.ref.name for each in batch.changes if _named(_name_of(each.before, each.after), text)]
    return Refused(
        f"{', '.join(guilty) or batch.fence.hostname}: {error.message}",
        code=error.code,
        mend="Look at the record that AWS names: remove it if it was made by hand, or change the manifest.",
        request_id=error.request_id,
    )


def _named(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w.*-]){re.escape(name)}(?![\w-])\.?(?![\w-])", text) is not None


def _name_of(before: Params | None, after: Params | None) -> str:
    return str((after or before or {"name": ""})["name"])


def _name(text: str) -> str:
    """As we write names: lower case, no trailing dot, an asterisk for Route 53's octal escape."""
    return text.lower().rstrip(".").replace("\\052", "*")


def _next_page(answer: Mapping[str, Any]) -> dict[str, str]:
    following = {
        "StartRecordName": answer.get("NextRecordName"),
        "StartRecordType": answer.get("NextRecordType"),
        "StartRecordIdentifier": answer.get("NextRecordIdentifier"),
    }
    return {key: value for key, value in following.items() if value} if answer["IsTruncated"] else {}
