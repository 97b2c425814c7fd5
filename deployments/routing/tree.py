"""Trees of policies: what is below what, and what each part is called in DNS. Pure.

    <hostname>                  the root's set; its leaves lead to the replicas' domains
    <label>._route.<hostname>   an inner node's set; its leaves lead to <region>.<hostname>

A label is made of the branches that lead to its node, never of their places, so that a new branch renames no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from deployments.routing.policy import Branch, Node

MOST_LEVELS = 5
"""Ours: Route 53 follows longer chains, people don't."""
MOST_BRANCHES = 400
"""Ours, of a whole tree: with A and AAAA, 800 of the 1,000 records that one batch of Route 53 takes."""
_LABEL_LIMIT = 63
_HASH_LENGTH = 8

Path = tuple[str, ...]


class Placed(NamedTuple):
    """A node and the keys of the branches that lead to it."""

    path: Path
    node: Node


def walk(node: Node, path: Path = ()) -> Iterator[Placed]:
    """Every node, what is below before what leads to it."""
    for key, branch in zip(node.keys(), node.branches, strict=True):
        if isinstance(branch.to, Node):
            yield from walk(branch.to, (*path, key))
    yield Placed(path, node)


def leaves(node: Node) -> Iterator[Branch]:
    """Every branch that leads to a region."""
    for _, below in walk(node):
        yield from (branch for branch in below.branches if isinstance(branch.to, str))


def regions(node: Node) -> frozenset[str]:
    """The regions that it leads to."""
    return frozenset(str(branch.to) for branch in leaves(node))


def name_of(path: Path, hostname: str) -> str:
    """Where the set of a node stands in DNS."""
    return f"{label(path)}._route.{hostname}" if path else hostname


def label(path: Path) -> str:
    """The keys, joined; with a hash of them where that is too long, or not all that there is to say."""
    whole = "--".join(path).lower()
    plain = re.sub("[^a-z0-9-]", "-", whole).strip("-")
    if plain == whole and len(plain) <= _LABEL_LIMIT and not any("--" in key for key in path):
        return plain
    digest = sha256("\n".join(path).encode()).hexdigest()[:_HASH_LENGTH]
    return f"{plain[: _LABEL_LIMIT - _HASH_LENGTH - 1].strip('-')}-{digest}"
