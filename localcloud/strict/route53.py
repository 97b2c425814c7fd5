"""Route 53: hosted zones, changes and limits. Records, batches, checks: `route53_*.py`."""

from __future__ import annotations

import time
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import route53 as store

from localcloud.call import Answer, Call
from localcloud.strict import delays, dns_names, limits
from localcloud.strict.allowed import denied
from localcloud.strict.rules import Refusal, rule

_API = "https://docs.aws.amazon.com/Route53/latest/APIReference"
ZONES_AN_ACCOUNT = 500


@rule("route53", "CreateHostedZone", page=f"{_API}/API_CreateHostedZone.html")
def a_zones_caller_reference_is_used_once(call: Call) -> Refusal | None:
    """A CallerReference that made a zone makes no second one."""
    if call.params.get("CallerReference") in store._caller_refs:
        return Refusal(
            "HostedZoneAlreadyExists",
            "A hosted zone has already been created with the specified caller reference.",
            409,
        )
    return None


@rule("route53", "CreateHostedZone", page=f"{_API}/API_CreateHostedZone.html")
def an_account_has_500_zones(call: Call) -> Refusal | None:
    """The quota of hosted zones."""
    if len(store._zones) >= ZONES_AN_ACCOUNT:
        return Refusal("TooManyHostedZones", "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more zones")
    return None


@rule("route53", "ListResourceRecordSets", page=f"{_API}/API_ListResourceRecordSets.html")
def a_page_starts_at_name_then_type_then_identifier(call: Call) -> Refusal | None:
    """A start type needs a start name, a start identifier needs both."""
    asked = call.params
    if asked.get("StartRecordType") and not asked.get("StartRecordName"):
        return Refusal("InvalidInput", "Start record type specified without a start record name.")
    if asked.get("StartRecordIdentifier") and not asked.get("StartRecordType"):
        return Refusal("InvalidInput", "Start record identifier specified without a start record type.")
    return None


@rule("route53", "GetAccountLimit", page=f"{_API}/API_GetAccountLimit.html")
def account_limits_are_told(call: Call) -> Refusal | Answer | None:
    """Quotas of health checks and zones with what is used (ministack has no such call)."""
    if refused := denied(call):
        return refused
    kind = call.params.get("Type")
    known = {
        "MAX_HEALTH_CHECKS_BY_OWNER": (limits.of(call.account).health_checks, len(store._health_checks)),
        "MAX_HOSTED_ZONES_BY_OWNER": (ZONES_AN_ACCOUNT, len(store._zones)),
    }
    if kind not in known:
        return Refusal("InvalidInput", f"Limit type {kind} is not known here.")
    limit, count = known[kind]

    def build(root: Any) -> None:
        held = store.SubElement(root, "Limit")
        store.SubElement(held, "Type").text = kind
        store.SubElement(held, "Value").text = str(limit)
        store.SubElement(root, "Count").text = str(count)

    return answered(store._xml_response("GetAccountLimitResponse", build))


def answered(response: tuple[int, dict[str, str], bytes]) -> Answer:
    """A response of ministack's own making as an answer."""
    status, headers, body = response
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return Answer(status, [*encoded, (b"content-length", str(len(body)).encode())], body)


def patch() -> None:
    """Names as Route 53 stores them, and changes that are INSYNC after the delay instead of after one look."""
    store._normalise_name = dns_names.stored
    store._name_sort_key = dns_names.sort_key
    new_change = store._new_change

    def timed_change(comment: str = "") -> Any:
        change = new_change(comment)
        change["submitted_s"] = time.time()
        return change

    def get_change(change_id: str) -> Any:
        with store._lock:
            change = store._changes.get(change_id)
        if change is None:
            return store._error_response("NoSuchChange", f"A change with the ID {change_id} does not exist.", 404)
        age_s = time.time() - change.get("submitted_s", 0.0)
        status = "INSYNC" if age_s >= delays.of(get_account_id()).change_pending_s else "PENDING"
        return store._xml_response(
            "GetChangeResponse", lambda root: store._build_change_info_el(root, change | {"status": status})
        )

    store._new_change = timed_change
    store._get_change = get_change
