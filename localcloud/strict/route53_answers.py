"""What Route 53 tells of its data plane: how health checks stand, and what its name servers would answer."""

from __future__ import annotations

import time
from ipaddress import ip_address
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import route53 as store

from localcloud.call import Answer, Call
from localcloud.checkers import Checkers, Standing
from localcloud.dns.server import client_of
from localcloud.dns.zones import Names
from localcloud.strict.allowed import denied
from localcloud.strict.route53 import answered
from localcloud.strict.route53_checks import CHECKER_REGIONS, ENDPOINT_TYPES
from localcloud.strict.rules import Refusal, rule

_API = "https://docs.aws.amazon.com/Route53/latest/APIReference"
_plane: dict[str, Any] = {}


def tell_of(checkers: Checkers, names: Names) -> None:
    """The data plane that calls are answered from; before that, they are ministack's."""
    _plane.update(checkers=checkers, names=names)


@rule(
    "route53", "GetHealthCheckStatus", "GetHealthCheckLastFailureReason", page=f"{_API}/API_GetHealthCheckStatus.html"
)
def a_checks_status_is_what_its_checkers_report(call: Call) -> Refusal | Answer | None:
    """Of endpoints only: a calculated check's can't be asked for. Nothing is reported before the first answer."""
    check_id = str(call.params.get("HealthCheckId", ""))
    if refused := denied(call, f"arn:aws:route53:::healthcheck/{check_id}"):
        return refused
    held = store._health_checks.get(check_id)
    if held is None:
        return Refusal("NoSuchHealthCheck", f"No health check exists with the specified ID {check_id}.", 404)
    if held["config"].get("Type") not in ENDPOINT_TYPES:
        return Refusal("InvalidInput", "The status of this type of health check can't be retrieved.")
    if not _plane:
        return None
    found: Standing | None = _plane["checkers"].observed(get_account_id(), check_id)
    failing = call.action == "GetHealthCheckLastFailureReason"

    def build(root: Any) -> None:
        seen = store.SubElement(root, "HealthCheckObservations")
        if found is None or (failing and found.report.startswith("Success")):
            return
        for number, region in enumerate(sorted(held["config"].get("Regions") or CHECKER_REGIONS), start=1):
            one = store.SubElement(seen, "HealthCheckObservation")
            store.SubElement(one, "Region").text = region
            store.SubElement(one, "IPAddress").text = f"15.177.0.{number}"
            report = store.SubElement(one, "StatusReport")
            store.SubElement(report, "Status").text = found.report
            checked = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(found.checked_at))
            store.SubElement(report, "CheckedTime").text = checked

    return answered(store._xml_response(f"{call.action}Response", build))


@rule("route53", "TestDNSAnswer", page=f"{_API}/API_TestDNSAnswer.html")
def a_dns_answer_is_tested(call: Call) -> Refusal | Answer | None:
    """What the name servers would say to a resolver, or to a client subnet that it tells."""
    if refused := denied(call):
        return refused
    if not _plane:
        return None
    asked = call.params
    if asked.get("HostedZoneId") not in store._zones:
        return Refusal("NoSuchHostedZone", f"No hosted zone found with ID: {asked.get('HostedZoneId')}", 404)
    subnet, resolver = str(asked.get("EDNS0ClientSubnetIP", "")), str(asked.get("ResolverIP", ""))
    try:
        for text in filter(None, (subnet, resolver)):
            ip_address(text)
    except ValueError as problem:
        return Refusal("InvalidInput", f"Invalid IP address: {problem}")
    name, kind = str(asked.get("RecordName", "")), str(asked.get("RecordType", ""))
    reply = _plane["names"].ask(name, kind, client_of(resolver, subnet))

    def build(root: Any) -> None:
        store.SubElement(root, "Nameserver").text = "ns-1.localcloud"
        store.SubElement(root, "RecordName").text = name
        store.SubElement(root, "RecordType").text = kind
        data = store.SubElement(root, "RecordData")
        for line in reply.lines:
            store.SubElement(data, "RecordDataEntry").text = line.value
        codes = {"nxdomain": "NXDOMAIN", "refused": "REFUSED"}
        store.SubElement(root, "ResponseCode").text = codes.get(reply.outcome, "NOERROR")
        store.SubElement(root, "Protocol").text = "UDP"

    return answered(store._xml_response("TestDNSAnswerResponse", build))
