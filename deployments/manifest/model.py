"""The manifest's fields, each checked by itself. Pure; what needs a second field or the world is in `check.py`."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, InstanceOf, WithJsonSchema
from pydantic_core import CoreSchema

from deployments.components.component import Component, Overrides
from deployments.plugins import policies
from deployments.routing.policy import Branch, Node, Policy, known_region
from deployments.schema import Label, Strict, at_most, ordered, pattern, quoted, refused, unknown

# ACM: the first name of a certificate may have 64 characters, the others 253.
HOSTNAME_LIMIT = 64
_HOST_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
# What IAM, the strictest of them, takes in a tag.
_TAG = r"[\w\s.:/=+@-]*"
MOST_TAGS = 40
MOST_REGIONS = 50


def _host(name: str) -> str:
    """A name in DNS: lower case, without the dot at its end."""
    lowered = name.lower().removesuffix(".")
    labels = lowered.split(".")
    if len(labels) < 2 or len(lowered) > 253 or not all(map(_HOST_LABEL.fullmatch, labels)):
        raise refused(
            "hostname",
            f"{quoted(name)} is not a host name",
            "use labels of letters, digits and hyphens, with dots between them: kv.example.com",
        )
    return lowered


def _certifiable(name: str) -> str:
    if len(name) > HOSTNAME_LIMIT:
        raise refused(
            "too_long",
            f"{quoted(name)} has {len(name)} characters, a certificate's first name at most {HOSTNAME_LIMIT}",
            "choose a shorter name",
        )
    return name


def _tag_key(key: str) -> str:
    for prefix in ("aws:", "antipode:"):
        if key.lower().startswith(prefix):
            raise refused("reserved", f"tags that begin with {prefix} are reserved", "choose another key")
    return key


def _told_apart(tags: dict[str, str]) -> dict[str, str]:
    if len({key.lower() for key in tags}) < len(tags):
        raise refused(
            "twice", "two tags differ only in upper and lower case, which IAM does not tell apart", "keep one"
        )
    return tags


def _once(placements: tuple[Placement, ...]) -> tuple[Placement, ...]:
    codes = [placement.region for placement in placements]
    for code in codes:
        if codes.count(code) > 1:
            raise refused("twice", f"{quoted(code)} stands twice", "name each region once")
    return placements


def _policy(name: Any) -> Any:
    if not isinstance(name, str) or name not in policies():
        raise refused("choice", *unknown(name, "a routing policy", tuple(policies())))
    if (refusal := policies()[name].refusal) is not None:
        raise refused("policy", f"{name} can't be used: {refusal[0]}", refusal[1])
    return name


def _one_of_two(interval_s: int) -> int:
    if interval_s not in (10, 30):
        raise refused(
            "choice", f"{interval_s} is not an interval of Route 53's health checks", "use 10 or 30 (seconds)"
        )
    return interval_s


def _repair(word: Any) -> Any:
    if word not in ("auto", "report"):
        raise refused("choice", *unknown(word, "a way to treat drift", ("auto", "report")))
    return word


def _switch(word: Any) -> Any:
    if word not in ("region", "service"):
        raise refused("choice", *unknown(word, "whose switch it is", ("region", "service")))
    return word


Hostname = Annotated[str, AfterValidator(_host)]


class Zone(Strict):
    """The hosted zone that the records go to; without it, the account's longest that holds the hostname."""

    name: Hostname


class Slo(Strict):
    """What the service owes: availability in per cent, and the latency (p95, ms) beyond which it is degraded."""

    availability: Annotated[float | None, Field(gt=0, lt=100, description="Per cent.")] = None
    latency_ms: Annotated[
        int | None,
        Field(ge=1, le=60_000, description="A replica whose 95th of 100 good probes is slower is degraded."),
    ] = None


class Placement(Overrides):
    """One region that the service lives in, and what it has otherwise there."""

    region: Annotated[str, AfterValidator(known_region)]


class Routing(Strict):
    """How users are led to a region. `branches`: as `branches.py` read them; none: to every region of the manifest."""

    policy: Annotated[
        str,
        BeforeValidator(_policy),
        Field(description="Which of its branches a user is sent to. latency: to the nearest healthy one."),
    ] = "latency"
    ttl: Annotated[int, Field(ge=1, le=86_400, description="Seconds, of records that are no alias.")] = 60
    switch: Annotated[
        Literal["region", "service"],
        BeforeValidator(_switch),
        Field(description="What takes a region out: one switch for all services there, or one of this service alone."),
    ] = "region"
    branches: Annotated[tuple[InstanceOf[Branch], ...], Field(strict=False), WithJsonSchema({})] = ()

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """With what each policy takes: it is in their files, not in this class."""
        schema = handler.resolve_ref_schema(handler(core))
        usable = [name for name, found in policies().items() if found.refusal is None]
        named = {"policy": {**schema["properties"]["policy"], "enum": usable}}
        schema["properties"] = {**schema["properties"], **named, **policy_fields()}
        return schema


def policy_fields() -> dict[str, Any]:
    """The schema of what policies say beside their names: branches with the fields of all, and the named ones."""
    to = Branch.model_json_schema()["properties"]["to"]
    row: dict[str, Any] = {}
    named: dict[str, Any] = {}
    for found in policies().values():
        own = found.branch.model_json_schema()
        shown = {name: _plain(part, own.get("$defs", {})) for name, part in own["properties"].items()}
        if found.fields == Policy.fields:
            row |= {name: part for name, part in shown.items() if name not in row}
        else:
            named |= {name: {**to, "title": name.capitalize()} for name in found.fields}
    rows = {
        "type": "array",
        "items": {"type": "object", "properties": row, "required": ["to"]},
        "description": "Where users may go; none: to every region, where the policy can do so.",
    }
    return {"branches": rows, **named}


def _plain(part: dict[str, Any], defs: dict[str, Any]) -> Any:
    """Without references into its own document, and without a default: another policy's branch has no such field."""
    text = json.dumps({name: value for name, value in part.items() if name != "default"})
    for name, content in defs.items():
        text = text.replace(json.dumps({"$ref": f"#/$defs/{name}"}), json.dumps(content))
    return json.loads(text)


class HealthCheck(Strict):
    """What Route 53 and our own probes ask each replica: GET `path`, each `interval` seconds."""

    path: Annotated[
        str,
        Field(max_length=255, description="What is asked of each replica; any answer of 2xx or 3xx is good."),
        pattern("a path", r"/[!-~]*", "begin with / and use ASCII without blanks, such as /health"),
    ] = "/"
    interval: Annotated[
        int,
        AfterValidator(_one_of_two),
        Field(description="Seconds.", json_schema_extra={"enum": [10, 30]}),
    ] = 10
    failure_threshold: Annotated[
        int, Field(ge=1, le=10, description="So many failures in a row make a replica down.")
    ] = 3


class Safety(Strict):
    """What no deploy and no repair may do.

    min_serving_regions  fewer may never stay in rotation
    repair               what becomes of drift: mended by itself, or only reported
    drain_s              how long, after the TTL, what users were led to stays once they no longer are
    """

    min_serving_regions: Annotated[
        int, Field(ge=1, le=MOST_REGIONS, description="A deploy that would leave fewer in rotation is refused.")
    ] = 1
    repair: Annotated[
        Literal["auto", "report"],
        BeforeValidator(_repair),
        Field(description="Drift is mended by itself, or only told. Nothing is ever destroyed by itself."),
    ] = "auto"
    drain_s: Annotated[
        int,
        Field(ge=0, le=3600, description="How long, after the TTL, a replica that leaves DNS still answers."),
    ] = 300


class Manifest(Strict):
    """One service, whole. `account` is never empty once parsed."""

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    name: Label
    account: Annotated[str, Field(min_length=1)] | None = None
    stage: Annotated[
        Annotated[Label, Field(max_length=20)] | None,
        Field(description="Part of all names in AWS, such as prod: the same service twice in one account."),
    ] = None
    tags: Annotated[
        dict[
            Annotated[
                str,
                Field(min_length=1, max_length=128),
                pattern("a tag's key", _TAG, "use letters, digits, blanks and _.:/=+-@"),
                AfterValidator(_tag_key),
            ],
            Annotated[
                str,
                Field(max_length=256),
                pattern("a tag's value", _TAG, "use letters, digits, blanks and _.:/=+-@"),
            ],
        ],
        AfterValidator(_told_apart),
    ] = Field(default_factory=dict, max_length=MOST_TAGS, description="Put on everything that is made in AWS.")
    hostname: Annotated[
        Annotated[Hostname, AfterValidator(_certifiable)] | None,
        Field(description="What users call, such as kv.example.com; needed once a component has routes."),
    ] = None
    zone: Zone | None = None
    slo: Slo = Slo()
    regions: Annotated[
        tuple[Placement, ...],
        Field(strict=False),
        BeforeValidator(ordered(key="region", value=None)),
        AfterValidator(_once),
        at_most(MOST_REGIONS, "regions"),
    ]
    components: Annotated[tuple[InstanceOf[Component], ...], Field(strict=False)]
    routing: Routing = Routing()
    health_check: HealthCheck = HealthCheck()
    safety: Safety = Safety()

    @property
    def region_codes(self) -> tuple[str, ...]:
        return tuple(placement.region for placement in self.regions)

    @property
    def tree(self) -> Node:
        """How users are led to its regions, with every region named."""
        policy = policies()[self.routing.policy]
        overrides = {placement.region: placement for placement in self.regions}
        return Node(policy, self.routing.branches or policy.every(overrides))

    @property
    def routes(self) -> tuple[str, ...]:
        """The route keys of all its components: without any it has no API, no domain and no record."""
        return tuple(route for component in self.components for route in component.serves)
