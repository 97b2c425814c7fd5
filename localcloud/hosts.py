"""Where a host name leads in the local cloud: AWS's own names to the region that they say. Pure."""

from __future__ import annotations

import re

_AWS = re.compile(
    r"(?:[a-z0-9-]+\.execute-api|(?P<bucket>[a-z0-9][a-z0-9-]{1,61}[a-z0-9])\.s3)"
    r"\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com"
)


def region_of(host: str) -> str | None:
    """The region of an API's, a custom domain's or a bucket's own name at AWS; None for any other name."""
    match = _AWS.fullmatch(host.lower().rstrip("."))
    return match["region"] if match else None


def bucket_of(host: str) -> str | None:
    """The bucket that a host name is the address of."""
    match = _AWS.fullmatch(host.lower().rstrip("."))
    return match["bucket"] if match else None
