"""Manifests that nobody may save, each with the code and the field that the refusal names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tests import builders

Document = dict[str, Any]


class Bad(NamedTuple):
    """`change` makes a good manifest bad; the refusal names `field` and says `code`."""

    change: Callable[[Document], object]
    field: str
    code: str
    status: int = 400


def field(name: str, value: Any) -> Callable[[Document], object]:
    return lambda document: document.update({name: value})


def of_function(name: str, value: Any) -> Callable[[Document], object]:
    return lambda document: document["components"][1].update({name: value})


def of_table(name: str, value: Any) -> Callable[[Document], object]:
    return lambda document: document["components"][0].update({name: value})


def also(component: Document) -> Callable[[Document], object]:
    return lambda document: document["components"].append(component)


def without(*path: Any) -> Callable[[Document], object]:
    def remove(document: Any) -> None:
        for part in path[:-1]:
            document = document[part]
        del document[path[-1]]

    return remove


def needing(name: str, of: str) -> Document:
    return {**builders.manifest()["components"][1], "name": name, "environment": {"OTHER": of}, "routes": []}


def both(*changes: Callable[[Document], object]) -> Callable[[Document], object]:
    def change(document: Document) -> None:
        for each in changes:
            each(document)

    return change


HOME = "us-west-2"
DEFAULT: Document = {"default": True, "to": HOME}


def routed(policy: str, *branches: Any) -> Callable[[Document], object]:
    return field("routing", {"policy": policy, "branches": list(branches)})


def block(name: str, *cidrs: str) -> Document:
    return {"name": name, "cidrs": list(cidrs), "to": HOME}


def nested(levels: int) -> Any:
    return {"policy": "failover", "primary": nested(levels - 1), "secondary": HOME} if levels else HOME


ENVIRONMENT = "components[1].environment"

MANIFESTS: dict[str, Bad] = {
    # names
    "a name in capitals": Bad(field("name", "KeyValue"), "name", "form"),
    "a name in Cyrillic": Bad(field("name", "ключ"), "name", "form"),
    "a name in full-width letters": Bad(field("name", "ｋｖ"), "name", "form"),
    "a name that is a path": Bad(field("name", "../etc"), "name", "form"),
    "a name with a line break": Bad(field("name", "kv\r\nX: y"), "name", "form"),
    "a name that ends in a line break": Bad(field("name", "kv\n"), "name", "form"),
    "a name of 41 characters": Bad(field("name", "a" * 41), "name", "length"),
    "an empty name": Bad(field("name", ""), "name", "form"),
    "a number for a name": Bad(field("name", 7), "name", "type"),
    "a list for a name": Bad(field("name", ["kv"]), "name", "type"),
    "null for a name": Bad(field("name", None), "name", "type"),
    "no name": Bad(without("name"), "name", "missing"),
    # unknown fields
    "a field that is misspelt": Bad(field("hostnmae", "kv.example.test"), "hostnmae", "unknown_field"),
    "a field of a component that is misspelt": Bad(of_function("runtme", "x"), "components[1].runtme", "unknown_field"),
    "a field of another kind": Bad(of_table("handler", "x.y"), "components[0].handler", "unknown_field"),
    "a field with a name in another alphabet": Bad(field("имя", 1), "имя", "unknown_field"),
    "a field of a prototype": Bad(field("__proto__", {}), "__proto__", "unknown_field"),
    # where
    "a region that is none": Bad(field("regions", ["eu-centrl-1"]), "regions[0]", "region"),
    "a region in capitals": Bad(field("regions", ["US-WEST-2"]), "regions[0]", "region"),
    "a region twice": Bad(field("regions", ["us-west-2", "us-west-2"]), "regions", "twice"),
    "no region": Bad(field("regions", []), "regions", "missing"),
    "regions as a text": Bad(field("regions", "us-west-2"), "regions", "type"),
    "a region as a number": Bad(field("regions", [1]), "regions[0]", "type"),
    "regions as null": Bad(field("regions", None), "regions", "type"),
    "a region with an override that is none": Bad(
        field("regions", [{"us-west-2": {"memory": 1}}]), "regions[0].memory", "unknown_field"
    ),
    "a region with an override of the wrong type": Bad(
        field("regions", [{"us-west-2": {"memory_mb": "much"}}]), "regions[0].memory_mb", "type"
    ),
    "fifty-one regions": Bad(field("regions", ["us-west-2"] * 51), "regions", "too_many"),
    "an account that is none": Bad(field("account", "prdo"), "account", "account"),
    "an account that is a number": Bad(field("account", 1), "account", "type"),
    # hostname
    "a hostname that is an address": Bad(field("hostname", "https://kv.example.test/"), "hostname", "hostname"),
    "a hostname with a blank": Bad(field("hostname", "k v.example.test"), "hostname", "hostname"),
    "a hostname with a NUL's neighbour": Bad(field("hostname", "kv\x01.example.test"), "hostname", "control_character"),
    "a hostname with a line break": Bad(field("hostname", "kv.example.test\r\nHost: x"), "hostname", "hostname"),
    "a hostname of one label": Bad(field("hostname", "localhost"), "hostname", "hostname"),
    "a hostname with a label of 64": Bad(field("hostname", f"{'a' * 64}.example.test"), "hostname", "hostname"),
    "a hostname of 65 characters": Bad(field("hostname", f"{'a' * 52}.example.test"), "hostname", "too_long"),
    "a hostname in Cyrillic": Bad(field("hostname", "ключ.example.test"), "hostname", "hostname"),
    "a hostname with an underscore": Bad(field("hostname", "_owner.example.test"), "hostname", "hostname"),
    "a wildcard for a hostname": Bad(field("hostname", "*.example.test"), "hostname", "hostname"),
    "no hostname, and routes": Bad(without("hostname"), "hostname", "missing"),
    "a zone that does not hold the hostname": Bad(field("zone", {"name": "other.test"}), "zone.name", "zone"),
    "a zone as a text": Bad(field("zone", "example.test"), "zone", "type"),
    "a hostname of another service": Bad(field("hostname", "taken.example.test"), "hostname", "hostname_taken", 409),
    # components
    "no component": Bad(field("components", []), "components", "missing"),
    "components as a map": Bad(field("components", {"kind": "table"}), "components", "type"),
    "a component as a text": Bad(field("components", ["table"]), "components[0]", "type"),
    "a component without a kind": Bad(without("components", 0, "kind"), "components[0].kind", "missing"),
    "a component without a name": Bad(without("components", 0, "name"), "components[0].name", "missing"),
    "a kind that is none": Bad(of_table("kind", "tabel"), "components[0].kind", "kind"),
    "a kind that is a module's path": Bad(of_table("kind", "../table"), "components[0].kind", "kind"),
    "a kind that is a list": Bad(of_table("kind", ["table"]), "components[0].kind", "kind"),
    "two components of one name": Bad(of_table("name", "get-key"), "components[1].name", "twice"),
    "a hundred and one components": Bad(
        lambda document: document["components"].extend(
            {"kind": "table", "name": f"t{n}", "key": {"k": "S"}} for n in range(100)
        ),
        "components",
        "too_many",
    ),
    "a table without a key": Bad(without("components", 0, "key"), "components[0].key", "missing"),
    "a table with an empty key": Bad(of_table("key", {}), "components[0].key", "key"),
    "a table with three keys": Bad(of_table("key", [{"a": "S"}, {"b": "S"}, {"c": "S"}]), "components[0].key", "key"),
    "a key of a type that is none": Bad(of_table("key", {"key": "STRING"}), "components[0].key.key", "choice"),
    "a key that is a number": Bad(of_table("key", 1), "components[0].key", "type"),
    "a runtime that is none": Bad(of_function("runtime", "pyton3.12"), "components[1].runtime", "choice"),
    "a runtime that is null": Bad(of_function("runtime", None), "components[1].runtime", "choice"),
    "an empty handler": Bad(of_function("handler", ""), "components[1].handler", "form"),
    "a handler with a blank": Bad(of_function("handler", "get key.main"), "components[1].handler", "form"),
    "a handler that is a list": Bad(of_function("handler", ["get_key.main"]), "components[1].handler", "type"),
    "an artifact that is no hash": Bad(of_function("artifact", "latest"), "components[1].artifact", "form"),
    "an artifact that is a path": Bad(of_function("artifact", "sha256:../../x"), "components[1].artifact", "form"),
    "an artifact of another hash": Bad(of_function("artifact", "md5:" + "0" * 32), "components[1].artifact", "form"),
    "a directory in place of an artifact": Bad(
        both(of_function("directory", "handlers/"), without("components", 1, "artifact")),
        "components[1].directory",
        "elsewhere",
    ),
    "memory below the least": Bad(of_function("memory_mb", 127), "components[1].memory_mb", "range"),
    "memory above the most": Bad(of_function("memory_mb", 10241), "components[1].memory_mb", "range"),
    "memory as a text": Bad(of_function("memory_mb", "256"), "components[1].memory_mb", "type"),
    "memory as a truth": Bad(of_function("memory_mb", True), "components[1].memory_mb", "type"),
    "memory as a fraction": Bad(of_function("memory_mb", 256.5), "components[1].memory_mb", "type"),
    "a negative time-out": Bad(of_function("timeout_s", -1), "components[1].timeout_s", "range"),
    "a time-out longer than API Gateway waits": Bad(of_function("timeout_s", 901), "components[1].timeout_s", "range"),
    "a concurrency below nothing": Bad(
        of_function("reserved_concurrency", -1), "components[1].reserved_concurrency", "range"
    ),
    "a payload format that is none": Bad(
        of_function("payload_format", "3.0"), "components[1].payload_format", "choice"
    ),
    "a payload format as a number": Bad(of_function("payload_format", 2.0), "components[1].payload_format", "choice"),
    "an architecture that is none": Bad(of_function("architecture", "sparc"), "components[1].architecture", "choice"),
    # routes
    "a route without a method": Bad(of_function("routes", ["/{key}"]), "components[1].routes[0]", "route"),
    "a route of a method that is none": Bad(of_function("routes", ["FETCH /x"]), "components[1].routes[0]", "route"),
    "a route with a line break": Bad(of_function("routes", ["GET /x\r\nX: y"]), "components[1].routes[0]", "route"),
    "a route with an open brace": Bad(of_function("routes", ["GET /{key"]), "components[1].routes[0]", "route"),
    "a route twice": Bad(of_function("routes", ["GET /{a}", "GET /{b}"]), "components[1].routes", "twice"),
    "routes as a text": Bad(of_function("routes", "GET /x"), "components[1].routes", "type"),
    "a route that another function has": Bad(
        also({**builders.manifest()["components"][1], "name": "other", "routes": ["GET /{other}"]}),
        "components[2].routes[0]",
        "twice",
    ),
    # references
    "a reference to nobody": Bad(
        of_function("environment", {"TABLE": "${keyvalue.name}"}), f"{ENVIRONMENT}.TABLE", "reference"
    ),
    "a reference to what a table has not": Bad(
        of_function("environment", {"TABLE": "${keyvalues.nmae}"}), f"{ENVIRONMENT}.TABLE", "reference"
    ),
    "a reference to a field of a class": Bad(
        of_function("environment", {"TABLE": "${keyvalues.__class__}"}), f"{ENVIRONMENT}.TABLE", "reference"
    ),
    "a reference that does not end": Bad(
        of_function("environment", {"TABLE": "${keyvalues.name"}), f"{ENVIRONMENT}.TABLE", "reference"
    ),
    "an empty reference": Bad(of_function("environment", {"TABLE": "${}"}), f"{ENVIRONMENT}.TABLE", "reference"),
    "a function that needs itself": Bad(
        of_function("environment", {"TABLE": "${get-key.arn}"}), "components[1]", "cycle"
    ),
    "functions that need each other": Bad(
        both(also(needing("a", "${b.arn}")), also(needing("b", "${a.arn}"))), "components[2]", "cycle"
    ),
    "a variable with a blank": Bad(of_function("environment", {"MY VAR": "x"}), f"{ENVIRONMENT}.MY VAR", "form"),
    "a variable that AWS keeps for itself": Bad(
        of_function("environment", {"AWS_REGION": "x"}), f"{ENVIRONMENT}.AWS_REGION", "reserved"
    ),
    "a variable that is a number": Bad(of_function("environment", {"PORT": 8080}), f"{ENVIRONMENT}.PORT", "type"),
    "variables that are too long together": Bad(
        of_function("environment", {"BIG": "x" * 5000}), "components[1].environment", "too_long"
    ),
    # how it is reached and judged
    "a policy that is none": Bad(field("routing", {"policy": "latncy"}), "routing.policy", "choice"),
    "a policy that is a path": Bad(field("routing", {"policy": "../latency"}), "routing.policy", "choice"),
    "simple routing to two regions": Bad(field("routing", {"policy": "simple"}), "routing.policy", "policy"),
    "a TTL of nothing": Bad(field("routing", {"ttl": 0}), "routing.ttl", "range"),
    "a TTL of a week": Bad(field("routing", {"ttl": 604_800}), "routing.ttl", "range"),
    "a TTL as a text": Bad(field("routing", {"ttl": "60"}), "routing.ttl", "type"),
    "multivalue, which aliases can't": Bad(field("routing", {"policy": "multivalue"}), "routing.policy", "policy"),
    "two defaults": Bad(routed("geolocation", DEFAULT, DEFAULT), "routing.branches[1]", "twice"),
    "no default": Bad(routed("geolocation", {"continent": "EU", "to": HOME}), "routing.branches", "default"),
    "a weight beyond Route 53's": Bad(
        routed("weighted", {"to": HOME, "weight": 256}), "routing.branches[0].weight", "range"
    ),
    "blocks that overlap": Bad(
        routed("ip", block("a", "10.0.0.0/8"), block("b", "10.1.0.0/16"), DEFAULT),
        "routing.branches[1].cidrs[0]",
        "overlap",
    ),
    "a secondary without a primary": Bad(
        field("routing", {"policy": "failover", "secondary": HOME}), "routing.primary", "missing"
    ),
    "ten thousand branches": Bad(routed("latency", *["us-east-1"] * 10_000), "routing.branches", "too_many"),
    "policies without end": Bad(field("routing", nested(20)), f"routing{'.primary' * 5}", "too_deep"),
    "routing as a text": Bad(field("routing", "latency"), "routing", "type"),
    "a check of a path that is none": Bad(field("health_check", {"path": "health"}), "health_check.path", "form"),
    "a check of a path with a blank": Bad(field("health_check", {"path": "/a b"}), "health_check.path", "form"),
    "a check of a path with a line break": Bad(
        field("health_check", {"path": "/x\r\nHost: y"}), "health_check.path", "form"
    ),
    "a check of another host": Bad(field("health_check", {"path": "http://x/"}), "health_check.path", "form"),
    "a check of a path of 256": Bad(field("health_check", {"path": "/" + "x" * 255}), "health_check.path", "length"),
    "a check each 15 s": Bad(field("health_check", {"interval": 15}), "health_check.interval", "choice"),
    "a check with a threshold of 11": Bad(
        field("health_check", {"failure_threshold": 11}), "health_check.failure_threshold", "range"
    ),
    "an SLO of 100": Bad(field("slo", {"availability": 100}), "slo.availability", "range"),
    "an SLO of a text": Bad(field("slo", {"availability": "99.9%"}), "slo.availability", "type"),
    "an SLO of more than all": Bad(field("slo", {"availability": 1e308}), "slo.availability", "range"),
    "a latency of nothing": Bad(field("slo", {"latency_ms": 0}), "slo.latency_ms", "range"),
    "a repair that is none": Bad(field("safety", {"repair": "yes"}), "safety.repair", "choice"),
    "no region that must serve": Bad(
        field("safety", {"min_serving_regions": 0}), "safety.min_serving_regions", "range"
    ),
    "a drain of two hours": Bad(field("safety", {"drain_s": 7200}), "safety.drain_s", "range"),
    "a drain below nothing": Bad(field("safety", {"drain_s": -1}), "safety.drain_s", "range"),
    # names and tags in AWS
    "a tag that is ours": Bad(field("tags", {"antipode:owner": "me"}), "tags.antipode:owner", "reserved"),
    "a tag that is AWS's": Bad(field("tags", {"AWS:x": "y"}), "tags.AWS:x", "reserved"),
    "a tag with a sign that IAM does not take": Bad(field("tags", {"team": "core<script>"}), "tags.team", "form"),
    "a tag that is a number": Bad(field("tags", {"team": 7}), "tags.team", "type"),
    "tags that differ in their case": Bad(field("tags", {"team": "a", "Team": "b"}), "tags", "twice"),
    "forty-one tags": Bad(field("tags", {f"t{n}": "x" for n in range(41)}), "tags", "length"),
    "a stage in capitals": Bad(field("stage", "Prod"), "stage", "form"),
    "a stage beside a tag of its name": Bad(
        both(field("stage", "prod"), field("tags", {"stage": "x"})), "tags", "twice"
    ),
    "a schema of tomorrow": Bad(field("schema", 2), "schema", "choice"),
}
