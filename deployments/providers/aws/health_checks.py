"""What the kinds of Route 53 health checks share: how one is found, made, changed and removed, whatever it asks.

Created once by CallerReference, which names this installation, the ref and the step's token; marked by tags, which it
gets afterwards. A reference that was ever used is used up for ever. Decides nothing about health.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployments.plan.model import GLOBAL, Mark, Observed, Params
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import REF_TAG, World, absent_is_fine, as_list, found_or_none, from_list, pages
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError, Verdict

# IAM does not look at a health check's tags (Service Authorization Reference, Route 53).
GRANTS = (
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


@dataclass(frozen=True)
class Check:
    """One that stands: Route 53's id, by which reference it was made, what it says, and its tags."""

    id: str
    reference: str
    config: Mapping[str, Any]
    tags: dict[str, str]

    def observed(self, world: World, target: Target, params: Params, **more: Any) -> Observed:
        """As planning sees it; `params` without tags. `more`: what else of `Observed` a kind knows."""
        tags = world.shown(target, self.tags)
        ours = world.owns(target, self.tags)
        if not ours and REF_TAG not in self.tags and self.reference.startswith(_whose(world, target)):
            ours = True
            tags[REF_TAG] = ""  # a difference, so that an update brings the marks
        return Observed(
            physical_id=self.id,
            params={**params, "tags": tags},
            ours=ours,
            mark=None if ours else world.mark(target, self.tags) or _maker(self.reference),
            **{"outputs": {"id": self.id}, **more},
        )


def find(world: World, target: Target) -> Check | None:
    """By id; without one, by its reference where a creation was tried, as its outcome may be unknown."""
    if target.physical_id:
        answer = found_or_none(_route53(world).get_health_check, HealthCheckId=target.physical_id)
        return None if answer is None else _tagged(world, answer["HealthCheck"])
    return _search(world, target) if target.token else None


def make(world: World, target: Target, config: Mapping[str, Any]) -> Check:
    """Looked for first: where a backup was restored, the token of the one that stands is forgotten."""
    standing = _search(world, target)
    if standing is not None:
        return standing
    try:
        made = _route53(world).create_health_check(
            CallerReference=_reference(world, target), HealthCheckConfig=dict(config)
        )["HealthCheck"]
    except AwsError as error:
        if not error.present:
            raise
        return _taken(world, target, error)
    try:
        _route53(world).change_tags_for_resource(
            ResourceType="healthcheck", ResourceId=made["Id"], AddTags=as_list(world.tags(target))
        )
    except AwsError:
        return _check(made, {})  # it stands; an update brings the tags
    return _check(made, world.tags(target))


def change(world: World, target: Target, config: Mapping[str, Any], before: Params) -> None:
    """Give it the settings in `config` (none: all are as wanted) and the tags of the target."""
    if config:
        _route53(world).update_health_check(HealthCheckId=target.physical_id, **config)
    changed, removed = world.retagged(target, before)
    if changed or removed:
        _route53(world).change_tags_for_resource(
            ResourceType="healthcheck",
            ResourceId=target.physical_id,
            **({"AddTags": as_list(changed)} if changed else {}),
            **({"RemoveTagKeys": removed} if removed else {}),
        )


def remove(world: World, target: Target) -> None:
    check_id = target.physical_id
    if not check_id:
        found = find(world, target)
        check_id = found.id if found else ""
    if check_id:
        with absent_is_fine():
            _route53(world).delete_health_check(HealthCheckId=check_id)


def reports(world: World, check_id: str) -> list[str]:
    """What each of Route 53's checkers that has looked says of the endpoint, in AWS's words: "Success: HTTP Status Code
    200, OK". Of a calculated check AWS tells nothing (API reference, GetHealthCheckStatus)."""
    answer = _route53(world).get_health_check_status(HealthCheckId=check_id)
    told = (each.get("StatusReport", {}).get("Status", "") for each in answer.get("HealthCheckObservations", []))
    return [status for status in told if status]


def _search(world: World, target: Target) -> Check | None:
    """By whose and of what its reference says that it is, whichever step made it."""
    listed = pages(_route53(world).list_health_checks, "HealthChecks", asks="Marker", tells="NextMarker")
    found = next((check for check in listed if check["CallerReference"].startswith(_whose(world, target))), None)
    return None if found is None else _tagged(world, found)


def _taken(world: World, target: Target, refusal: AwsError) -> Check:
    """Our own reference exists: with other settings, which an update mends, or as one that was deleted."""
    found = _search(world, target)
    if found is None:
        refusal.verdict = Verdict.REFUSED
        refusal.mend = "The check of this step was deleted, and its reference can't be used again: deploy again."
        raise refusal
    return found


def _tagged(world: World, found: Mapping[str, Any]) -> Check | None:
    """With its tags; None where it has gone since it was read."""
    answer = found_or_none(_route53(world).list_tags_for_resource, ResourceType="healthcheck", ResourceId=found["Id"])
    return None if answer is None else _check(found, from_list(answer["ResourceTagSet"].get("Tags", [])))


def _check(found: Mapping[str, Any], tags: dict[str, str]) -> Check:
    return Check(found["Id"], found["CallerReference"], found["HealthCheckConfig"], tags)


def _route53(world: World) -> Any:
    return world.client("route53", GLOBAL)


def _whose(world: World, target: Target) -> str:
    """What each reference for this ref begins with, so that a check without tags still says whose and of what it is."""
    return f"{world.owner[:36]}/{hashlib.sha256(str(target.ref).encode()).hexdigest()[:10]}/"


def _reference(world: World, target: Target) -> str:
    """64 characters at most: who, what, and which step."""
    return f"{_whose(world, target)}{hashlib.sha256(target.token.encode()).hexdigest()[:16]}"


def _maker(reference: str) -> Mark | None:
    """Whose installation's reference it is (another ref of ours is told by its tags, which it has by then)."""
    match = re.fullmatch(r"([0-9a-f-]{36})/[0-9a-f]{10}/[0-9a-f]{16}", reference)
    return Mark(match[1]) if match else None
