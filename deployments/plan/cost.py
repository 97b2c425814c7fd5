"""What a plan adds to the monthly bill, and what keeping a thing costs. Pure; prices are data with source and date.

A plan's cost is the bill of what stands after it less the bill of what stands before. Nothing is invented: what depends
on users' data or requests has a price and no sum, and each line says what it assumes. `Decimal`, in US dollars before
tax, free tiers and credits.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from deployments.plan.model import GLOBAL, Action, Params, Plan, Ref
from regions.catalogue import Price, prices

MONTH_S = Decimal(730 * 3600)
"""AWS's month: 730 hours (AWS Pricing Calculator)."""

CHECKERS = 16
"""About so many of Route 53's checkers ask one endpoint, each at the interval."""

BILLED_MS = 50
"""Assumed of a health route: what Lambda bills for one answer."""

LOGGED_BYTES = 300
"""Assumed: Lambda's START, END and REPORT lines of one invocation."""

GB = Decimal(2**30)

_HEALTH_CHECK = "route53_health_check"
_CALCULATED_CHECK = "route53_calculated_check"
_TABLE = "dynamodb_table"


@dataclass(frozen=True)
class Thing:
    """What the bill must know of one resource, wanted or standing. `edges`: what it points to."""

    params: Params
    edges: frozenset[Ref] = frozenset()
    context: Params = field(default_factory=dict)


Things = Mapping[Ref, Thing]


@dataclass(frozen=True)
class CostLine:
    """One line that a plan adds to the bill (negative: takes off it). `quantity` and `monthly_usd` are None where they
    depend on data that nobody knows; `basis` says what was assumed."""

    what: str
    region: str
    quantity: Decimal | None
    unit: str
    unit_price_usd: Decimal
    monthly_usd: Decimal | None
    basis: str
    source: str
    as_of: str


@dataclass(frozen=True)
class Cost:
    """What keeping one thing costs a month. `monthly_usd` is None where it is not known, and `basis` says why not."""

    monthly_usd: Decimal | None
    basis: str
    source: str
    as_of: str


def before(plan: Plan, after: Things, known: Things) -> dict[Ref, Thing]:
    """What stands before the plan: what it leads to, without what it creates, with what it deletes and as it was where
    it updates."""
    things = dict(after)
    for change in plan.changes:
        if change.action is Action.CREATE:
            things.pop(change.ref, None)
        elif change.action is Action.DELETE:
            things[change.ref] = known.get(change.ref, Thing(change.params, context=change.context))
        elif change.action is Action.UPDATE and change.ref in things:
            standing = things[change.ref]
            things[change.ref] = Thing(change.before, standing.edges, standing.context)
    return things


def added(before: Things, after: Things) -> tuple[CostLine, ...]:
    """The lines in which the two bills differ: the dearest first, last what depends on data."""
    old, new = _bill(before), _bill(after)
    zero = Decimal(0)
    differences = {entry: new.get(entry, zero) - old.get(entry, zero) for entry in sorted({*old, *new})}
    lines = [_line(key, region, quantity) for (key, region), quantity in differences.items() if quantity]
    return tuple(sorted(lines, key=lambda line: (line.monthly_usd is None, -abs(line.monthly_usd or zero))))


def monthly_cost(kind: str, facts: Mapping[str, Any]) -> Cost | None:
    """What keeping one resource costs; None for a kind that nothing is known of.

    facts: size_bytes (of a table), stored_bytes (of a log group), params (of a health check); None or absent where
    nobody knows.
    """
    keep = _KEEPING.get(kind)
    return keep(facts) if keep else None


# -- the bill

Entry = tuple[str, str]
"""A price's key and the region (or `global`) in which it is paid."""


def _bill(things: Things) -> dict[Entry, Decimal]:
    """How much of each price a month; of tables, their number: their size is the users'."""
    bill: defaultdict[Entry, Decimal] = defaultdict(Decimal)
    members = Counter((ref.stack, ref.name) for ref in things if ref.kind == _TABLE)
    for ref, thing in things.items():
        if ref.kind == _HEALTH_CHECK:
            for entry, quantity in _checked(things, ref, thing):
                bill[entry] += quantity
        elif ref.kind == _CALCULATED_CHECK:
            bill["route53_health_check", GLOBAL] += 1
        elif ref.kind == _TABLE:
            bill["dynamodb_gb_month", ref.scope] += 1
            if members[ref.stack, ref.name] > 1:
                bill["dynamodb_replicated_write", ref.scope] += 1
    return bill


def _checked(things: Things, ref: Ref, check: Thing) -> Iterator[tuple[Entry, Decimal]]:
    """A health check and all that its requests cost in the region that it looks at."""
    yield ("route53_health_check", GLOBAL), Decimal(1)
    if features := _features(check.params):
        yield ("route53_health_check_feature", GLOBAL), Decimal(features)
    if "switch" in check.context:
        # Asks a bucket, which refuses while the switch is not set: S3 charges no refusals of strangers (user guide,
        # "Billing for Amazon S3 error responses").
        return
    region = str(check.context.get("region", GLOBAL))
    requests = CHECKERS * MONTH_S / Decimal(check.params["interval_s"])
    yield ("apigateway_http_request", region), requests
    function = _answering(things, ref.stack, region, str(check.params["path"]))
    if function is not None:
        architecture = function.params.get("architecture", "x86_64")
        gigabytes = Decimal(function.params["memory_mb"]) / 1024
        yield ("lambda_request", region), requests
        yield (f"lambda_gb_second_{architecture}", region), requests * gigabytes * BILLED_MS / 1000
        yield ("logs_gb_ingested", region), requests * LOGGED_BYTES / GB


def _features(params: Params) -> int:
    """Optional features that are paid each: HTTPS, string matching, the fast interval (Route 53 pricing)."""
    kind = str(params["type"])
    return kind.startswith("HTTPS") + kind.endswith("STR_MATCH") + (int(params["interval_s"]) == 10)


def _answering(things: Things, stack: str, region: str, path: str) -> Thing | None:
    """The function that answers GET `path` in a region; None where no route does: API Gateway answers itself."""
    routes = [ref for ref in things if (ref.stack, ref.kind, ref.scope) == (stack, "apigatewayv2_route", region)]
    matching = [ref for ref in routes if _matches(str(things[ref].params["route_key"]), path)]
    best = min(matching, key=lambda ref: _rank(str(things[ref].params["route_key"])), default=None)
    return _function_of(things, best) if best else None


def _function_of(things: Things, ref: Ref) -> Thing | None:
    """The function at the end of a route's edges: by way of its integration and the alias."""
    seen: set[Ref] = set()
    queue = [ref]
    while queue:
        current = queue.pop()
        if current.kind == "lambda_function" and current in things:
            return things[current]
        if current in things and current not in seen:
            seen.add(current)
            queue += sorted(things[current].edges)
    return None


def _matches(route_key: str, path: str) -> bool:
    if route_key == "$default":
        return True
    method, _, pattern = route_key.partition(" ")
    if method not in ("ANY", "GET"):
        return False
    wanted, asked = pattern.split("/"), path.partition("?")[0].split("/")
    for position, segment in enumerate(wanted):
        if segment.endswith("+}"):
            return any(asked[position:])
        if position >= len(asked) or not (segment == asked[position] or (segment.startswith("{") and asked[position])):
            return False
    return len(wanted) == len(asked)


def _rank(route_key: str) -> tuple[bool, bool, bool, bool]:
    """The most specific route wins: full match, then variables, then a greedy one, then $default; a method before ANY
    (developer guide, "Create routes for HTTP APIs")."""
    return route_key == "$default", "+}" in route_key, "{" in route_key, route_key.startswith("ANY ")


# -- lines


def _line(key: str, region: str, quantity: Decimal) -> CostLine:
    price = prices()[key]
    unknown = key.startswith("dynamodb_")
    return CostLine(
        what=price.what,
        region=region,
        quantity=None if unknown else quantity,
        unit=price.unit,
        unit_price_usd=price.usd,
        monthly_usd=None if unknown else quantity * price.usd,
        basis="; ".join(filter(None, (_BASIS[key](quantity), _elsewhere(price, region)))),
        source=price.source,
        as_of=price.as_of,
    )


def _elsewhere(price: Price, region: str) -> str:
    return f"price of {price.region}" if price.region not in (GLOBAL, region) else ""


def _checks_basis(_: Decimal) -> str:
    other = prices()["route53_health_check_elsewhere"].usd
    return (
        "an API or bucket of this account counts as an AWS endpoint, of which an account's first 50 are free (not "
        f"deducted), and so does a calculated check; as another endpoint each would cost {other} USD"
    )


def _features_basis(_: Decimal) -> str:
    other = prices()["route53_health_check_feature_elsewhere"].usd
    return f"HTTPS and the interval of 10 s are features; for another endpoint each would cost {other} USD"


def _duration_basis(_: Decimal) -> str:
    return f"{BILLED_MS} ms assumed for each answer; what the handler reads of data is not counted"


_BASIS: Mapping[str, Callable[[Decimal], str]] = {
    "route53_health_check": _checks_basis,
    "route53_health_check_feature": _features_basis,
    "apigateway_http_request": lambda _: (
        f"about {CHECKERS} checkers, each at the interval; users' requests not counted"
    ),
    "lambda_request": lambda _: "the checkers' requests that reach the function of the health check's path",
    "lambda_gb_second_x86_64": _duration_basis,
    "lambda_gb_second_arm64": _duration_basis,
    "logs_gb_ingested": lambda _: f"{LOGGED_BYTES} bytes assumed for each request, and nothing that the handler prints",
    "dynamodb_gb_month": lambda number: f"depends on the data; {_counted(number)}",
    "dynamodb_replicated_write": lambda number: f"depends on how much is written, in any region; {_counted(number)}",
}


def _counted(number: Decimal) -> str:
    return f"{abs(number)} {'less' if number < 0 else 'more'} table{'s' if abs(number) > 1 else ''} here"


# -- what keeping costs


def _table_kept(facts: Mapping[str, Any]) -> Cost:
    price, write = prices()["dynamodb_gb_month"], prices()["dynamodb_replicated_write"]
    million = (write.usd * 1_000_000).normalize()
    writes = f"plus {million:f} USD per million writes replicated to it (prices of {price.region})"
    size = facts.get("size_bytes")
    if size is None:
        basis = f"its size is not known; {price.usd} USD per {price.unit}, {writes}"
        return Cost(None, basis, price.source, price.as_of)
    return Cost(Decimal(size) / GB * price.usd, f"{size} bytes stored; {writes}", price.source, price.as_of)


def _logs_kept(facts: Mapping[str, Any]) -> Cost:
    price = prices()["logs_gb_month"]
    stored = facts.get("stored_bytes")
    if stored is None:
        return Cost(None, f"its size is not known; {price.usd} USD per {price.unit}", price.source, price.as_of)
    basis = f"{stored} bytes stored (price of {price.region})"
    return Cost(Decimal(stored) / GB * price.usd, basis, price.source, price.as_of)


def _check_kept(facts: Mapping[str, Any]) -> Cost:
    check, feature = prices()["route53_health_check"], prices()["route53_health_check_feature"]
    features = _features(facts["params"])
    basis = f"{features} optional features; the requests of its checkers come on top"
    return Cost(check.usd + features * feature.usd, basis, check.source, check.as_of)


def _calculated_kept(_: Mapping[str, Any]) -> Cost:
    check = prices()["route53_health_check"]
    return Cost(
        check.usd, "counted as a check of an AWS endpoint: AWS names no price of its own", check.source, check.as_of
    )


def _free(source: str) -> Callable[[Mapping[str, Any]], Cost]:
    return lambda _: Cost(Decimal(0), "AWS charges for its use, not for keeping it", source, "2026-09")


_KEEPING: Mapping[str, Callable[[Mapping[str, Any]], Cost]] = {
    _TABLE: _table_kept,
    "log_group": _logs_kept,
    _HEALTH_CHECK: _check_kept,
    _CALCULATED_CHECK: _calculated_kept,
    **dict.fromkeys(("acm_certificate",), _free("https://aws.amazon.com/certificate-manager/pricing/")),
    **dict.fromkeys(("iam_role", "iam_role_policy"), _free("https://aws.amazon.com/iam/faqs/")),
    **dict.fromkeys(
        ("lambda_function", "lambda_alias", "lambda_permission"), _free("https://aws.amazon.com/lambda/pricing/")
    ),
    **dict.fromkeys(
        tuple(f"apigatewayv2_{part}" for part in ("api", "stage", "route", "integration", "domain", "mapping")),
        _free("https://aws.amazon.com/api-gateway/pricing/"),
    ),
    **dict.fromkeys(("route53_record", "route53_cidr_collection"), _free("https://aws.amazon.com/route53/pricing/")),
    "s3_bucket": _free("https://aws.amazon.com/s3/pricing/"),
}
