"""Route 53 CIDR collections, which ministack has not: made, changed, listed and deleted as AWS does, and refused alike.

Kept by ministack's own rules: an account each, and saved with its Route 53. Records that name one are judged in
`route53_batches`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from ministack.core.responses import AccountScopedDict
from ministack.services import route53 as store

from localcloud.call import Answer, Call
from localcloud.strict.allowed import denied
from localcloud.strict.route53 import answered
from localcloud.strict.rules import Refusal, rule

_API = "https://docs.aws.amazon.com/Route53/latest/APIReference"
_GUIDE = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide"
_CHANGE = f"{_API}/API_ChangeCidrCollection.html"

COLLECTIONS_AN_ACCOUNT = 5
BLOCKS_A_COLLECTION = 1_000
BLOCKS_A_CALL = 1_000
LONGEST = {4: 24, 6: 48}
DEFAULT = "*"

_NAME = re.compile(r"[0-9A-Za-z_\-]{1,64}")
_LOCATION = re.compile(r"[0-9A-Za-z_\-]{1,16}")

Collection = dict[str, Any]
collections = AccountScopedDict()
"""id → {"Id", "Arn", "Name", "Version", "reference", "blocks": {block: location}}."""


def locations(collection_id: str) -> dict[str, list[IPv4Network | IPv6Network]] | None:
    """The blocks of each location of a collection of the account in scope; None where there is no such collection."""
    held = collections.get(collection_id)
    if held is None:
        return None
    found: dict[str, list[IPv4Network | IPv6Network]] = {}
    for block, location in held["blocks"].items():
        found.setdefault(location, []).append(ip_network(block))
    return found


@rule("route53", "CreateCidrCollection", page=f"{_API}/API_CreateCidrCollection.html")
def a_collection_is_made(call: Call) -> Refusal | Answer:
    """Once by name and caller reference: the same two give the one that exists, the name with another is taken."""
    if refused := denied(call):
        return refused
    name, reference = str(call.params.get("Name", "")), str(call.params.get("CallerReference", ""))
    if not _NAME.fullmatch(name):
        return _invalid(f"Value '{name}' at 'name' failed to satisfy constraint: [0-9A-Za-z_\\-]+, 1 to 64 characters")
    if not 1 <= len(reference) <= 64 or not reference.isascii():
        return _invalid("callerReference must have 1 to 64 ASCII characters")
    held = next((each for each in collections.values() if each["Name"] == name), None)
    if held is not None and held["reference"] != reference:
        message = f"A CIDR collection with name {name} and a different caller reference already exists."
        return Refusal("CidrCollectionAlreadyExistsException", message)
    if held is None:
        if len(collections) >= COLLECTIONS_AN_ACCOUNT:
            return Refusal("LimitsExceeded", "Limits Exceeded: MAX_CIDR_COLLECTIONS_BY_OWNER")
        collection_id = str(uuid.uuid4())
        arn = f"arn:aws:route53:::cidrcollection/{collection_id}"
        held = {"Id": collection_id, "Arn": arn, "Name": name, "Version": 1, "reference": reference, "blocks": {}}
        collections[collection_id] = held
    status, headers, body = store._xml_response(
        "CreateCidrCollectionResponse", lambda root: _summary(store.SubElement(root, "Collection"), held), 201
    )
    return answered((status, {**headers, "Location": f"/2013-04-01/cidrcollection/{held['Id']}"}, body))


@rule("route53", "ChangeCidrCollection", page=_CHANGE)
def a_collection_is_changed(call: Call) -> Refusal | Answer:
    """All changes of a call or none: in their order, so that a block may move from one location to another."""
    if refused := denied(call):
        return refused
    held = collections.get(call.params.get("Id", ""))
    if held is None:
        return _no_collection(call.params.get("Id", ""))
    if call.params.get("CollectionVersion", held["Version"]) != held["Version"]:
        message = f"The CIDR collection version does not match the current version, {held['Version']}."
        return Refusal("CidrCollectionVersionMismatchException", message, 409)
    changes = call.params.get("Changes") or []
    if refused := _malformed(changes):
        return refused
    blocks = dict(held["blocks"])
    for change in changes:
        for text in change["CidrList"]:
            block = str(ip_network(text))
            standing = blocks.get(block)
            if change["Action"] == "DELETE_IF_EXISTS":
                if standing == change["LocationName"]:
                    del blocks[block]
            elif standing not in (None, change["LocationName"]):
                return Refusal("CidrBlockInUseException", f"CIDR block {block} is already in use by {standing}.")
            else:
                blocks[block] = change["LocationName"]
    if len(blocks) > BLOCKS_A_COLLECTION:
        return Refusal("LimitsExceeded", "Limits Exceeded: MAX_CIDR_BLOCKS_BY_COLLECTION")
    collections[held["Id"]] = {**held, "blocks": blocks, "Version": held["Version"] + 1}

    def build(root: Any) -> None:
        store.SubElement(root, "Id").text = store._new_change()["id"]

    return answered(store._xml_response("ChangeCidrCollectionResponse", build))


@rule("route53", "DeleteCidrCollection", page=f"{_API}/API_DeleteCidrCollection.html")
def a_collection_goes_when_empty_and_unused(call: Call) -> Refusal | Answer:
    """Not while it has blocks, nor while a record names it."""
    if refused := denied(call):
        return refused
    collection_id = call.params.get("Id", "")
    held = collections.get(collection_id)
    if held is None:
        return _no_collection(collection_id)
    if held["blocks"] or collection_id in _named():
        return Refusal("CidrCollectionInUseException", "This CIDR collection is in use, and isn't empty.")
    del collections[collection_id]
    return answered(store._xml_response("DeleteCidrCollectionResponse", lambda root: None))


@rule("route53", "ListCidrCollections", page=f"{_API}/API_ListCidrCollections.html")
def collections_are_listed(call: Call) -> Refusal | Answer:
    """Names and versions, page by page."""
    held = sorted(collections.values(), key=lambda each: str(each["Id"]))
    return _listed(call, "ListCidrCollectionsResponse", "CidrCollections", held, _summary)


@rule("route53", "ListCidrLocations", page=f"{_API}/API_ListCidrLocations.html")
def locations_are_listed(call: Call) -> Refusal | Answer:
    """The names of a collection's locations, page by page."""
    collection_id = call.params.get("CollectionId", "")
    held = locations(collection_id)
    if held is None:
        return denied(call) or _no_collection(collection_id)

    def build(summary: Any, name: str) -> None:
        store.SubElement(summary, "LocationName").text = name

    return _listed(call, "ListCidrLocationsResponse", "CidrLocations", sorted(held), build)


@rule("route53", "ListCidrBlocks", page=f"{_API}/API_ListCidrBlocks.html")
def blocks_are_listed(call: Call) -> Refusal | Answer:
    """All blocks of a collection, or of one location that it has, page by page."""
    collection_id, wanted = call.params.get("CollectionId", ""), call.params.get("LocationName")
    held = locations(collection_id)
    if held is None:
        return denied(call) or _no_collection(collection_id)
    if wanted is not None and wanted not in held:
        message = f"The CIDR collection location {wanted} doesn't match any locations in your account."
        return denied(call) or Refusal("NoSuchCidrLocationException", message, 404)
    blocks = [(str(block), name) for name in sorted(held) for block in held[name] if wanted in (None, name)]

    def build(summary: Any, one: tuple[str, str]) -> None:
        store.SubElement(summary, "CidrBlock").text, store.SubElement(summary, "LocationName").text = one

    return _listed(call, "ListCidrBlocksResponse", "CidrBlocks", blocks, build)


def _malformed(changes: list[dict[str, Any]]) -> Refusal | None:
    """Names, blocks and numbers that no collection may have (developer guide, "IP-based routing")."""
    if not changes:
        return _invalid("at least one change is needed")
    if sum(len(change.get("CidrList") or []) for change in changes) > BLOCKS_A_CALL:
        return _invalid(f"a request has at most {BLOCKS_A_CALL} CIDR blocks")
    for change in changes:
        if not _LOCATION.fullmatch(change.get("LocationName", "")):
            return _invalid(
                f"{change.get('LocationName')} is no name of a location: [0-9A-Za-z_\\-], 1 to 16 characters"
            )
        if change.get("Action") not in ("PUT", "DELETE_IF_EXISTS"):
            return _invalid(f"{change.get('Action')} is neither PUT nor DELETE_IF_EXISTS")
        if not change.get("CidrList"):
            return _invalid("CidrList must have at least one block")
        for text in change["CidrList"]:
            try:
                block = ip_network(text)
            except ValueError:
                return _invalid(f"{text} is no CIDR block")
            if not 1 <= block.prefixlen <= LONGEST[block.version]:
                return _invalid(
                    f"{text}: a block has 1 to {LONGEST[block.version]} bits; for 0 use the default location"
                )
    return _overlapping(changes)


def _overlapping(changes: Iterable[dict[str, Any]]) -> Refusal | None:
    """The same block for two locations in one request."""
    put: dict[str, str] = {}
    for change in changes:
        for text in change["CidrList"] if change["Action"] == "PUT" else ():
            here = put.setdefault(str(ip_network(text)), change["LocationName"])
            if here != change["LocationName"]:
                return _invalid(f"{text} is put into {here} and into {change['LocationName']}")
    return None


def _named() -> set[str]:
    """The collections that a record of the account names."""
    return {
        record["CidrRoutingConfig"]["CollectionId"]
        for records in store._records.values()
        for record in records
        if record.get("CidrRoutingConfig")
    }


def _listed(
    call: Call, response: str, items: str, every: list[Any], build: Callable[[Any, Any], None]
) -> Refusal | Answer:
    if refused := denied(call):
        return refused
    try:
        start, most = int(call.params.get("NextToken") or 0), int(call.params.get("MaxResults") or 100)
    except ValueError:
        return _invalid("nexttoken and maxresults are what an earlier answer gave, and a number")

    def fill(root: Any) -> None:
        page = store.SubElement(root, items)
        for one in every[start : start + most]:
            build(store.SubElement(page, "member"), one)
        if start + most < len(every):
            store.SubElement(root, "NextToken").text = str(start + most)

    return answered(store._xml_response(response, fill))


def _summary(element: Any, collection: Collection) -> None:
    for name in ("Arn", "Id", "Name", "Version"):
        store.SubElement(element, name).text = str(collection[name])


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidInput", message)


def _no_collection(collection_id: str) -> Refusal:
    return Refusal("NoSuchCidrCollectionException", f"The CIDR collection {collection_id} doesn't exist.", 404)


def patch() -> None:
    """Collections are saved and restored with the rest of Route 53."""
    get_state, restore, reset = store.get_state, store.load_persisted_state, store.reset

    def whole() -> dict[str, Any]:
        return {**get_state(), "cidr_collections": collections}

    def back(data: Any) -> None:
        restore(data)
        collections.update((data or {}).get("cidr_collections", {}))

    def nothing() -> None:
        reset()
        collections.clear()

    store.get_state, store.load_persisted_state, store.reset = whole, back, nothing
