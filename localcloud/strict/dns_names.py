"""DNS names as Route 53 stores and sorts them. Pure.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
"""

from __future__ import annotations

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.\\")


def stored(name: str) -> str:
    """Lower case, with the trailing dot, other characters as octal codes (`*` is `\\052`)."""
    if not name:
        return name
    lowered = name.lower()
    dotted = lowered if lowered.endswith(".") else lowered + "."
    return "".join(letter if letter in _PLAIN else f"\\{ord(letter):03o}" for letter in dotted)


def sort_key(name: str) -> tuple[str, ...]:
    """Labels reversed, as one string with its trailing dot: `-` sorts before `.`
    (https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html)."""
    labels = stored(name).rstrip(".").split(".")
    return (".".join(reversed(labels)) + ".",)


def inside(name: str, zone: str) -> bool:
    """Whether a stored name lies in a stored zone."""
    return name == zone or name.endswith(f".{zone}")
