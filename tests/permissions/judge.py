"""Whether a need is granted, and which grants nobody needed. Pure.

need + the grants of who asks → the one that covers it, or none
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from deployments.providers.aws.grants import Grant
from deployments.providers.aws.kind import OWNER_TAG
from deployments.providers.aws.policy import Bounds, resources
from tests.permissions.needs import Need

ANY = Bounds(owner="")
Use = tuple[str, str, str]
"""Who asks, the action, and the ARN pattern that it is granted on."""


def granted(need: Need, by: str, asked: Mapping[str, tuple[Grant, ...]]) -> Use | None:
    """The first grant that covers it; of whoever is not among those who ask, anybody's."""
    for name in (by,) if by in asked else asked:
        for each in asked[name]:
            if need.action in each.actions and _meets(need, each):
                for pattern in each.on:
                    if any(_like(arn).fullmatch(need.arn) for arn in resources([pattern], ANY)):
                        return name, need.action, pattern
    return None


def unused(used: Iterable[Use], asked: Mapping[str, tuple[Grant, ...]]) -> list[Use]:
    """What is granted and was needed by no call."""
    every = {
        (name, action, pattern)
        for name, each_grants in asked.items()
        for each in each_grants
        for action in each.actions
        for pattern in each.on
    }
    return sorted(every - set(used))


def _meets(need: Need, each: Grant) -> bool:
    """What the request itself tells; whether a thing carries our mark, only a cloud can."""
    return (OWNER_TAG in need.tags or not each.marked) and all(
        need.context.get(key) == value for key, value in each.when
    )


@cache
def _like(pattern: str) -> re.Pattern[str]:
    """As IAM matches a Resource: * is any text, ? one character (IAM JSON policy elements: Resource)."""
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
