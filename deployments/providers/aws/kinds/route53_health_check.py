"""The Route 53 health check of one replica. Created once by CallerReference, which names this installation, the ref and
the step's token; marked by tags, which it gets afterwards. A reference that was ever used is used up for ever."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from deployments.plan.demand import Demand, Use
from deployments.plan.model import GLOBAL, Mark, Observed, Params, Traits
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import (
    REF_TAG,
    Kind,
    World,
    absent_is_fine,
    as_list,
    found_or_none,
    from_list,
    pages,
)
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError, Verdict

_CHANGEABLE = {
    "fqdn": "FullyQualifiedDomainName",
    "port": "Port",
    "path": "ResourcePath",
    "failure_threshold": "FailureThreshold",
}
_FIXED = {"type": "Type", "interval_s": "RequestInterval"}


class Route53HealthCheck(Kind):
    """params: fqdn, port, type, path, interval_s, failure_threshold, tags. outputs: id."""

    name = "route53_health_check"
    traits = Traits(fixed=frozenset(_FIXED), poll_after_s=1.0)
    rated = ("route53", "HealthCheck")
    # IAM does not look at a health check's tags (Service Authorization Reference, Route 53).
    demand = Demand((Use("route53", "health_checks_per_account"),))
    grants = (
        grant("route53:ListHealthChecks", "route53:CreateHealthCheck"),
        grant(
            "route53:GetHealthCheck",
            "route53:ListTagsForResource",
            "route53:UpdateHealthCheck",
            "route53:ChangeTagsForResource",
            "route53:DeleteHealthCheck",
            on="arn:aws:route53:::healthcheck/*",
        ),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        check = self._find(world, target)
        return None if check is None else self._tagged(world, target, check)

    def create(self, world: World, target: Target) -> Observed:
        """Looked for first: where a backup was restored, the token of the one that stands is forgotten."""
        standing = self._search(world, target)
        found = None if standing is None else self._tagged(world, target, standing)
        if found is not None:
            return found
        params = target.params
        try:
            check = self._route53(world).create_health_check(
                CallerReference=_reference(world, target),
                HealthCheckConfig={
                    **{name: params[param] for param, name in (_CHANGEABLE | _FIXED).items()},
                    "MeasureLatency": False,
                    "EnableSNI": params["type"].startswith("HTTPS"),
                },
            )["HealthCheck"]
        except AwsError as error:
            if not error.present:
                raise
            return self._taken(world, target, error)
        try:
            self._route53(world).change_tags_for_resource(
                ResourceType="healthcheck", ResourceId=check["Id"], AddTags=as_list(world.tags(target))
            )
        except AwsError:
            return _observed(world, target, check, {})  # it stands; an update brings the tags
        return _observed(world, target, check, world.tags(target))

    def update(self, world: World, target: Target, before: Params) -> Observed:
        wanted = target.params
        if any(before[param] != wanted[param] for param in _CHANGEABLE):
            self._route53(world).update_health_check(
                HealthCheckId=target.physical_id, **{name: wanted[param] for param, name in _CHANGEABLE.items()}
            )
        changed, removed = world.retagged(target, before)
        if changed or removed:
            self._route53(world).change_tags_for_resource(
                ResourceType="healthcheck",
                ResourceId=target.physical_id,
                **({"AddTags": as_list(changed)} if changed else {}),
                **({"RemoveTagKeys": removed} if removed else {}),
            )
        return self.updated(world, target)

    def delete(self, world: World, target: Target) -> None:
        check_id = target.physical_id
        if not check_id:
            found = self._find(world, target)
            check_id = found["Id"] if found else ""
        if check_id:
            with absent_is_fine():
                self._route53(world).delete_health_check(HealthCheckId=check_id)

    def _find(self, world: World, target: Target) -> dict[str, Any] | None:
        """By id; without one, by its reference where a creation was tried, as its outcome may be unknown."""
        if target.physical_id:
            answer = found_or_none(self._route53(world).get_health_check, HealthCheckId=target.physical_id)
            return None if answer is None else answer["HealthCheck"]
        return self._search(world, target) if target.token else None

    def _search(self, world: World, target: Target) -> dict[str, Any] | None:
        """By whose and of what its reference says that it is, whichever step made it."""
        listed = pages(
            self._route53(world).list_health_checks,
            "HealthChecks",
            asks="Marker",
            tells="NextMarker",
        )
        return next((check for check in listed if check["CallerReference"].startswith(_whose(world, target))), None)

    def _taken(self, world: World, target: Target, refusal: AwsError) -> Observed:
        """Our own reference exists: with other settings, which an update mends, or as one that was deleted."""
        check = self._search(world, target)
        found = None if check is None else self._tagged(world, target, check)
        if found is None:
            refusal.verdict = Verdict.REFUSED
            refusal.mend = "The check of this step was deleted, and its reference can't be used again: deploy again."
            raise refusal
        return found

    def _tagged(self, world: World, target: Target, check: dict[str, Any]) -> Observed | None:
        """With its tags; None where it has gone since it was read."""
        answer = found_or_none(
            self._route53(world).list_tags_for_resource, ResourceType="healthcheck", ResourceId=check["Id"]
        )
        if answer is None:
            return None
        return _observed(world, target, check, from_list(answer["ResourceTagSet"].get("Tags", [])))

    def _route53(self, world: World) -> Any:
        return world.client("route53", GLOBAL)


def _whose(world: World, target: Target) -> str:
    """What each reference for this ref begins with, so that a check without tags still says whose and of what it is."""
    return f"{world.owner[:36]}/{hashlib.sha256(str(target.ref).encode()).hexdigest()[:10]}/"


def _reference(world: World, target: Target) -> str:
    """64 characters at most: who, what, and which step."""
    return f"{_whose(world, target)}{hashlib.sha256(target.token.encode()).hexdigest()[:16]}"


def _observed(world: World, target: Target, check: dict[str, Any], tags: dict[str, str]) -> Observed:
    config = check["HealthCheckConfig"]
    user_tags = world.shown(target, tags)
    ours = world.owns(target, tags)
    if not ours and REF_TAG not in tags and check["CallerReference"].startswith(_whose(world, target)):
        ours = True
        user_tags[REF_TAG] = ""  # a difference, so that an update brings the marks
    return Observed(
        physical_id=check["Id"],
        params={
            **{param: config.get(name) for param, name in (_CHANGEABLE | _FIXED).items()},
            "tags": user_tags,
        },
        outputs={"id": check["Id"]},
        ours=ours,
        mark=None if ours else world.mark(target, tags) or _maker(check["CallerReference"]),
    )


def _maker(reference: str) -> Mark | None:
    """Whose installation's reference it is (another ref of ours is told by its tags, which it has by then)."""
    match = re.fullmatch(r"([0-9a-f-]{36})/[0-9a-f]{10}/[0-9a-f]{16}", reference)
    return Mark(match[1]) if match else None
