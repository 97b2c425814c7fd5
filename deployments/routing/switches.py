"""Switches: how a region is taken out of rotation without a control plane. Pure.

A switch is an object in a bucket, watched by an inverted health check: absent or out of reach = in rotation, present =
out. Two buckets in two regions hold the same switches, so that losing one of them takes nobody out and hinders nobody.
A replica's record names one calculated check over its endpoint's check and both switches, all required (AWS Networking
blog, "Creating Disaster Recovery Mechanisms Using Amazon Route 53").

    foundation (one stack an account)   s3_bucket "switch-a", "switch-b"
                                        checks "switch-a <region>", "switch-b <region>": of all that share the switch
                                        checks "switch-a <region> <service>", …: of a service with `switch: service`
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from deployments.plan.model import GLOBAL, Out, Ref, Spec

SIDES = ("a", "b")
PREFIX = "switch/"
"""What the buckets let anybody read, and nothing else."""

CHECK_INTERVAL_S = 10
CHECK_THRESHOLD = 1
CHECK_TIMEOUT_S = 6
"""A checker waits 4 s for the connection and 2 s for the answer (developer guide, "How Amazon Route 53 determines
whether a health check is healthy")."""


TAKES_EFFECT_S = CHECK_INTERVAL_S + CHECK_TIMEOUT_S + 60
"""At most, from when an object is written until no user is led there: the look of the checkers, then the TTL."""


def foundation_name(account: str) -> str:
    """The name of the stack that all services of an account stand on. No service has a dot in its name."""
    return f"foundation.{account}"


def bucket(side: str) -> str:
    """What a switch bucket is called in its stack."""
    return f"switch-{side}"


def key(region: str, service: str | None = None) -> str:
    """The object that takes a region out: for all services that share the region's switch, or for one of its own."""
    return f"{PREFIX}{region}" if service is None else f"{PREFIX}{region}.{service}"


def check(foundation: str, side: str, region: str, service: str | None = None) -> Ref:
    """The health check of one side of a switch: the shared one of a region, or a service's own."""
    return Ref(foundation, "route53_health_check", GLOBAL, " ".join(filter(None, (bucket(side), region, service))))


@dataclass(frozen=True)
class Bucket:
    """One switch bucket: where it is, and its name, which no other bucket in AWS may have."""

    region: str
    name: str


class Switch(NamedTuple):
    """The switch of a region: of one service, or (None) of all that share it."""

    region: str
    service: str | None = None


@dataclass(frozen=True)
class Foundation:
    """What the services of an account stand on: two switch buckets, and the switches that somebody uses."""

    stack: str
    buckets: Mapping[str, Bucket]
    switches: frozenset[Switch]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Foundation:
        """From the document of its release."""
        told = document["foundation"]
        buckets = {side: Bucket(**told["buckets"][side]) for side in SIDES}
        used = frozenset(Switch(each["region"], each.get("service")) for each in told["switches"])
        return cls(document["name"], buckets, used)

    def document(self, account: str) -> dict[str, Any]:
        """As its release keeps it, in the outer form of a manifest."""
        return {
            "schema": 1,
            "name": self.stack,
            "account": account,
            "regions": sorted({each.region for each in self.buckets.values()}),
            "components": [],
            "foundation": {
                "buckets": {side: {"region": b.region, "name": b.name} for side, b in sorted(self.buckets.items())},
                "switches": [
                    {"region": region, **({"service": service} if service else {})}
                    for region, service in self._sorted()
                ],
            },
        }

    def specs(self) -> Iterator[Spec]:
        for side, place in sorted(self.buckets.items()):
            home = Ref(self.stack, "s3_bucket", place.region, bucket(side))
            yield Spec(home, params={"bucket_name": place.name, "public_prefix": PREFIX, "tags": {}})
            for region, service in self._sorted():
                yield Spec(
                    check(self.stack, side, region, service),
                    params={
                        "fqdn": Out(home, "domain"),
                        "port": 443,
                        "type": "HTTPS",
                        "path": f"/{key(region, service)}",
                        "interval_s": CHECK_INTERVAL_S,
                        "failure_threshold": CHECK_THRESHOLD,
                        "inverted": True,
                        "tags": {},
                    },
                    context={"switch": region},
                )

    def _sorted(self) -> list[Switch]:
        return sorted(self.switches, key=lambda each: (each.region, each.service or ""))
