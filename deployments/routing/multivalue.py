"""Multivalue: up to eight healthy records at once, for the client to choose. Never used: ours are aliases. Pure."""

from __future__ import annotations

from deployments.routing.policy import Policy


class Multivalue(Policy):
    """Known, so that whoever writes it reads why not."""

    name = "multivalue"
    refusal = (
        "Route 53 has no multivalue alias records, and the records of a service are aliases to its APIs",
        "use weighted, which spreads users too, or latency",
    )


POLICY = Multivalue()
