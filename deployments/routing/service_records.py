"""A tree of policies → the record Specs of a service's name, A and AAAA. Pure.

`edge.py` gives the tree, and what each replica's records need. What is below comes to be before what leads to it; Route
53 refuses an alias to a name that has nothing of its type.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.components.component import Context
from deployments.plan.model import GLOBAL, Ref, Spec
from deployments.routing.policy import TYPES, Branch, Leaf, Node, alias_record
from deployments.routing.tree import Placed, name_of, walk


@dataclass(frozen=True)
class ServiceRecords:
    """Where the tree's records stand, and by region where its leaves lead. `drain_s`: how long that outlives them."""

    hostname: str
    zone_id: str
    leaves: Mapping[str, Leaf]
    drain_s: int

    def specs(self, tree: Node, context: Context) -> Iterator[Spec]:
        """What the policies share, then the sets, the root's last."""
        placed = tuple(walk(tree))
        nodes = defaultdict(list)
        for _, node in placed:
            nodes[node.policy].append(node)
        for policy, of_it in nodes.items():
            yield from policy.shared(of_it, context)
        for each in placed:
            for key, branch in zip(each.node.keys(), each.node.branches, strict=True):
                for kind in TYPES:
                    yield self._record(each, key, branch, kind, context)

    def _record(self, placed: Placed, key: str, branch: Branch, kind: str, context: Context) -> Spec:
        name = name_of(placed.path, self.hostname)
        policy = placed.node.policy
        chosen_by = policy.chosen_by(branch, context)
        leads, after, region = self._to(placed, key, branch, kind, context)
        return Spec(
            self._ref(name, kind, key if chosen_by else None, context),
            params=alias_record(
                zone_id=self.zone_id,
                name=name,
                kind=kind,
                set_identifier=key if chosen_by else None,
                policy=chosen_by,
                **leads,
            ),
            context={"hostname": self.hostname, **({"region": region} if region else {})},
            after=after,
            drain_s=self.drain_s,
            group=f"{name} {kind}",
            shape=policy.name,
        )

    def _to(
        self, placed: Placed, key: str, branch: Branch, kind: str, context: Context
    ) -> tuple[dict[str, Any], frozenset[Ref], str | None]:
        """(where the record leads, what must stand before it, the region that it leads to)."""
        policy = placed.node.policy
        if isinstance(branch.to, Node):
            below = name_of((*placed.path, key), self.hostname)
            refs = (
                self._ref(below, kind, one if branch.to.policy.chosen_by(of_it, context) else None, context)
                for one, of_it in zip(branch.to.keys(), branch.to.branches, strict=True)
            )
            leads = {"target": below, "target_zone_id": self.zone_id, "evaluate": not branch.fence}
            return leads, frozenset(refs), None
        leaf = self.leaves[branch.to]
        checked = policy.checked and not branch.fence
        health = {"evaluate": policy.evaluates, "health_check_id": leaf.health_check if checked else None}
        if not placed.path:
            return {"target": leaf.target, "target_zone_id": leaf.zone_id, **health}, leaf.after, leaf.region
        replica = f"{leaf.region}.{self.hostname}"
        stands = leaf.after | {self._ref(replica, kind, None, context)}
        return {"target": replica, "target_zone_id": self.zone_id, **health}, stands, leaf.region

    def _ref(self, name: str, kind: str, key: str | None, context: Context) -> Ref:
        return context.ref("route53_record", GLOBAL, " ".join(filter(None, (name, kind, key))))
