"""The CIDR collection of a service that routes by its users' addresses: named blocks that records point to.

Route 53 gives collections neither tags nor a way to read their CallerReference, so the mark is part of the name in AWS,
which no update changes: `<collection_name>-<hash of owner and ref>`. Created once by that name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from deployments.plan.demand import Demand, Use
from deployments.plan.model import GLOBAL, Change, Observed, Params
from deployments.providers.aws.grants import grant
from deployments.providers.aws.kind import Kind, World, absent_is_fine, pages
from deployments.providers.protocol import Target
from regions.aws_errors import AwsError

NAME_LIMIT = 64
BLOCKS_A_CALL = 1_000
"""API reference, ChangeCidrCollection."""
_HASH_LENGTH = 12

Locations = Mapping[str, Sequence[str]]


def _blocks(change: Change) -> int:
    """How many more it will hold."""
    before = _count(change.before.get("locations", {})) if change.before else 0
    return max(_count(change.params.get("locations", {})) - before, 0)


def _count(locations: Any) -> int:
    return sum(map(len, locations.values())) if isinstance(locations, Mapping) else 0


class Route53CidrCollection(Kind):
    """params: collection_name, locations {name: [blocks]}. outputs: id."""

    name = "route53_cidr_collection"
    demand = Demand(
        (Use("route53", "cidr_collections_per_account"), Use("route53", "cidr_blocks_per_collection", amount=_blocks))
    )
    grants = (
        grant("route53:CreateCidrCollection", "route53:ListCidrCollections"),
        grant(
            "route53:ListCidrBlocks",
            "route53:ChangeCidrCollection",
            "route53:DeleteCidrCollection",
            on="arn:aws:route53:::cidrcollection/*",
        ),
    )

    def observe(self, world: World, target: Target) -> Observed | None:
        collection_id = self._find(world, target)
        if not collection_id:
            return None
        try:
            standing = self._locations(world, collection_id)
        except AwsError as error:
            if error.absent:
                return None
            raise
        return _observed(target, collection_id, standing)

    def create(self, world: World, target: Target) -> Observed:
        """An empty one stands for nobody, so it is filled at once; what is left of a long list, updates bring."""
        collection_id = self._search(world, target)
        if not collection_id:
            made = self._route53(world).create_cidr_collection(
                Name=_name(world, target), CallerReference=hashlib.sha256(target.token.encode()).hexdigest()
            )
            collection_id = str(made["Collection"]["Id"])
        self._change(world, collection_id, self._locations(world, collection_id), target.params["locations"])
        return _observed(target, collection_id, self._locations(world, collection_id))

    def update(self, world: World, target: Target, before: Params) -> Observed:
        self._change(world, target.physical_id, before["locations"], target.params["locations"])
        return self.updated(world, target)

    def delete(self, world: World, target: Target) -> None:
        """Emptied first: AWS deletes no other (API reference, DeleteCidrCollection)."""
        collection_id = self._find(world, target)
        if not collection_id:
            return
        with absent_is_fine():
            standing = self._locations(world, collection_id)
            while standing:
                self._change(world, collection_id, standing, {})
                standing = self._locations(world, collection_id)
            self._route53(world).delete_cidr_collection(Id=collection_id)

    def _find(self, world: World, target: Target) -> str:
        """By id; without one, by its name where a creation was tried, as its outcome may be unknown."""
        return target.physical_id or (self._search(world, target) if target.token else "")

    def _search(self, world: World, target: Target) -> str:
        listed = pages(self._route53(world).list_cidr_collections, "CidrCollections")
        return next((str(each["Id"]) for each in listed if each["Name"] == _name(world, target)), "")

    def _locations(self, world: World, collection_id: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for block in pages(self._route53(world).list_cidr_blocks, "CidrBlocks", CollectionId=collection_id):
            found.setdefault(block["LocationName"], []).append(block["CidrBlock"])
        return found

    def _change(self, world: World, collection_id: str, before: Locations, after: Locations) -> None:
        """One transaction: what goes first, so that a block may move from one location to another."""
        changes = [*_less("DELETE_IF_EXISTS", before, after), *_less("PUT", after, before)]
        if changes:
            self._route53(world).change_cidr_collection(Id=collection_id, Changes=_first(changes, BLOCKS_A_CALL))

    def _route53(self, world: World) -> Any:
        return world.client("route53", GLOBAL)


def _name(world: World, target: Target) -> str:
    mark = hashlib.sha256(f"{world.owner}/{target.ref}".encode()).hexdigest()[:_HASH_LENGTH]
    return f"{target.params['collection_name'][: NAME_LIMIT - _HASH_LENGTH - 1]}-{mark}"


def _observed(target: Target, collection_id: str, standing: Locations) -> Observed:
    wanted = target.params["locations"]
    return Observed(
        physical_id=collection_id,
        params={
            "collection_name": target.params["collection_name"],
            "locations": {name: _told(blocks, wanted.get(name, ())) for name, blocks in sorted(standing.items())},
        },
        outputs={"id": collection_id},
    )


def _told(standing: Sequence[str], wanted: Sequence[str]) -> Sequence[str]:
    """Blocks have no order, and one way of writing them in AWS."""
    return wanted if set(map(_block, standing)) == set(map(_block, wanted)) else sorted(standing)


def _block(text: str) -> str:
    return str(ip_network(text, strict=False))


def _less(action: str, all_of: Locations, but: Locations) -> Iterator[dict[str, Any]]:
    """A change for each location that has blocks in `all_of` which it has not in `but`."""
    for name, blocks in sorted(all_of.items()):
        kept = set(map(_block, but.get(name, ())))
        if left := [block for block in blocks if _block(block) not in kept]:
            yield {"LocationName": name, "Action": action, "CidrList": left}


def _first(changes: Sequence[Mapping[str, Any]], number: int) -> list[dict[str, Any]]:
    """As many of the blocks as go into one call."""
    taken: list[dict[str, Any]] = []
    for change in changes:
        blocks = change["CidrList"][: number - sum(len(each["CidrList"]) for each in taken)]
        if blocks:
            taken.append({**change, "CidrList": blocks})
    return taken
