"""Simple: one name, one replica. Pure.

Route 53 has one simple record for a name and type, and an alias leads to one target; it takes no health check, since
there is nothing to choose from.
"""

from __future__ import annotations

from collections.abc import Sequence

from deployments.routing.policy import Leaf, Member


class Simple:
    """Every user is sent to the only region."""

    name = "simple"
    most_regions = 1

    def members(self, leaves: Sequence[Leaf]) -> tuple[Member, ...]:
        return tuple(Member(leaf, checked=False) for leaf in leaves)


POLICY = Simple()
