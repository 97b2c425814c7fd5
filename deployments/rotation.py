"""The rotation of one stack as guards judge it: which records stand, and how the replicas are. Reads rows, no AWS."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from deployments import evacuations
from deployments.desired import ReleasedService
from deployments.models import Stack
from deployments.plan.guard import Rotation, members, standing
from deployments.plan.model import Known, Observed, Ref, Spec, Unobserved
from regions.verdict import Policy, Status

ROUND_SLACK = timedelta(seconds=5)  # a result is stored at the end of its round


def rotation_of(
    stack: Stack | None,
    wanted: ReleasedService | None,
    specs: Mapping[Ref, Spec],
    known: Mapping[Ref, Known],
    looks: Mapping[Ref, Observed | Unobserved | None] | None,
    now: datetime,
) -> Rotation:
    """What guards judge by. `looks` None: nobody looked, the inventory is believed. `wanted` None: destroying."""
    out = evacuations.out_of_rotation(stack) if stack is not None and stack.pk else {}
    return Rotation(
        standing={ref: one for ref, one in standing(known, looks).items() if one.region not in out},
        wanted={ref: one for ref, one in members(specs).items() if one.region not in out},
        hostname=wanted.manifest.hostname if wanted else None,
        health=health(stack, now) if stack is not None and stack.pk else {},
        least=wanted.manifest.safety.min_serving_regions if wanted else 0,
    )


def health(stack: Stack, now: datetime) -> dict[str, str]:
    """The verdict on the replica of each region. It ends with the probes that it rests on: silence is unknown."""
    fields = ("region__code", "status", "since", "probed_at", "interval_s", "failure_threshold", "timeout_s")
    found = {}
    for replica in stack.replicas.values_list(*(f"endpoint__{field}" for field in fields)):
        region, status, since, probed_at, interval_s, threshold, timeout_s = replica
        heard = probed_at + Policy(interval_s, threshold, timeout_s).silence if probed_at else since
        silent = heard is not None and heard + ROUND_SLACK < now
        found[region] = str(Status.UNKNOWN if silent else status)
    return found
