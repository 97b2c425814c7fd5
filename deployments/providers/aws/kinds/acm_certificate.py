"""The TLS certificate of a hostname in one region, proved by DNS records that are resources of their own.

Created once by token (RequestCertificate takes one for an hour) and found again by name and tags; marked by tags. It
tells its validation records long before it is issued.
"""

from __future__ import annotations

import hashlib
from typing import Any

from deployments.plan.demand import Demand, Use
from deployments.plan.model import Observed, Params, Traits
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World, absent_is_fine, as_list, found_or_none, from_list, pages
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError

_ARNS = "arn:aws:acm:*:{account}:certificate/*"


class AcmCertificate(Kind):
    """params: names, tags. outputs: arn and, once AWS has them, validation_name:<name>, validation_value:<name>."""

    name = "acm_certificate"
    traits = Traits(fixed=frozenset({"names"}), poll_after_s=0.5, give_up_after_s=72 * 3600.0)
    demand = Demand(
        (Use("acm", "certificates_per_region"),),
        made_s=180.0,
        waits_for="certificate to be issued",
        why="ACM looks for the validation records: minutes as a rule, half an hour at times.",
    )
    grants = (
        grant("acm:ListCertificates"),
        grant("acm:RequestCertificate", marked=True),
        grant("acm:AddTagsToCertificate", on=_ARNS, marked=True),
        grant("acm:DescribeCertificate", "acm:ListTagsForCertificate", "acm:RemoveTagsFromCertificate", on=_ARNS),
        grant("acm:DeleteCertificate", on=_ARNS, ours=True),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        """By ARN; without one, by search where a creation was tried, as its outcome may be unknown."""
        if target.physical_id:
            return self._read(world, target, target.physical_id)
        return self._search(world, target) if target.token else None

    def create(self, world: World, target: Target) -> Observed:
        """Looked for first: AWS forgets our token after an hour, and we do where a backup was restored."""
        standing = self._search(world, target)
        if standing is not None:
            return standing
        names = target.params["names"]
        arn = self._acm(world, target).request_certificate(
            DomainName=names[0],
            **({"SubjectAlternativeNames": names[1:]} if names[1:] else {}),
            ValidationMethod="DNS",
            IdempotencyToken=hashlib.sha256(target.token.encode()).hexdigest()[:32],
            Tags=as_list(world.tags(target)),
        )["CertificateArn"]
        return Observed(
            physical_id=arn, params=target.params, outputs={"arn": arn}, ready=False, status="PENDING_VALIDATION"
        )

    def update(self, world: World, target: Target, before: Params) -> Observed:
        acm, arn = self._acm(world, target), target.physical_id
        changed, removed = world.retagged(target, before)
        if changed:
            acm.add_tags_to_certificate(CertificateArn=arn, Tags=as_list(changed))
        if removed:
            acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": name} for name in removed])
        return self.updated(world, target)

    def delete(self, world: World, target: Target) -> None:
        found = self._search(world, target) if not target.physical_id else None
        arn = found.physical_id if found else target.physical_id
        if arn:
            with absent_is_fine():
                self._acm(world, target).delete_certificate(CertificateArn=arn)

    def _search(self, world: World, target: Target) -> Observed | None:
        listed = pages(self._acm(world, target).list_certificates, "CertificateSummaryList")
        for certificate in [each for each in listed if each["DomainName"] == target.params["names"][0]]:
            found = self._read(world, target, certificate["CertificateArn"])
            if found is not None and found.ours:
                return found
        return None

    def _read(self, world: World, target: Target, arn: str) -> Observed | None:
        acm = self._acm(world, target)
        answer = found_or_none(acm.describe_certificate, CertificateArn=arn)
        if answer is None:
            return None
        try:
            tags = from_list(acm.list_tags_for_certificate(CertificateArn=arn).get("Tags", []))
        except AwsError as error:
            if error.absent:
                return None
            raise
        return _observed(world, target, answer["Certificate"], tags)

    def _acm(self, world: World, target: Target) -> Any:
        return world.client("acm", target.ref.scope)


def _observed(world: World, target: Target, certificate: dict[str, Any], tags: dict[str, str]) -> Observed:
    names = list(dict.fromkeys([certificate["DomainName"], *certificate.get("SubjectAlternativeNames", [])]))
    wanted = target.params["names"]
    if sorted(names) == sorted(wanted):  # AWS gives them in an order of its own
        names = list(wanted)
    outputs = {"arn": certificate["CertificateArn"]}
    for validation in certificate.get("DomainValidationOptions", []):
        record = validation.get("ResourceRecord")
        if record:
            outputs[f"validation_name:{validation['DomainName']}"] = record["Name"].rstrip(".").lower()
            outputs[f"validation_value:{validation['DomainName']}"] = record["Value"]
    complete = all(f"validation_name:{name}" in outputs for name in names)
    ready = certificate["Status"] == "ISSUED" and complete
    return Observed(
        physical_id=certificate["CertificateArn"],
        params={"names": names, "tags": world.shown(target, tags)},
        outputs=outputs,
        ready=ready,
        status="" if ready else _reason(certificate),
        ours=world.owns(target, tags),
        mark=world.mark(target, tags),
    )


def _reason(certificate: dict[str, Any]) -> str:
    return f"{certificate['Status']} {certificate.get('FailureReason', '')}".strip()
