"""What somebody says of where a user is → a `User`, for the resolve command and its API. Reads packaged data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from math import isfinite

from deployments.routing.record import User
from deployments.routing.users import user_at, user_behind, user_in, user_of
from regions import places
from regions.geography import Point

FIELDS = ("from", "lat", "lon", "ip", "country", "subdivision")


class NowhereError(ValueError):
    """It says no place. `field`: what of it is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def user_from(said: Mapping[str, str]) -> User:
    """By `from` (a city), `lat` and `lon`, or `country` (its largest city); else by the country of `ip`. `ip` beside a
    place is the address that IP-based records see. Raises NowhereError."""
    address = _address(said["ip"]) if "ip" in said else None
    if "from" in said:
        return user_of(_city(said["from"]), address)
    if "lat" in said or "lon" in said:
        point = Point(_degrees(said, "lat", 90), _degrees(said, "lon", 180))
        return replace(user_at(point), address=address)
    if "country" in said:
        return replace(_of_country(said["country"], said.get("subdivision", "").upper()), address=address)
    if address is None:
        raise NowhereError("from", "say where the user is: from=Kyiv, or lat and lon, or ip, or country")
    try:
        return user_behind(address)
    except LookupError:
        message = f"nobody knows where {address} is used (of IPv6 and private ones never); add from=Kyiv or country=UA"
        raise NowhereError("ip", message) from None


def _city(name: str) -> places.City:
    try:
        return places.find_city(name)
    except LookupError as error:
        raise NowhereError("from", str(error.args[0])) from None


def _of_country(code: str, subdivision: str) -> User:
    try:
        return user_in(code.upper(), subdivision or None)
    except LookupError as error:
        raise NowhereError("country", str(error.args[0])) from None


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(text)
    except ValueError:
        raise NowhereError("ip", f'"{text[:60]}" is not an address; write one such as 198.51.100.7') from None


def _degrees(said: Mapping[str, str], field: str, most: int) -> float:
    text = said.get(field, "")
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not isfinite(found) or abs(found) > most:
        raise NowhereError(field, f'"{text[:40]}" is not a {field}; write degrees from -{most} to {most}, both of them')
    return found
