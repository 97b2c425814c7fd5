"""Route keys of an API Gateway HTTP API: their grammar, and which of them match the same requests. Pure.

Developer guide "Create routes for HTTP APIs in API Gateway".
"""

from __future__ import annotations

import re

from deployments.schema import quoted, refused, unknown

DEFAULT = "$default"
METHODS = ("ANY", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

HTTP_TIMEOUT_S = 30
"""The longest that an HTTP API waits for an integration: "Quotas for configuring and running an HTTP API"."""

MOST_ROUTES = 300
"""Routes of one API, same page."""

_LITERAL = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%-]+")
_VARIABLE = re.compile(r"\{[A-Za-z0-9._:-]+(\+?)\}")


def check_route(key: str) -> str:
    """The key itself, or an error that says which part of it API Gateway would refuse."""
    if key == DEFAULT:
        return key
    method, blank, path = key.partition(" ")
    if not blank or not path.startswith("/"):
        raise refused("route", f"{quoted(key)} is not a route", "write METHOD /path, such as GET /{key}, or $default")
    if method not in METHODS:
        message, mend = unknown(method, "a method of an HTTP API", METHODS)
        raise refused("route", f"{message} (in {quoted(key)})", mend)
    segments = path[1:].split("/")
    if segments[-1] == "":  # "/" and a trailing slash are legal, and routes of their own
        segments.pop()
    names: set[str] = set()
    for position, segment in enumerate(segments, start=1):
        variable = _VARIABLE.fullmatch(segment)
        if variable is None:
            if not _LITERAL.fullmatch(segment):
                raise refused(
                    "route",
                    f"{quoted(segment)} is not a path segment (in {quoted(key)})",
                    "a segment is literal text or one whole {variable}",
                )
            continue
        if variable[1] and position < len(path[1:].split("/")):
            raise refused(
                "route", f"the greedy {segment} is not the last segment (in {quoted(key)})", "move it to the end"
            )
        if segment in names:
            raise refused("route", f"{segment} stands twice (in {quoted(key)})", "name each variable once")
        names.add(segment)
    return key


def pattern_of(key: str) -> str:
    """What two keys have in common that match the same requests: variables without their names."""
    return _VARIABLE.sub(lambda variable: "{+}" if variable[1] else "{}", key)
