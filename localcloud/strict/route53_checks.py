"""Route 53 health checks: what a check may say, that it keeps all of it, and that a token makes one check ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import route53 as store

from localcloud.call import Answer, Call
from localcloud.strict import limits
from localcloud.strict.allowed import denied
from localcloud.strict.route53 import answered
from localcloud.strict.rules import Refusal, rule

_API = "https://docs.aws.amazon.com/Route53/latest/APIReference"
_CREATE = f"{_API}/API_CreateHealthCheck.html"
_UPDATE = f"{_API}/API_UpdateHealthCheck.html"
_CONFIG = f"{_API}/API_HealthCheckConfig.html"

ENDPOINT_TYPES = frozenset({"HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP"})
TYPES = ENDPOINT_TYPES | {"CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"}
CHECKER_REGIONS = frozenset(
    {
        "us-east-1",
        "us-west-1",
        "us-west-2",
        "eu-west-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-northeast-1",
        "sa-east-1",
    }
)
_MOST_CHILDREN = 256
_RESETTABLE = {
    "FullyQualifiedDomainName": "FullyQualifiedDomainName",
    "Regions": "Regions",
    "ResourcePath": "ResourcePath",
    "ChildHealthChecks": "ChildHealthChecks",
}


def defaults(kind: str) -> dict[str, Any]:
    """What AWS fills in where a check says nothing (API_HealthCheckConfig)."""
    held: dict[str, Any] = {"Inverted": False, "Disabled": False}
    if kind in ENDPOINT_TYPES:
        held |= {"RequestInterval": 30, "FailureThreshold": 3, "MeasureLatency": False}
    if kind in ENDPOINT_TYPES - {"TCP"}:
        held |= {"Port": 443 if kind.startswith("HTTPS") else 80, "EnableSNI": kind.startswith("HTTPS")}
    return held


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidInput", message)


def _kind(call: Call) -> str:
    """The type of the check that a call makes or changes."""
    if call.action == "CreateHealthCheck":
        return str(call.params.get("HealthCheckConfig", {}).get("Type", ""))
    held = store._health_checks.get(call.params.get("HealthCheckId", "")) or {"config": {}}
    return str(held["config"].get("Type", ""))


def _config(call: Call) -> dict[str, Any]:
    if call.action == "CreateHealthCheck":
        config: dict[str, Any] = call.params.get("HealthCheckConfig", {})
        return config
    return call.params


@rule("route53", "CreateHealthCheck", page=_CREATE)
def a_checks_caller_reference_is_used_once(call: Call) -> Refusal | None:
    """The same token with the same settings gives the check that exists; with others, or after deletion, nothing."""
    held = store._hc_caller_refs.get(call.params.get("CallerReference", ""))
    if held is None:
        return None
    existing = store._health_checks.get(held)
    asked = call.params.get("HealthCheckConfig", {})
    if existing is not None and _same(existing["config"], asked):
        return None
    return Refusal(
        "HealthCheckAlreadyExists",
        "A health check with this caller reference was created before, with other settings or deleted since.",
        409,
    )


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    def whole(config: dict[str, Any]) -> dict[str, Any]:
        filled = defaults(config.get("Type", "")) | config
        return {name: sorted(value) if isinstance(value, list) else value for name, value in filled.items()}

    return whole(one) == whole(other)


@rule(
    "route53", "CreateHealthCheck", page="https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html"
)
def an_account_has_200_checks(call: Call) -> Refusal | None:
    """The quota of health checks; a repeated token is no new check."""
    if call.params.get("CallerReference") in store._hc_caller_refs:
        return None
    if len(store._health_checks) >= limits.of(call.account).health_checks:
        return Refusal("TooManyHealthChecks", "Limits Exceeded: MAX_HEALTH_CHECKS_BY_OWNER")
    return None


@rule("route53", "CreateHealthCheck", page=_CONFIG)
def a_check_has_a_known_type(call: Call) -> Refusal | None:
    """Type is one of the eight."""
    return None if _kind(call) in TYPES else _invalid(f"Invalid health check type: {_kind(call)}")


@rule("route53", "CreateHealthCheck", page=_CONFIG)
def an_endpoint_check_has_an_endpoint(call: Call) -> Refusal | None:
    """An address or a name to ask, and for TCP a port."""
    config = _config(call)
    if _kind(call) not in ENDPOINT_TYPES:
        return None
    if not config.get("IPAddress") and not config.get("FullyQualifiedDomainName"):
        return _invalid("Either IPAddress or FullyQualifiedDomainName must be specified.")
    if _kind(call) == "TCP" and "Port" not in config:
        return _invalid("Port must be specified for a TCP health check.")
    return None


@rule("route53", "CreateHealthCheck", "UpdateHealthCheck", page=_CONFIG)
def a_checks_numbers_are_in_range(call: Call) -> Refusal | None:
    """Interval 10 or 30, failure threshold 1–10, port 1–65535, health threshold 0–256."""
    config = _config(call)
    if config.get("RequestInterval", 30) not in (10, 30):
        return _invalid("Invalid parameter : RequestInterval must be 10 or 30.")
    ranges = {"FailureThreshold": (1, 10), "Port": (1, 65_535), "HealthThreshold": (0, _MOST_CHILDREN)}
    for name, (least, most) in ranges.items():
        value = config.get(name, least)
        if not isinstance(value, int) or not least <= value <= most:
            return _invalid(f"Invalid parameter : {name} must be between {least} and {most}.")
    return None


@rule("route53", "CreateHealthCheck", "UpdateHealthCheck", page=_CONFIG)
def a_checks_texts_are_in_range(call: Call) -> Refusal | None:
    """Name, path and searched string have at most 255 characters."""
    config = _config(call)
    for name in ("FullyQualifiedDomainName", "ResourcePath", "SearchString"):
        if len(config.get(name, "")) > 255:
            return _invalid(f"Invalid parameter : {name} has more than 255 characters.")
    return None


@rule("route53", "CreateHealthCheck", "UpdateHealthCheck", page=_CONFIG)
def a_searched_string_belongs_to_string_matching(call: Call) -> Refusal | None:
    """SearchString is required for …_STR_MATCH and refused for the others."""
    matching = _kind(call).endswith("_STR_MATCH")
    given = bool(_config(call).get("SearchString"))
    if given and not matching:
        return _invalid("SearchString can only be specified for string matching health checks.")
    if matching and not given and call.action == "CreateHealthCheck":
        return _invalid("SearchString must be specified for string matching health checks.")
    return None


@rule("route53", "CreateHealthCheck", "UpdateHealthCheck", page=_CONFIG)
def checkers_ask_from_three_known_regions(call: Call) -> Refusal | None:
    """Regions, where given, are at least three of the eight checker regions, for endpoints only."""
    regions = _config(call).get("Regions") or []
    if not regions:
        return None
    if _kind(call) not in ENDPOINT_TYPES:
        return _invalid("Regions can only be specified for health checks of endpoints.")
    unknown = sorted(set(regions) - CHECKER_REGIONS)
    if unknown:
        return _invalid(f"Invalid health checker region: {', '.join(unknown)}")
    if len(set(regions)) < 3:
        return _invalid("At least three health checker regions must be specified.")
    return None


@rule("route53", "CreateHealthCheck", "UpdateHealthCheck", page=_CONFIG)
def a_calculated_check_watches_plain_ones(call: Call) -> Refusal | None:
    """Children exist, are at most 256 and are not calculated themselves; other types have none."""
    config = _config(call)
    children = config.get("ChildHealthChecks") or []
    if _kind(call) != "CALCULATED":
        return _invalid("ChildHealthChecks can only be specified for CALCULATED.") if children else None
    if call.action == "CreateHealthCheck" and "HealthThreshold" not in config:
        return _invalid("HealthThreshold must be specified for CALCULATED.")
    if len(children) > _MOST_CHILDREN:
        return _invalid(f"A calculated health check has at most {_MOST_CHILDREN} children.")
    for child in children:
        held = store._health_checks.get(child)
        if held is None:
            return _invalid(f"Child health check {child} does not exist.")
        if held["config"].get("Type") == "CALCULATED":
            return _invalid(f"Child health check {child} is a calculated health check.")
    return None


@rule("route53", "UpdateHealthCheck", page=_UPDATE)
def an_update_names_the_latest_version(call: Call) -> Refusal | None:
    """HealthCheckVersion, where given, is the one that is stored."""
    held = store._health_checks.get(call.params.get("HealthCheckId", ""))
    wanted = call.params.get("HealthCheckVersion")
    if held is not None and wanted is not None and wanted != held.get("version", 1):
        return Refusal(
            "HealthCheckVersionMismatch", "The value of HealthCheckVersion does not match the current version.", 409
        )
    return None


@rule("route53", "UpdateHealthCheck", page=_UPDATE)
def interval_type_and_latency_never_change(call: Call) -> Refusal | None:
    """Type, interval and latency measurement can't be updated; botocore has no such fields, raw XML can."""
    for name in ("Type", "RequestInterval", "MeasureLatency"):
        if f"<{name}>".encode() in call.body:
            return _invalid(f"Unexpected element {name}: it can't be changed after creation.")
    return None


@rule("route53", "GetHealthCheckCount", page=f"{_API}/API_GetHealthCheckCount.html")
def checks_are_counted(call: Call) -> Refusal | Answer:
    """How many health checks the account has (ministack has no such call)."""
    if refused := denied(call):
        return refused

    def build(root: Any) -> None:
        store.SubElement(root, "HealthCheckCount").text = str(len(store._health_checks))

    return answered(store._xml_response("GetHealthCheckCountResponse", build))


def patch() -> None:
    """Checks answer with all they were told, and a deleted one's token stays used."""
    build: Callable[[Any, dict[str, Any]], None] = store._build_health_check_el
    parse = store._parse_health_check_config
    delete = store._delete_health_check
    update = store._update_health_check

    def parse_lists(element: Any) -> Any:
        """ministack looks for the texts of list items one level too deep."""
        config = parse(element)
        for name, item in (("ChildHealthChecks", "ChildHealthCheck"), ("Regions", "Region")):
            held = store._find(element, name)
            if held is not None:
                config[name] = [one.text or "" for one in store._findall(held, item)]
        return config

    def build_whole(parent: Any, check: dict[str, Any]) -> None:
        config = defaults(check.get("config", {}).get("Type", "")) | check.get("config", {})
        texts = {name: str(value).lower() if isinstance(value, bool) else value for name, value in config.items()}
        build(parent, check | {"config": texts})

    def delete_for_ever(check_id: str) -> Any:
        token = (store._health_checks.get(check_id) or {}).get("caller_reference")
        response = delete(check_id)
        if token is not None:
            store._hc_caller_refs[token] = check_id
        return response

    def update_and_reset(check_id: str, body: bytes) -> Any:
        root = store._parse_body(body)
        held = store._health_checks.get(check_id)
        response = update(check_id, body)
        resets = store._find(root, "ResetElements") if root is not None else None
        if held is None or resets is None:
            return response
        for element in store._findall(resets, "ResettableElementName"):
            held["config"].pop(_RESETTABLE.get(element.text or "", ""), None)
        return store._xml_response("UpdateHealthCheckResponse", lambda out: store._build_health_check_el(out, held))

    store._parse_health_check_config = parse_lists
    store._build_health_check_el = build_whole
    store._delete_health_check = delete_for_ever
    store._update_health_check = update_and_reset
