"""What `routing:` says beside its policy → branches, or the problems that they have. Pure.

Each policy's own schema reads its branches; here is what all have in common: nesting, and how much of it there can be.
What is too much is refused before it is looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from deployments.manifest.problems import Location, Problem, path_of
from deployments.manifest.told import told
from deployments.plugins import policies
from deployments.routing.policy import Branch, Finding, Node, Policy
from deployments.routing.tree import MOST_BRANCHES, MOST_LEVELS
from deployments.schema import quoted, unknown

ROOT: Location = ("routing",)


def read(
    raw: Mapping[str, Any], known_regions: Collection[str], own: Collection[str]
) -> tuple[tuple[Branch, ...], list[Problem]]:
    """The branches of a manifest's root policy. `own`: the fields of `routing` that are no policy's."""
    said = raw["routing"]
    policy = policies().get(name) if isinstance(name := said.get("policy", "latency"), str) else None
    reader = _Reader(raw, known_regions)
    if policy is None or policy.refusal is not None:
        return (), []  # the schema tells
    below = {field: value for field, value in said.items() if field not in own}
    branches = reader.branches(policy, below, ROOT, 1) or ()
    if not reader.problems:
        reader.tell_across()
    return branches, reader.problems


def placed(node: Node, location: Location = ROOT) -> Iterator[tuple[Location, Branch]]:
    """Every branch of a tree, and where the manifest has it."""
    for place, branch in zip(node.policy.places(node.branches), node.branches, strict=True):
        yield (*location, *place), branch
        if isinstance(branch.to, Node):
            yield from placed(branch.to, (*location, *place, *node.policy.to))


def written(node: Node) -> dict[str, Any]:
    """A node's branches as the manifest says them, in the shortest form."""
    rows = [
        node.policy.row(branch, _target(branch.to) if isinstance(branch.to, Node) else branch.to)
        for branch in node.branches
    ]
    return node.policy.written(rows)


def _target(node: Node) -> dict[str, Any]:
    return {"policy": node.policy.name, **written(node)}


class _Reader:
    """Goes down the tree and keeps what it finds: problems, the number of branches, nodes with their places."""

    def __init__(self, raw: Mapping[str, Any], known_regions: Collection[str]) -> None:
        self.raw = raw
        self.context = {"regions": tuple(known_regions)}
        self.problems: list[Problem] = []
        self.nodes: list[tuple[Location, Node]] = []
        self.count = 0

    def branches(
        self, policy: Policy, said: Mapping[str, Any], location: Location, level: int
    ) -> tuple[Branch, ...] | None:
        """Those of one node; None where any is broken."""
        for field in said:
            if field not in policy.fields:
                message, mend = unknown(field, f"a field of {policy.name}", policy.fields)
                self._tell((*location, field), None, message, mend, "unknown_field")
        listed = said.get("branches", [])
        if "branches" in policy.fields and not isinstance(listed, list):
            message = f"{quoted(listed)} is not a list"
            self._tell((*location, "branches"), None, message, "write a list of branches", "type")
            return None
        rows = policy.rows(said)
        if not self._fit(policy, len(rows), (*location, policy.fields[0])):
            return None
        if not rows:
            if level > 1 or policy.fields != Policy.fields:
                self._tell((*location, policy.fields[0]), None, "is missing", "say where users may go", "missing")
            return ()
        read = [self._branch(policy, row, (*location, *place), level) for place, row in rows]
        sound = tuple(branch for branch in read if branch is not None)
        if len(sound) < len(read):
            return None
        node = Node(policy, sound)
        self.nodes.append((location, node))
        self._found(policy.findings(node), location)
        return sound

    def tell_across(self) -> None:
        """What nodes of one policy can't be together."""
        nodes = sorted(self.nodes, key=lambda each: each[0])  # in the order of the text
        for policy in dict.fromkeys(node.policy for _, node in nodes):
            self._found(policy.across([each for each in nodes if each[1].policy is policy]), ())

    def _branch(self, policy: Policy, row: Any, location: Location, level: int) -> Branch | None:
        said = {"to": row} if isinstance(row, str) else row
        if not isinstance(said, dict):
            self._tell(location, None, f"{quoted(row)} is no branch", "name a region, or write to: …", "type")
            return None
        to, sound = said.get("to"), True
        if isinstance(to, dict):
            below = self._node(to, (*location, *policy.to), level + 1)
            to, sound = below or Node(policy, ()), below is not None
        elif "to" in said and not (isinstance(to, str) and to):
            message = f"{quoted(to)} is neither a region nor a policy"
            self._tell((*location, *policy.to), None, message, "name a region, or write {policy: …}", "type")
            return None
        try:
            branch = policy.branch.model_validate(
                {**said, **({"to": to} if "to" in said else {})}, context=self.context
            )
        except ValidationError as error:
            self.problems.extend(told(error, policy.branch, self.raw, location))
            return None
        return branch if sound else None

    def _node(self, said: dict[str, Any], location: Location, level: int) -> Node | None:
        if level > MOST_LEVELS:
            message = f"is the {level}th level, a tree has at most {MOST_LEVELS}"
            self._tell(location, None, message, "lead to a region here", "too_deep")
            return None
        name = said.get("policy")
        where = (*location, "policy")
        nesting = {name: policy for name, policy in policies().items() if policy.nests and policy.refusal is None}
        if "policy" not in said:
            self._tell(where, None, "is missing", f"use one of: {', '.join(nesting)}", "missing")
            return None
        known = policies().get(name) if isinstance(name, str) else None
        if known is None:
            self._tell(where, name, *unknown(name, "a routing policy", tuple(nesting)), "choice")
            return None
        if known.refusal is not None:
            self._tell(where, name, f"{name} can't be used: {known.refusal[0]}", known.refusal[1], "policy")
            return None
        if not known.nests:
            self._tell(where, name, f"{quoted(name)} chooses nothing", "write the region itself", "policy")
            return None
        below = {field: value for field, value in said.items() if field != "policy"}
        branches = self.branches(known, below, location, level)
        return None if branches is None else Node(known, branches)

    def _fit(self, policy: Policy, number: int, location: Location) -> bool:
        before, self.count = self.count, self.count + number
        if number > policy.most_records:
            message = f"holds {number} branches, {policy.name} has at most {policy.most_records}"
            self._tell(location, None, message, "name fewer, or nest them", "too_many")
        elif before > MOST_BRANCHES:
            pass  # told already
        elif self.count > MOST_BRANCHES:
            message = f"the tree has more than {MOST_BRANCHES} branches"
            self._tell(location, None, message, "name fewer", "too_many")
        else:
            return True
        return False

    def _found(self, findings: Iterator[Finding], location: Location) -> None:
        for one in findings:
            self._tell((*location, *one.location), one.value, one.message, one.mend, one.code)

    def _tell(self, location: Location, value: Any, message: str, mend: str, code: str) -> None:
        shown = value if isinstance(value, str | int | float | bool) else None
        self.problems.append(Problem(path_of(self.raw, location), shown, message, mend, code))
