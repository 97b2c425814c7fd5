"""What a release says of failing over: from its document alone, queries nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deployments.plugins import policies
from deployments.routing.failover_time import FailoverTime, failover_time


def failover_of(document: Mapping[str, Any]) -> FailoverTime | None:
    """Of a canonical manifest. None where nobody can be led elsewhere: nothing has routes, there is one region, or
    the records name no health check."""
    routed = any(component.get("routes") for component in document["components"])
    policy = policies()[document["routing"]["policy"]]
    if not routed or not policy.checked or len(document["regions"]) < 2:
        return None
    check = document["health_check"]
    return failover_time(interval_s=check["interval"], failure_threshold=check["failure_threshold"])
