"""Ramps: a region that comes back step by step. Pure.

Each leaf of it becomes weighted: [the leaf, per cent] and [the same node without it, the rest]. A leaf whose node can't
do without it stays as it is: the only one, a default among several, one behind a fence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from deployments.routing import weighted
from deployments.routing.policy import Branch, Node

WHOLE = 100
REST = "others"


def ramped(tree: Node, ramps: Mapping[str, int]) -> Node:
    """The tree while regions come back: `ramps` says how many per cent of its users each gets."""
    return replace(tree, branches=tuple(_branches(tree, ramps))) if ramps else tree


def _branches(node: Node, ramps: Mapping[str, int]) -> Iterator[Branch]:
    for index, branch in enumerate(node.branches):
        to: str | Node | None
        if isinstance(branch.to, Node):
            to = ramped(branch.to, ramps)
        else:
            to = None if branch.fence else _weighted(node, index, ramps.get(branch.to, WHOLE))
        yield branch if to is None else node.policy.led(branch, to)


def _weighted(node: Node, index: int, per_cent: int) -> Node | None:
    """What stands for a leaf until it is whole again; None: the leaf itself."""
    rest = node.branches[:index] + node.branches[index + 1 :]
    if per_cent >= WHOLE or not rest:
        return None
    without = Node(node.policy, rest)
    if any(node.policy.findings(without)) and len(rest) > 1:
        return None
    others: str | Node = rest[0].to if len(rest) == 1 else without
    return Node(
        weighted.POLICY,
        (
            weighted.Branch(to=node.branches[index].to, weight=per_cent),
            weighted.Branch(to=others, weight=WHOLE - per_cent, name=REST),
        ),
    )
