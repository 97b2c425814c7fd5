"""Quotas: what exceeds one is refused as in AWS, and what AWS tells of them is told (ministack has no such calls, or
answers for its own machine). Health checks: `route53_checks.py`; reserved concurrency: `lambda_.py`."""

from __future__ import annotations

import json
import re
from typing import Any

from ministack.services import acm, apigateway, apigateway_v1, dynamodb, iam
from ministack.services import lambda_svc as functions
from ministack.services import route53 as store

from localcloud.call import Answer, Call
from localcloud.strict import limits
from localcloud.strict.allowed import denied
from localcloud.strict.route53 import answered
from localcloud.strict.rules import Refusal, amendment, rule, with_json

_ROUTE53 = "https://docs.aws.amazon.com/Route53/latest/APIReference"
_HTTP_API = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"
_REST_API = (
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html"
)
_SERVICE_QUOTAS = "https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html"

# (service, quota code) → name in `limits`, and what one unit of Service Quotas is there.
_CODES = {
    ("route53", "L-ACB674F3"): ("health_checks", 1),
    ("route53", "L-E209CC9F"): ("records_per_zone", 1),
    ("apigateway", "L-A93447B8"): ("domains", 1),
    ("apigateway", "L-65B5C802"): ("routes_per_api", 1),
    ("lambda", "L-B99A9384"): ("concurrency", 1),
    ("lambda", "L-2ACBD22F"): ("code_bytes", 2**30),
    ("acm", "L-F141DD1D"): ("certificates", 1),
    ("iam", "L-FE177D64"): ("roles", 1),
    ("dynamodb", "L-F98FE922"): ("tables", 1),
}


@rule("servicequotas", "GetServiceQuota", page=_SERVICE_QUOTAS)
def applied_quotas_are_told(call: Call) -> Refusal | Answer:
    """What an account may use of a quota."""
    if refused := denied(call):
        return refused
    service, code = str(call.params.get("ServiceCode")), str(call.params.get("QuotaCode"))
    if (service, code) not in _CODES:
        return Refusal("NoSuchResourceException", f"The request failed because the quota {code} does not exist.")
    name, unit = _CODES[service, code]
    quota = {
        "ServiceCode": service,
        "QuotaCode": code,
        "QuotaArn": f"arn:aws:servicequotas:{call.region}:{call.account}:{service}/{code}",
        "Value": getattr(limits.of(call.account), name) / unit,
        "Adjustable": True,
        "GlobalQuota": service in ("route53", "iam"),
    }
    body = json.dumps({"Quota": quota}).encode()
    headers = [(b"content-type", b"application/x-amz-json-1.1"), (b"content-length", str(len(body)).encode())]
    return Answer(200, headers, body)


# -- Route 53


@rule("route53", "GetHostedZoneLimit", page=f"{_ROUTE53}/API_GetHostedZoneLimit.html")
def zone_limits_are_told(call: Call) -> Refusal | Answer:
    """How many records a zone may hold, and holds."""
    kind, zone_id = call.params.get("Type"), str(call.params.get("HostedZoneId", ""))
    if refused := denied(call, f"arn:aws:route53:::hostedzone/{zone_id}"):
        return refused
    if zone_id not in store._zones:
        return Refusal("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}", 404)
    if kind != "MAX_RRSETS_BY_ZONE":
        return Refusal("InvalidInput", f"Limit type {kind} is not known here.")

    def build(root: Any) -> None:
        held = store.SubElement(root, "Limit")
        store.SubElement(held, "Type").text = kind
        store.SubElement(held, "Value").text = str(limits.of(call.account).records_per_zone)
        store.SubElement(root, "Count").text = str(len(store._records.get(zone_id) or ()))

    return answered(store._xml_response("GetHostedZoneLimitResponse", build))


@rule(
    "route53",
    "ChangeResourceRecordSets",
    page="https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html",
)
def a_zone_holds_10000_records(call: Call) -> Refusal | None:
    """The quota of records in a zone, by what a batch creates and deletes."""
    held = store._records.get(str(call.params.get("HostedZoneId", ""))) or ()
    actions = [change.get("Action") for change in (call.params.get("ChangeBatch") or {}).get("Changes") or ()]
    most = limits.of(call.account).records_per_zone
    if len(held) + actions.count("CREATE") - actions.count("DELETE") > most:
        return Refusal("InvalidChangeBatch", (f"Number of records limit of {most} exceeded.",))
    return None


# -- API Gateway


def _too_many(what: str) -> Refusal:
    return Refusal("TooManyRequestsException", f"Maximum number of {what} for this account has been reached.", 429)


@rule("apigatewayv2", "CreateDomainName", page=_HTTP_API)
def a_region_has_120_domains(call: Call) -> Refusal | None:
    """The quota of custom domains, which HTTP and REST APIs share."""
    return _too_many("domain names") if len(apigateway_v1._domain_names) >= limits.of(call.account).domains else None


@rule("apigatewayv2", "CreateApi", page=_REST_API)
def a_region_has_600_apis(call: Call) -> Refusal | None:
    """The quota of regional APIs."""
    return _too_many("APIs") if len(apigateway._apis) >= limits.of(call.account).apis else None


@rule("apigatewayv2", "CreateRoute", page=_HTTP_API)
def an_api_has_300_routes(call: Call) -> Refusal | None:
    """The quota of routes of an API."""
    held = apigateway._routes.get(call.params.get("ApiId", "")) or ()
    return _too_many("routes") if len(held) >= limits.of(call.account).routes_per_api else None


@rule("apigatewayv2", "CreateIntegration", page=_HTTP_API)
def an_api_has_300_integrations(call: Call) -> Refusal | None:
    """The quota of integrations of an API."""
    held = apigateway._integrations.get(call.params.get("ApiId", "")) or ()
    return _too_many("integrations") if len(held) >= limits.of(call.account).integrations_per_api else None


# -- ACM, IAM, DynamoDB


@rule("acm", "RequestCertificate", page="https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html")
def a_region_has_2500_certificates(call: Call) -> Refusal | None:
    """The quota of certificates; a repeated token makes no new one, and is not looked at here."""
    most = limits.of(call.account).certificates
    if len(acm._certificates) < most:
        return None
    return Refusal("LimitExceededException", f"Error: you have reached your limit of {most} certificates.")


@rule("iam", "CreateRole", page="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html")
def an_account_has_1000_roles(call: Call) -> Refusal | None:
    """The quota of roles."""
    most = limits.of(call.account).roles
    if len(iam._roles) < most or call.params.get("RoleName") in iam._roles:
        return None
    return Refusal("LimitExceeded", f"Cannot exceed quota for RolesPerAccount: {most}", 409)


@amendment("iam", "GetAccountSummary")
def the_quota_of_roles_is_told(call: Call, answer: Answer) -> Answer:
    """RolesQuota as it is set here."""
    quota = f"<entry><key>RolesQuota</key><value>{limits.of(call.account).roles}</value></entry>"
    body = re.sub(r"<entry><key>RolesQuota</key><value>\d+</value></entry>", quota, answer.body.decode()).encode()
    headers = [(name, held) for name, held in answer.headers if name.lower() != b"content-length"]
    return Answer(answer.status, [*headers, (b"content-length", str(len(body)).encode())], body)


@rule(
    "dynamodb",
    "CreateTable",
    page="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html",
)
def a_region_has_2500_tables(call: Call) -> Refusal | None:
    """The quota of tables."""
    most = limits.of(call.account).tables
    if len(dynamodb._tables) < most or call.params.get("TableName") in dynamodb._tables:
        return None
    return Refusal("LimitExceededException", f"Subscriber limit exceeded: There is a limit of {most} tables.")


# -- Lambda


def _code_bytes() -> int:
    """Every version keeps its code, the unpublished one too."""
    return sum(
        int(one["config"]["CodeSize"])
        for function in functions._functions.values()
        for one in [function, *function["versions"].values()]
    )


@amendment("lambda", "GetAccountSettings")
def an_accounts_settings_are_aws_own(call: Call, answer: Answer) -> Answer:
    """AWS's limits instead of this machine's, and the code of all versions."""
    told, most = json.loads(answer.body), limits.of(call.account)
    reserved = sum(held.get("concurrency") or 0 for held in functions._functions.values())
    told["AccountLimit"] |= {
        "TotalCodeSize": most.code_bytes,
        "ConcurrentExecutions": most.concurrency,
        "UnreservedConcurrentExecutions": max(most.concurrency - reserved, 0),
    }
    told["AccountUsage"]["TotalCodeSize"] = _code_bytes()
    return with_json(answer, told)


@rule(
    "lambda",
    "CreateFunction",
    "UpdateFunctionCode",
    "PublishVersion",
    page="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
)
def code_fits_into_a_regions_storage(call: Call) -> Refusal | None:
    """The quota of code storage: nothing more is taken once it is full."""
    if _code_bytes() < limits.of(call.account).code_bytes:
        return None
    return Refusal("CodeStorageExceededException", "Code storage limit exceeded.")
