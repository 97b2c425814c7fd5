"""Latency: each user is sent to the replica that is nearest in time, of those that are healthy. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from deployments.routing.policy import Leaf, Member


class Latency:
    """Route 53 compares the latencies that it has measured between the user's resolver and the regions."""

    name = "latency"
    most_regions = None

    def members(self, leaves: Sequence[Leaf]) -> tuple[Member, ...]:
        return tuple(Member(leaf, leaf.region, {"region": leaf.region}) for leaf in leaves)


POLICY = Latency()
