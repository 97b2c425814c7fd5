"""Names and shapes of AWS calls, read from botocore's own service models.

`call.parse` asks here which operation a path means and what its input says; the strict layer then reads parameters by
the names that AWS documents. Pure but for reading botocore's packaged JSON once a service. Never validates: rules do.
"""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

VERSIONS = {
    "acm": "2015-12-08",
    "apigatewayv2": "2018-11-29",
    "dynamodb": "2012-08-10",
    "iam": "2010-05-08",
    "lambda": "2015-03-31",
    "logs": "2014-03-28",
    "route53": "2013-04-01",
    "sts": "2011-06-15",
}
_PLACEHOLDER = re.compile(r"\{(\w+)(\+?)\}")
_TRUE = frozenset({"true", "1"})

Model = dict[str, Any]
Route = tuple[str, re.Pattern[str], str]


@cache
def model(service: str) -> Model:
    """The service's model as botocore ships it."""
    folder = resources.files("botocore") / "data" / service / VERSIONS[service]
    loaded: Model = json.loads(gzip.decompress((folder / "service-2.json.gz").read_bytes()))
    return loaded


@cache
def _routes(service: str) -> list[Route]:
    """(method, path pattern, operation) of a REST service, the most literal first."""
    found = []
    for name, operation in model(service)["operations"].items():
        http = operation["http"]
        path = http["requestUri"].split("?")[0]
        parts = _PLACEHOLDER.split(path)
        pattern = re.escape(parts[0])
        for at in range(1, len(parts), 3):
            pattern += f"(?P<{parts[at]}>{'.+' if parts[at + 1] else '[^/]+'})" + re.escape(parts[at + 2])
        literal = len(_PLACEHOLDER.sub("", path))
        found.append((literal, (http["method"], re.compile(pattern.rstrip("/") + "/?$"), name)))
    return [route for _, route in sorted(found, key=lambda pair: -pair[0])]


def operation_of(service: str, method: str, raw_path: str) -> tuple[str, dict[str, str]] | None:
    """(operation, its path's values by wire name) of a REST request, None for a path that the service has not."""
    for wanted, pattern, name in _routes(service):
        if wanted == method and (match := pattern.match(raw_path)):
            return name, {key: unquote(value) for key, value in match.groupdict().items()}
    return None


def rest_params(
    service: str, operation: str, uri: dict[str, str], query: dict[str, list[str]], headers: dict[str, str], body: bytes
) -> dict[str, Any]:
    """A REST call's input as the names that AWS documents: path, query, headers and body together."""
    shapes = model(service)["shapes"]
    reference = model(service)["operations"][operation].get("input")
    if reference is None:
        return {}
    shape = shapes[reference["shape"]]
    params: dict[str, Any] = {}
    in_body: dict[str, Any] = {}
    for member, spec in shape.get("members", {}).items():
        wire = spec.get("locationName", member)
        match spec.get("location"):
            case "uri":
                if wire in uri:
                    params[member] = _scalar(shapes[spec["shape"]], uri[wire])
            case "querystring":
                if wire in query:
                    params[member] = _from_query(shapes, spec["shape"], query[wire])
            case "header":
                if wire.lower() in headers:
                    params[member] = _scalar(shapes[spec["shape"]], headers[wire.lower()])
            case "headers" | "statusCode":
                pass
            case _:
                in_body[member] = spec
    payload = shape.get("payload")
    if payload is not None and shapes[shape["members"][payload]["shape"]]["type"] == "blob":
        params[payload] = body
    elif body:
        xml = model(service)["metadata"]["protocol"] == "rest-xml"
        decoded = (
            _from_xml(shapes, _body_shape(shapes, shape, payload), ElementTree.fromstring(body))
            if xml
            else _from_json(shapes, _body_shape(shapes, shape, payload), json.loads(body))
        )
        if payload is not None:
            params[payload] = decoded
        elif isinstance(decoded, dict):
            params.update({member: decoded[member] for member in in_body if member in decoded})
    return params


def _body_shape(shapes: Model, shape: Model, payload: str | None) -> Model:
    if payload is None:
        return shape
    found: Model = shapes[shape["members"][payload]["shape"]]
    return found


def _scalar(shape: Model, text: str) -> Any:
    """A value that travelled as text, in its own type; text that does not fit stays text for the service to refuse."""
    try:
        match shape["type"]:
            case "integer" | "long":
                return int(text)
            case "float" | "double":
                return float(text)
            case "boolean":
                return text.lower() in _TRUE
    except ValueError:
        return text
    return text


def _from_query(shapes: Model, name: str, values: list[str]) -> Any:
    shape = shapes[name]
    if shape["type"] == "list":
        return [_scalar(shapes[shape["member"]["shape"]], value) for value in values]
    return _scalar(shape, values[-1])


def _from_json(shapes: Model, shape: Model, value: Any) -> Any:
    """JSON by wire names → the documented names (API Gateway writes `domainName` for DomainName)."""
    match shape["type"]:
        case "structure" if isinstance(value, dict):
            return {
                member: _from_json(shapes, shapes[spec["shape"]], value[wire])
                for member, spec in shape.get("members", {}).items()
                if value.get(wire := spec.get("locationName", member)) is not None
            }
        case "list" if isinstance(value, list):
            item = shapes[shape["member"]["shape"]]
            return [_from_json(shapes, item, one) for one in value]
        case "map" if isinstance(value, dict):
            item = shapes[shape["value"]["shape"]]
            return {key: _from_json(shapes, item, one) for key, one in value.items()}
    return value


def _from_xml(shapes: Model, shape: Model, element: ElementTree.Element) -> Any:
    """An XML element → plain values; namespaces do not matter."""
    match shape["type"]:
        case "structure":
            children: dict[str, list[ElementTree.Element]] = {}
            for child in element:
                children.setdefault(child.tag.rpartition("}")[2], []).append(child)
            found: dict[str, Any] = {}
            for member, spec in shape.get("members", {}).items():
                wire = spec.get("locationName", member)
                inner = shapes[spec["shape"]]
                if wire in children:
                    if inner["type"] == "list" and inner.get("flattened"):
                        item = shapes[inner["member"]["shape"]]
                        found[member] = [_from_xml(shapes, item, child) for child in children[wire]]
                    else:
                        found[member] = _from_xml(shapes, inner, children[wire][0])
            return found
        case "list":
            item = shapes[shape["member"]["shape"]]
            return [_from_xml(shapes, item, child) for child in element]
    return _scalar(shape, element.text or "")


def query_params(form: dict[str, list[str]]) -> dict[str, Any]:
    """A query-protocol form (`Tags.member.1.Key=…`, EC2's `Filter.1.Name=…`) as nested values, its Action left out."""
    tree: dict[str, Any] = {}
    for key, values in form.items():
        if key in ("Action", "Version"):
            continue
        node = tree
        *parents, last = [part for part in key.split(".") if part not in ("member", "entry")]
        for part in parents:
            inner = node.setdefault(part, {})
            if not isinstance(inner, dict):
                break
            node = inner
        else:
            node[last] = values[-1]
    return {key: _listed(value) for key, value in tree.items()}


def _listed(value: Any) -> Any:
    """Mappings numbered 1, 2, … become lists."""
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(inner) for key, inner in value.items()}
