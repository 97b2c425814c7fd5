"""DynamoDB: tables and replicas take their time, change one at a time, and a source of replicas stays for a day."""

from __future__ import annotations

import time
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import dynamodb as store

from localcloud.call import Answer, Call
from localcloud.strict import delays
from localcloud.strict.region_table import REGIONS
from localcloud.strict.rules import Refusal, amendment, rule, with_json

_API = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference"
_GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"
_UPDATE = f"{_API}/API_UpdateTable.html"
_DELETE = f"{_API}/API_DeleteTable.html"
_GLOBAL = f"{_GUIDE}/V2globaltables_reqs_bestpractices.html"
SOURCE_STAYS_S = 24 * 3_600

Table = dict[str, Any]


def _table(call: Call) -> Table | None:
    found: Table | None = store._tables.get(store._normalize_table_name(call.params.get("TableName", "")))
    return found


def status(table: Table) -> str:
    """CREATING and UPDATING while their delays last, else what ministack says."""
    now = time.time()
    if now < table.get("_creating_until_s", 0.0):
        return "CREATING"
    if now < table.get("_updating_until_s", 0.0):
        return "UPDATING"
    return str(table["TableStatus"])


def _updates(call: Call) -> list[tuple[str, str]]:
    """(Create, Update or Delete; region) of each replica change."""
    return [
        (action, (update.get(action) or {}).get("RegionName", ""))
        for update in call.params.get("ReplicaUpdates") or []
        for action in list(update)[:1]
    ]


def _members(call: Call, table: Table) -> list[Table]:
    """The table in all regions of its global table."""
    regions = store._replica_group(table) or [call.region]
    held = [store._tables.get_scoped(call.account, region, table["TableName"]) for region in regions]
    return [member for member in held if member is not None]


@rule("dynamodb", "UpdateTable", page=f"{_GUIDE}/V2globaltables_HowItWorks.html")
def strong_consistency_is_not_to_be_had_here(call: Call) -> Refusal | None:
    """AWS has multi-Region strong consistency; ministack would take it and give eventual, so it is refused."""
    if call.params.get("MultiRegionConsistency") == "STRONG":
        return Refusal("ValidationException", "The local cloud has no multi-Region strong consistency.")
    return None


@rule("dynamodb", "UpdateTable", page=_UPDATE)
def one_replica_changes_at_a_time(call: Call) -> Refusal | None:
    """An eventually consistent global table takes one replica change in a request."""
    if len(_updates(call)) > 1:
        return Refusal(
            "ValidationException",
            "One or more parameter values were invalid: only one replica can change in a request",
        )
    return None


@rule("dynamodb", "UpdateTable", page=_UPDATE)
def a_replicas_region_is_enabled(call: Call) -> Refusal | None:
    """A replica's region exists and the account has it."""
    for action, region in _updates(call):
        row = REGIONS.get(region)
        if action == "Create" and (row is None or row.opt_in):
            return Refusal(
                "ValidationException",
                f"The region {region} is not a valid AWS region or is not enabled in this account",
            )
    return None


@rule("dynamodb", "UpdateTable", "DeleteTable", page=_DELETE)
def a_busy_table_is_not_changed(call: Call) -> Refusal | None:
    """A table that is being created or updated, or whose replicas are, refuses changes."""
    table = _table(call)
    if table is None:
        return None
    name = table["TableName"]
    states = {status(member) for member in (_members(call, table) if _updates(call) else [table])}
    for state, verb in (("CREATING", "created"), ("UPDATING", "updated"), ("DELETING", "deleted")):
        if state in states:
            return Refusal(
                "ResourceInUseException",
                f"Attempt to change a resource which is still in use: Table is being {verb}: {name}",
            )
    return None


@rule("dynamodb", "UpdateTable", page=_GLOBAL)
def a_replicated_table_scales_its_writes(call: Call) -> Refusal | None:
    """A table gets replicas when it is on demand (auto scaling is not known here)."""
    table = _table(call)
    creates = any(action == "Create" for action, _ in _updates(call))
    if table is None or not creates or store._replica_group(table):
        return None
    if table.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST":
        return Refusal("ValidationException", "Table write capacity should either be Pay-Per-Request or AutoScaled.")
    return None


@rule("dynamodb", "UpdateTable", page=_GLOBAL)
def a_replicated_tables_stream_has_both_images(call: Call) -> Refusal | None:
    """A stream that exists shows new and old images; without one DynamoDB switches it on itself."""
    table = _table(call)
    stream = (table or {}).get("StreamSpecification") or {}
    creates = any(action == "Create" for action, _ in _updates(call))
    if creates and stream.get("StreamEnabled") and stream.get("StreamViewType") != "NEW_AND_OLD_IMAGES":
        return Refusal("ValidationException", "Stream view type of a global table must be NEW_AND_OLD_IMAGES.")
    return None


@rule("dynamodb", "UpdateTable", page=_GLOBAL)
def a_replicated_tables_stream_stays_on(call: Call) -> Refusal | None:
    """The stream of a table with replicas can't be switched off."""
    table = _table(call)
    stream = call.params.get("StreamSpecification")
    if table is not None and store._replica_group(table) and stream is not None and not stream.get("StreamEnabled"):
        return Refusal("ValidationException", "Streams can't be disabled on a table with replicas.")
    return None


@rule("dynamodb", "UpdateTable", "DeleteTable", page=f"{_GUIDE}/V2globaltables.tutorial.html")
def a_source_of_replicas_stays_for_a_day(call: Call) -> Refusal | None:
    """A replica from which others were made in the last 24 hours is not deleted while they exist."""
    table = _table(call)
    if table is None or len(store._replica_group(table)) < 2:
        return None
    deleted = [region for action, region in _updates(call) if action == "Delete"]
    if call.action == "DeleteTable":
        deleted = [call.region]
    for region in deleted:
        member = store._tables.get_scoped(call.account, region, table["TableName"]) or {}
        source = member.get("_source") or {}
        if source.get("region") == region and time.time() - source["at_s"] < SOURCE_STAYS_S:
            return Refusal(
                "ValidationException",
                "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to "
                "the table in the last 24 hours.",
            )
    return None


@rule("dynamodb", "UpdateTable", page=_DELETE)
def a_protected_replica_is_not_deleted(call: Call) -> Refusal | None:
    """Deletion protection of a replica holds against deletion from another region."""
    table = _table(call)
    for action, region in _updates(call):
        member = store._tables.get_scoped(call.account, region, table["TableName"]) if table else None
        if action == "Delete" and member is not None and member.get("DeletionProtectionEnabled"):
            return Refusal(
                "ValidationException",
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection "
                "first.",
            )
    return None


@rule(
    "dynamodb", "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", page=f"{_API}/API_CreateTable.html"
)
def a_table_holds_items_once_it_is_created(call: Call) -> Refusal | None:
    """Reads and writes find no table while it, or this replica of it, is CREATING."""
    table = _table(call)
    if table is not None and status(table) == "CREATING":
        return Refusal("ResourceNotFoundException", "Requested resource not found")
    return None


@amendment("dynamodb", "CreateTable")
def a_new_table_is_created_for_a_while(call: Call, answer: Answer) -> Answer:
    """TableStatus CREATING for the delay."""
    wait_s, table = delays.of(call.account).table_creating_s, _table(call)
    if answer.status != 200 or table is None or not wait_s:
        return answer
    table["_creating_until_s"] = time.time() + wait_s
    return with_json(answer, {"TableDescription": store._table_description(table["TableName"])})


@amendment("dynamodb", "UpdateTable")
def a_replica_change_takes_a_while(call: Call, answer: Answer) -> Answer:
    """The source UPDATING and the replica CREATING or DELETING for the delay; who was the source is kept."""
    table, updates = _table(call), _updates(call)
    if answer.status != 200 or table is None or not updates:
        return answer
    until_s = time.time() + delays.of(call.account).replica_creating_s
    for action, region in updates:
        replica = store._tables.get_scoped(call.account, region, table["TableName"])
        if action == "Create" and replica is not None:
            table["_source"] = {"region": call.region, "at_s": time.time()}
            for name in ("_source", "_updating_until_s", "_replicas"):
                replica.pop(name, None)
            replica["_creating_until_s"] = until_s
        table.setdefault("_replicas", {})[region] = {"state": f"{action[:-1].upper()}ING", "until_s": until_s}
        table["_updating_until_s"] = until_s
    return with_json(answer, {"TableDescription": store._table_description(table["TableName"])})


def patch() -> None:
    """Descriptions tell the states that the delays make."""
    describe = store._table_description

    def describe_in_state(name: str) -> Any:
        table = store._tables[name]
        found = describe(name)
        found["TableStatus"] = status(table)
        now = time.time()
        waiting = {
            region: held["state"] for region, held in table.get("_replicas", {}).items() if now < held["until_s"]
        }
        shown = {replica["RegionName"]: replica for replica in found.get("Replicas", [])}
        for region, replica in shown.items():
            held = store._tables.get_scoped(get_account_id(), region, name)
            creating = held is not None and status(held) == "CREATING"
            replica["ReplicaStatus"] = "CREATING" if creating else waiting.get(region, "ACTIVE")
        for region, state in waiting.items():
            if region not in shown and state == "DELETING" and region != get_region():
                found.setdefault("Replicas", []).append({"RegionName": region, "ReplicaStatus": state})
        return found

    store._table_description = describe_in_state
