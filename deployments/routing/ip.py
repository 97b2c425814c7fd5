"""IP: each user is sent by the block of addresses that they come from, else to the default. Pure.

All nodes of a service share one CIDR collection, since an account has few of them: a name stands for the same blocks
wherever it stands, and blocks of different names must not overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from deployments.components.component import Context
from deployments.plan.model import GLOBAL, Out, Spec
from deployments.routing import policy
from deployments.routing.geolocation import missing_default
from deployments.routing.policy import Finding, Location, Node, Policy, twice
from deployments.schema import at_most, pattern, quoted, refused

LONGEST = {4: 24, 6: 48}
"""Bits of a block (developer guide, "IP-based routing"); 0 bits are the default."""
MOST_BLOCKS = 1_000
"""Of a collection (developer guide, "Quotas": CIDR blocks per CIDR collection)."""
COLLECTION = "route53_cidr_collection"


def _block(text: str) -> str:
    try:
        block = ip_network(text, strict=False)
    except ValueError:
        raise refused("cidr", f"{quoted(text)} is no block of addresses", "write 203.0.113.0/24") from None
    if "/" not in text:
        longest = LONGEST[block.version]
        near = ip_network(f"{block.network_address}/{longest}", strict=False)
        raise refused("cidr", f"{quoted(text)} is an address, not a block", f"write {near}")
    if block.prefixlen == 0:
        raise refused("cidr", f"{quoted(text)} is everybody", "use {default: true, to: …}")
    if block.prefixlen > LONGEST[block.version]:
        message = f"{quoted(text)} is smaller than Route 53 takes: at most {LONGEST[block.version]} bits"
        raise refused("cidr", message, f"write {block.supernet(new_prefix=LONGEST[block.version])}")
    if str(block.network_address) != str(ip_network(text.partition("/")[0]).network_address):
        raise refused("cidr", f"{quoted(text)} has bits beyond its {block.prefixlen}", f"write {block}")
    return str(block)


class Branch(policy.Branch):
    """Named blocks, or (default) everybody else."""

    name: Annotated[
        Annotated[str, pattern("a name of blocks", "[0-9A-Za-z_-]{1,16}", "use 1 to 16 letters, digits, _ and -")]
        | None,
        Field(description="Of these blocks, such as office."),
    ] = None
    cidrs: Annotated[
        tuple[Annotated[str, AfterValidator(_block)], ...],
        Field(strict=False, description="Blocks of addresses: IPv4 to /24, IPv6 to /48."),
        at_most(MOST_BLOCKS, "blocks"),
    ] = ()
    default: Annotated[bool, Field(description="Everybody else.")] = False

    @model_validator(mode="after")
    def _named_or_default(self) -> Branch:
        if self.default:
            for field in ("name", "cidrs"):
                if getattr(self, field):
                    message, mend = f"the default has no {field}", "make a branch of its own of them"
                    raise refused("twice", message, mend, field=field)
        elif not self.name:
            raise refused("missing", "is missing", "name the blocks, such as office", field="name")
        elif not self.cidrs:
            raise refused("missing", "is missing", "add a block, such as 203.0.113.0/24", field="cidrs")
        return self


class Ip(Policy):
    """By the user's address where their resolver sends it (EDNS client subnet), else by the resolver's."""

    name = "ip"
    branch = Branch

    def key(self, branch: policy.Branch) -> str:
        assert isinstance(branch, Branch)
        return branch.name or "default"

    def chosen_by(self, branch: policy.Branch, context: Context) -> dict[str, Any]:
        assert isinstance(branch, Branch)
        collection = context.ref(COLLECTION, GLOBAL, "service")
        return {"cidr": {"CollectionId": Out(collection, "id"), "LocationName": branch.name or "*"}}

    def findings(self, node: Node) -> Iterator[Finding]:
        keys = [self.key(branch) for branch in node.branches]
        yield from twice(node, [key.lower() for key in keys], ("name",), "the name")
        if not any(isinstance(branch, Branch) and branch.default for branch in node.branches):
            yield missing_default("users from other addresses would get no answer")

    def across(self, nodes: Sequence[tuple[Location, Node]]) -> Iterator[Finding]:
        """Two blocks of which one holds the other stand in their order side by side, or a larger one before both."""
        held: dict[str, tuple[str, ...]] = {}
        blocks: dict[tuple[int, int, int, str], tuple[Location, str]] = {}
        for location, branch in _named(nodes):
            name = str(branch.name)
            if name in held and set(held[name]) != set(branch.cidrs):
                message = f'"{name}" stands for other blocks elsewhere'
                yield Finding((*location, "cidrs"), None, message, "name the same, or choose another name", "twice")
                continue
            for index, text in enumerate(branch.cidrs if name not in held else ()):
                block = ip_network(text)
                key = (block.version, int(block.network_address), block.prefixlen, name)
                here = (*location, "cidrs", index)
                if blocks.setdefault(key, (here, name))[0] != here:
                    yield Finding(here, text, f'"{text}" stands twice', "write it once", "twice")
            held.setdefault(name, branch.cidrs)
        if len(blocks) > MOST_BLOCKS:
            message = f"all names together hold {len(blocks)} blocks, a collection has at most {MOST_BLOCKS}"
            yield Finding(nodes[0][0], None, message, "write larger blocks", "too_many")
            return
        yield from _overlaps(blocks)

    def shared(self, nodes: Sequence[Node], context: Context) -> Iterator[Spec]:
        locations = {branch.name: list(branch.cidrs) for _, branch in _named([((), node) for node in nodes])}
        if locations:
            yield Spec(
                context.ref(COLLECTION, GLOBAL, "service"),
                params={"collection_name": context.stack, "locations": locations},
            )


def _named(nodes: Sequence[tuple[Location, Node]]) -> Iterator[tuple[Location, Branch]]:
    for location, node in nodes:
        for index, branch in enumerate(node.branches):
            if isinstance(branch, Branch) and branch.name:
                yield (*location, "branches", index), branch


def _overlaps(blocks: Mapping[tuple[int, int, int, str], tuple[Location, str]]) -> Iterator[Finding]:
    widest: tuple[int, int, str, str] = (0, -1, "", "")
    for (version, start, bits, name), (location, _) in sorted(blocks.items(), key=lambda each: each[0]):
        end = start + 2 ** ({4: 32, 6: 128}[version] - bits) - 1
        text = f"{_address(version, start)}/{bits}"
        if version == widest[0] and start <= widest[1]:
            message = f'"{text}" overlaps with {widest[2]} of {widest[3]}'
            yield Finding(location, text, message, "make the two blocks disjoint, or remove one", "overlap")
        if (version, end) > widest[:2]:
            widest = (version, end, text, name)


def _address(version: int, number: int) -> str:
    return str(IPv4Address(number) if version == 4 else IPv6Address(number))


POLICY = Ip()
