"""ACM: a certificate is issued once its DNS validation records exist in a hosted zone of its account, not before."""

from __future__ import annotations

import hashlib
import re
import time
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import acm as store
from ministack.services import apigateway_v1, route53

from localcloud.call import Answer, Call
from localcloud.strict import delays, dns_names
from localcloud.strict.rules import Refusal, amendment, rule, with_json

_API = "https://docs.aws.amazon.com/acm/latest/APIReference"
_REQUEST = f"{_API}/API_RequestCertificate.html"
_VALIDATION = "https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html"
MOST_NAMES = 10
_TOKEN_LIVES_S = 3_600
_NAME = re.compile(r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])")

Certificate = dict[str, Any]


def covers(certificate: Certificate, name: str) -> bool:
    """Whether one of the certificate's names is this name, or a wildcard one label above it."""
    wanted = name.lower()
    above = "*." + wanted.partition(".")[2]
    names = {held.lower() for held in certificate["SubjectAlternativeNames"]}
    return wanted in names or above in names


def users_of(arn: str) -> list[str]:
    """ARNs of the custom domains in this account and region that use the certificate."""
    return [
        f"arn:aws:apigateway:{get_region()}::/domainnames/{name}"
        for name, held in apigateway_v1._domain_names.items()
        if arn in (held.get("regionalCertificateArn"), held.get("certificateArn"))
    ]


def validation_record(account: str, name: str) -> dict[str, str]:
    """The CNAME that validates a name: the same for an account in all regions, and for `*.name` and `name`."""
    base = name.lower().removeprefix("*.")
    owner = hashlib.sha256(f"name {account} {base}".encode()).hexdigest()[:32]
    value = hashlib.sha256(f"value {account} {base}".encode()).hexdigest()[:32]
    target = f"_{value}.{owner[:10]}.acm-validations.aws."
    return {"Name": dns_names.stored(f"_{owner}.{base}"), "Type": "CNAME", "Value": target}


def published() -> set[tuple[str, str]]:
    """(name, value) of the CNAMEs in the account's public zones that may validate something."""
    return {
        (held["Name"], dns_names.stored(held["ResourceRecords"][0]))
        for zone_id, records in route53._records.items()
        if not (route53._zones.get(zone_id) or {}).get("private")
        for held in records
        if held["Type"] == "CNAME" and held["Name"].startswith("_") and held.get("ResourceRecords")
    }


def settle(*certificates: Certificate) -> None:
    """Turn those ISSUED, all of one account, whose records are all there and whose delay is over."""
    pending = [held for held in certificates if held["Status"] == "PENDING_VALIDATION"]
    if not pending:
        return
    there, now = published(), time.time()
    for certificate in pending:
        options = certificate["DomainValidationOptions"]
        for option in options:
            record = option.get("ResourceRecord")
            seen = record is not None and (record["Name"], record["Value"]) in there
            option["ValidationStatus"] = "SUCCESS" if seen else "PENDING_VALIDATION"
        if any(option["ValidationStatus"] != "SUCCESS" for option in options):
            certificate.pop("_validated_s", None)
            continue
        since = certificate.setdefault("_validated_s", now)
        if now - since >= delays.of(get_account_id()).certificate_pending_s:
            certificate["Status"] = "ISSUED"
            certificate["IssuedAt"] = certificate["NotBefore"] = store.now_iso()


def settle_account(account: str) -> None:
    """Look at the account's pending certificates in all regions."""
    settle(*(certificate for (owner, _, _), certificate in store._certificates.all_items() if owner == account))


@amendment("route53", "ChangeResourceRecordSets")
def validation_records_are_seen(call: Call, answer: Answer) -> Answer:
    """A batch may bring, or take, what a pending certificate waits for."""
    settle_account(call.account)
    return answer


@rule("acm", "DescribeCertificate", "ListCertificates", "GetCertificate", "DeleteCertificate", page=_VALIDATION)
def certificates_are_up_to_date(call: Call) -> None:
    """Before a read, those whose delay is over are issued."""
    settle_account(call.account)


@rule("acm", "RequestCertificate", page=_REQUEST)
def names_are_well_formed(call: Call) -> Refusal | None:
    """DomainName ≤ 64 characters, further names ≤ 253, each a DNS name or a wildcard."""
    first = call.params.get("DomainName", "")
    names = [first, *call.params.get("SubjectAlternativeNames", [])]
    for name in names:
        if not _NAME.fullmatch(name) or len(name) > 253:
            return Refusal(
                "ValidationException",
                f"1 validation error detected: Value '{name}' at 'domainName' failed to satisfy constraint: Member "
                "must satisfy regular expression pattern",
            )
    if len(first) > 64:
        return Refusal(
            "InvalidDomainValidationOptionsException", "The first domain name can be no longer than 64 characters."
        )
    return None


@rule("acm", "RequestCertificate", page="https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html")
def a_certificate_has_ten_names(call: Call) -> Refusal | None:
    """The initial quota of names a certificate."""
    names = {call.params.get("DomainName"), *call.params.get("SubjectAlternativeNames", [])}
    if len(names) > MOST_NAMES:
        return Refusal("LimitExceededException", f"The maximum number of domain names is {MOST_NAMES}.")
    return None


@rule("acm", "RequestCertificate", page=_REQUEST)
def a_token_is_a_word(call: Call) -> Refusal | None:
    r"""IdempotencyToken is `\w+`, at most 32 characters: no hyphens."""
    token = call.params.get("IdempotencyToken")
    if token is None or re.fullmatch(r"\w{1,32}", token):
        return None
    return Refusal(
        "ValidationException",
        f"1 validation error detected: Value '{token}' at 'idempotencyToken' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: \\w+",
    )


@rule("acm", "GetCertificate", page=f"{_API}/API_GetCertificate.html")
def a_pending_certificate_is_not_given(call: Call) -> Refusal | None:
    """GetCertificate before issuance is RequestInProgressException."""
    held = store._certificates.get(call.params.get("CertificateArn", ""))
    if held is not None and held["Status"] == "PENDING_VALIDATION":
        return Refusal("RequestInProgressException", f"Certificate {held['CertificateArn']} is still being requested.")
    return None


@rule("acm", "DeleteCertificate", page=f"{_API}/API_DeleteCertificate.html")
def a_used_certificate_is_not_deleted(call: Call) -> Refusal | None:
    """A certificate of a custom domain can't be deleted."""
    arn = call.params.get("CertificateArn", "")
    if users_of(arn):
        return Refusal("ResourceInUseException", f"Certificate {arn} in account {call.account} is in use.")
    return None


@amendment("acm", "DescribeCertificate")
def a_young_certificate_names_no_record_yet(call: Call, answer: Answer) -> Answer:
    """Just after the request, DescribeCertificate may lack the validation records."""
    wait_s = delays.of(call.account).certificate_record_s
    held = store._certificates.get(call.params.get("CertificateArn", ""))
    if not wait_s or held is None or time.time() - held.get("_requested_s", 0.0) >= wait_s:
        return answer
    shape = store._cert_shape(held)
    for option in shape["DomainValidationOptions"]:
        option.pop("ResourceRecord", None)
    return with_json(answer, {"Certificate": shape})


def patch() -> None:
    """Requests are pending, idempotent by token, and described with what AWS tells at that stage."""
    request = store._request_certificate
    shape = store._cert_shape
    options = store._validation_options

    def validation_options(name: str, method: str) -> Any:
        held = options(name, method)
        return held | {
            "ValidationDomain": name,
            "ValidationStatus": "PENDING_VALIDATION",
            "ResourceRecord": validation_record(get_account_id(), name),
        }

    def validation_options_of(name: str, method: str) -> Any:
        """Validation by mail, AWS's default, has no record."""
        held = validation_options(name, method)
        return held if method == "DNS" else {key: value for key, value in held.items() if key != "ResourceRecord"}

    def request_pending(data: dict[str, Any]) -> Any:
        wanted = {name: data.get(name) for name in ("IdempotencyToken", "DomainName", "SubjectAlternativeNames")}
        now = time.time()
        if wanted["IdempotencyToken"]:
            for arn, held in store._certificates.items():
                if held.get("_asked") == wanted and now - held.get("_requested_s", 0.0) < _TOKEN_LIVES_S:
                    return store.json_response({"CertificateArn": arn})
        before = set(store._certificates.keys())
        response = request({"ValidationMethod": "EMAIL"} | data)
        for arn in set(store._certificates.keys()) - before:
            certificate = store._certificates[arn]
            certificate |= {"Status": "PENDING_VALIDATION", "_asked": wanted, "_requested_s": now}
            settle(certificate)
        return response

    def shape_of_its_stage(certificate: Certificate) -> Any:
        found = shape(certificate)
        found["InUseBy"] = sorted({*found["InUseBy"], *users_of(certificate["CertificateArn"])})
        found["DomainValidationOptions"] = [dict(option) for option in found["DomainValidationOptions"]]
        found.pop("Tags", None)
        if certificate["Status"] != "ISSUED":
            for name in ("IssuedAt", "NotBefore", "NotAfter"):
                found.pop(name, None)
        return found

    store._validation_options = validation_options_of
    store._request_certificate = request_pending
    store._cert_shape = shape_of_its_stage
