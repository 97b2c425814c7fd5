"""Simple: one name, one replica. Pure.

Route 53 has one simple record for a name and type, and an alias leads to one target; it takes no health check, since
there is nothing to choose from.
"""

from __future__ import annotations

from collections.abc import Mapping

from deployments.components.component import Overrides
from deployments.routing.policy import Branch, Policy


class Simple(Policy):
    """Every user is sent to the only region."""

    name = "simple"
    checked = False
    most_regions = 1
    most_records = 1
    nests = False

    def every(self, overrides: Mapping[str, Overrides]) -> tuple[Branch, ...]:
        return tuple(Branch(to=region) for region in overrides)


POLICY = Simple()
