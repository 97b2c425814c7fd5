"""If-Match (RFC 9110, 13.1.1): whether the state that somebody saw is the one that stands."""

from __future__ import annotations


def holds(expected: str | None, etag: str) -> bool:
    """`expected`: the header's value, tags with commas or `*`; None: it was not sent."""
    if expected is None or expected.strip() == "*":
        return True
    return etag in [tag.strip() for tag in expected.split(",")]
