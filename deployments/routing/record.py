"""What Route 53 holds and answers from: record sets and where a user is. Pure.

`edge.py` and the policies make records, `answer.py` reads them; so do plans, previews and the resolve command, for
records that stand (from the inventory) and for those that are only wanted (from Specs).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from regions.geography import Point


@dataclass(frozen=True)
class Alias:
    """Where an alias record leads: another name of the zone, or what AWS serves under its own name."""

    dns_name: str
    zone_id: str
    evaluate_target_health: bool


@dataclass(frozen=True)
class Record:
    """One record set, its name in lower case without the trailing dot.

    policy        {} (simple) or one of, in Route 53's own form:
                  {"weight": 10} · {"region": "eu-central-1"} · {"failover": "PRIMARY"} · {"multivalue": True} ·
                  {"geolocation": {"ContinentCode": "EU"}} · {"geolocation": {"CountryCode": "US", "SubdivisionCode":
                  "CA"}} ·
                  {"geolocation": {"CountryCode": "*"}} · {"geoproximity": {"AWSRegion": "eu-central-1", "Bias": 10}} ·
                  {"geoproximity": {"Coordinates": {"Latitude": "50.1", "Longitude": "8.7"}, "Bias": 0}} ·
                  {"cidr": {"CollectionId": …, "LocationName": "office" or "*"}}
    health_check  the check's id, or any text that names it; None: never unhealthy by itself
    region        where what it leads to serves from; None: nowhere of ours (TXT, an inner node of a tree)
    """

    name: str
    type: str
    ttl: int | None = None
    values: tuple[str, ...] = ()
    alias: Alias | None = None
    set_identifier: str | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    health_check: str | None = None
    region: str | None = None


@dataclass(frozen=True)
class User:
    """Somebody who asks, as Route 53 sees them: by the address of their resolver, or by EDNS client subnet.

    country      ISO 3166-1 alpha-2 ("UA"); None: not known
    continent    AF, AN, AS, EU, OC, NA or SA
    subdivision  of a US state or a Ukrainian region: the code behind the hyphen of ISO 3166-2 ("CA", "30")
    """

    point: Point
    country: str | None = None
    continent: str | None = None
    subdivision: str | None = None
    address: IPv4Address | IPv6Address | None = None
