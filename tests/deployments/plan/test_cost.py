"""What a plan adds to the bill: real services, exact money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from deployments.desired import ReleasedService, desired
from deployments.manifest import parse
from deployments.plan import cost
from deployments.plan.cost import Cost, CostLine, Thing, added, before, monthly_cost
from deployments.plan.model import Action, Change, Plan, Ref
from regions import catalogue

FUNCTION = {
    "kind": "function",
    "name": "health",
    "artifact": f"sha256:{'0' * 64}",
    "handler": "health.main",
    "runtime": "python3.12",
    "memory_mb": 512,
    "routes": ["GET /health"],
}
TABLE = {"kind": "table", "name": "entries", "key": {"id": "S"}}

REQUESTS = Decimal(16 * 730 * 3600) / 10
"""A month's requests of 16 checkers, each every 10 s."""


def things(*regions: str, components: tuple[Mapping[str, Any], ...] = (FUNCTION,), **more: Any) -> dict[Ref, Thing]:
    """What a service of these components has in these regions."""
    document = {
        "name": "kv",
        "account": "demo",
        "hostname": "kv.example.test",
        "regions": list(regions),
        "components": [dict(component) for component in components],
        "health_check": {"path": "/health", "interval": 10},
        **more,
    }
    manifest = parse(document, known_regions=catalogue.regions(), accounts=["demo"])
    specs = desired(ReleasedService(manifest, "000000000000", "Z1"))
    return {spec.ref: Thing(spec.params, spec.edges(), spec.context) for spec in specs}


def monthly(lines: tuple[CostLine, ...]) -> dict[tuple[str, str], Decimal | None]:
    return {(line.what, line.region): line.monthly_usd for line in lines}


def test_a_replica_costs_its_health_check_and_the_requests_of_its_checkers() -> None:
    """Exact: 0.50 for it and the calculated one, two features (HTTPS, 10 s); 4,204,800 requests to API and Lambda."""
    assert monthly(added({}, things("eu-west-1"))) == {
        ("request to an HTTP API", "eu-west-1"): REQUESTS * Decimal("0.000001"),
        ("optional feature of a health check of an AWS endpoint", "global"): Decimal("2.00"),
        ("Lambda duration on x86_64", "eu-west-1"): REQUESTS / 2 * 50 / 1000 * Decimal("0.0000166667"),
        ("Lambda request", "eu-west-1"): REQUESTS * Decimal("0.0000002"),
        ("CloudWatch Logs ingested", "eu-west-1"): REQUESTS * 300 / Decimal(2**30) * Decimal("0.50"),
        ("health check of an AWS endpoint", "global"): Decimal("1.00"),
    }


def test_every_line_says_what_it_assumes_and_where_its_price_is_from() -> None:
    for line in added({}, things("eu-west-1", components=(FUNCTION, TABLE))):
        assert line.basis
        assert line.source.startswith("https://aws.amazon.com/")
        assert line.as_of.startswith("2026-")
        assert ("price of us-east-1" in line.basis) == (line.region != "global")


def test_in_the_region_of_the_price_nothing_need_be_said() -> None:
    assert not any("price of" in line.basis for line in added({}, things("us-east-1")))


def test_the_dearest_line_comes_first_and_what_depends_on_data_last() -> None:
    lines = added({}, things("eu-west-1", components=(FUNCTION, TABLE)))
    known = [line.monthly_usd for line in lines if line.monthly_usd is not None]
    assert known == sorted(known, reverse=True)
    assert [line.what for line in lines if line.monthly_usd is None] == ["DynamoDB storage"]
    assert lines[-1].monthly_usd is None


def test_a_region_more_adds_and_a_region_less_takes_off_the_same() -> None:
    two, three = things("eu-west-1", "us-west-2"), things("eu-west-1", "us-west-2", "us-east-1")
    more, less = added(two, three), added(three, two)
    assert {(line.what, line.region, line.monthly_usd) for line in less} == {
        (line.what, line.region, None if line.monthly_usd is None else -line.monthly_usd) for line in more
    }
    assert {line.region for line in more} == {"global", "us-east-1"}


def test_what_does_not_change_costs_nothing_more() -> None:
    assert added(things("eu-west-1"), things("eu-west-1")) == ()


def test_the_slow_interval_is_no_feature_and_a_third_of_the_requests() -> None:
    lines = monthly(added({}, things("eu-west-1", health_check={"path": "/health", "interval": 30})))
    assert lines["optional feature of a health check of an AWS endpoint", "global"] == Decimal("1.00")
    assert lines["request to an HTTP API", "eu-west-1"] == REQUESTS / 3 * Decimal("0.000001")


def test_more_memory_costs_more_for_each_answer() -> None:
    small, large = things("eu-west-1"), things("eu-west-1", components=({**FUNCTION, "memory_mb": 1024},))
    seconds = REQUESTS / 2 * 50 / 1000
    assert monthly(added(small, large)) == {
        ("Lambda duration on x86_64", "eu-west-1"): seconds * Decimal("0.0000166667")
    }


def test_arm_has_a_price_of_its_own() -> None:
    lines = monthly(added({}, things("eu-west-1", components=({**FUNCTION, "architecture": "arm64"},))))
    assert lines["Lambda duration on arm64", "eu-west-1"] == REQUESTS / 2 * 50 / 1000 * Decimal("0.0000133334")


def test_a_path_that_no_function_answers_costs_the_gateway_alone() -> None:
    lines = monthly(added({}, things("eu-west-1", health_check={"path": "/alive", "interval": 10})))
    assert {what for what, _ in lines} == {
        "health check of an AWS endpoint",
        "optional feature of a health check of an AWS endpoint",
        "request to an HTTP API",
    }


@pytest.mark.parametrize(
    ("route", "path", "answers"),
    [
        ("GET /health", "/health", True),
        ("ANY /health", "/health", True),
        ("POST /health", "/health", False),
        ("GET /{key}", "/health", True),
        ("GET /{key}", "/", False),
        ("GET /{key}/x", "/health", False),
        ("GET /health", "/health/x", False),
        ("GET /{all+}", "/health/x", True),
        ("GET /health/{all+}", "/health", False),
        ("$default", "/anything", True),
        ("GET /health", "/health?deep=1", True),
        ("GET /", "/", True),
    ],
)
def test_a_route_answers_as_api_gateway_matches(route: str, path: str, answers: bool) -> None:
    """Developer guide, "Create routes for HTTP APIs"."""
    standing = things(
        "eu-west-1",
        components=({**FUNCTION, "routes": [route]},),
        health_check={"path": path, "interval": 10},
    )
    assert (("Lambda request", "eu-west-1") in monthly(added({}, standing))) == answers


@pytest.mark.parametrize(
    ("routes", "memory_mb"),
    [
        (("GET /health", "GET /{key}"), 512),
        (("GET /{key}", "GET /{all+}"), 512),
        (("GET /{all+}", "$default"), 512),
        (("GET /health", "ANY /health"), 512),
        (("GET /{key}", "GET /health"), 1024),
    ],
)
def test_the_most_specific_route_answers(routes: tuple[str, str], memory_mb: int) -> None:
    """The first function has 512 MB, the second 1,024."""
    components = tuple(
        {**FUNCTION, "name": f"f{size}", "memory_mb": size, "routes": [route]}
        for route, size in zip(routes, (512, 1024), strict=True)
    )
    (duration,) = [
        line
        for line in added({}, things("eu-west-1", components=components))
        if line.what.startswith("Lambda duration")
    ]
    assert duration.quantity == REQUESTS * memory_mb / 1024 * 50 / 1000


def test_a_check_without_a_known_region_costs_its_requests_somewhere() -> None:
    """An older inventory may not say where it looks: the requests are counted all the same, the function is unknown."""
    check = Thing({"type": "HTTP", "interval_s": 30, "path": "/"})
    lines = monthly(added({}, {Ref("kv", "route53_health_check", "global", "x"): check}))
    assert lines == {
        ("health check of an AWS endpoint", "global"): Decimal("0.50"),
        ("request to an HTTP API", "global"): REQUESTS / 3 * Decimal("0.000001"),
    }


def test_one_table_has_storage_and_replicas_have_replicated_writes_too() -> None:
    """Nobody knows how much is stored and written: a price, no sum."""
    one = added({}, things("eu-west-1", components=(TABLE,), hostname=None))
    assert [(line.what, line.region, line.quantity, line.monthly_usd) for line in one] == [
        ("DynamoDB storage", "eu-west-1", None, None)
    ]
    two = added({}, things("eu-west-1", "us-west-2", components=(TABLE,), hostname=None))
    assert [(line.what, line.region) for line in two] == [
        ("DynamoDB storage", "eu-west-1"),
        ("DynamoDB storage", "us-west-2"),
        ("DynamoDB write that is replicated", "eu-west-1"),
        ("DynamoDB write that is replicated", "us-west-2"),
    ]
    assert two[0].basis == "depends on the data; 1 more table here; price of us-east-1"
    assert added(things("eu-west-1", components=(TABLE,), hostname=None), {})[0].basis.startswith(
        "depends on the data; 1 less table here"
    )


def test_several_tables_are_counted() -> None:
    tables = (TABLE, {**TABLE, "name": "others"})
    (line,) = added({}, things("eu-west-1", components=tables, hostname=None))
    assert line.basis.startswith("depends on the data; 2 more tables here")


def test_a_function_that_is_gone_answers_nothing() -> None:
    """A route whose integration leads nowhere: the gateway's requests are paid alone."""
    standing = {ref: thing for ref, thing in things("eu-west-1").items() if ref.kind != "lambda_function"}
    assert ("Lambda request", "eu-west-1") not in monthly(added({}, standing))


# -- what stood before


def test_before_a_plan_stands_all_but_what_it_creates() -> None:
    after = things("eu-west-1")
    plan = Plan(tuple(Change(ref, Action.CREATE, "") for ref in after))
    assert before(plan, after, {}) == {}
    assert before(plan, {}, {}) == {}


def test_before_a_plan_stands_what_it_deletes() -> None:
    """As the inventory has it; else as the plan does."""
    after, gone = things("eu-west-1"), things("eu-west-1", "us-west-2")
    leaving = {ref: thing for ref, thing in gone.items() if ref not in after}
    plan = Plan(tuple(Change(ref, Action.DELETE, "", params=thing.params) for ref, thing in leaving.items()))
    assert before(plan, after, leaving) == {**after, **leaving}
    without = before(plan, after, {})
    assert without == {
        **after,
        **{ref: replace(thing, edges=frozenset(), context={}) for ref, thing in leaving.items()},
    }


def test_before_a_plan_things_are_as_they_were() -> None:
    after = things("eu-west-1")
    (ref,) = [ref for ref in after if ref.kind == "lambda_function"]
    old = {**after[ref].params, "memory_mb": 128}
    update = Change(ref, Action.UPDATE, "", before=old)
    elsewhere = Change(Ref("kv", "lambda_function", "eu-west-1", "x"), Action.UPDATE, "")
    kept = Change(Ref("kv", "dynamodb_table", "eu-west-1", "x"), Action.RETAIN, "")
    stood = before(Plan((update, elsewhere, kept)), after, {})
    assert stood == {**after, ref: replace(after[ref], params=old)}


# -- what keeping a thing costs


@pytest.mark.parametrize(
    ("kind", "facts", "usd"),
    [
        ("dynamodb_table", {"size_bytes": 4 * 2**30}, Decimal("1.00")),
        ("dynamodb_table", {"size_bytes": 0}, Decimal(0)),
        ("dynamodb_table", {}, None),
        ("dynamodb_table", {"size_bytes": None}, None),
        ("log_group", {"stored_bytes": 100 * 2**30}, Decimal("3.00")),
        ("log_group", {}, None),
        ("route53_health_check", {"params": {"type": "HTTPS", "interval_s": 10}}, Decimal("2.50")),
        ("route53_health_check", {"params": {"type": "HTTP_STR_MATCH", "interval_s": 30}}, Decimal("1.50")),
        ("route53_calculated_check", {}, Decimal("0.50")),
        ("acm_certificate", {}, Decimal(0)),
        ("lambda_function", {}, Decimal(0)),
    ],
)
def test_what_keeping_it_costs(kind: str, facts: dict[str, Any], usd: Decimal | None) -> None:
    """Exact where the facts are known, unknown where they are not."""
    found = monthly_cost(kind, facts)
    assert found is not None
    assert found.monthly_usd == usd
    assert found.source.startswith("https://aws.amazon.com/")


def test_a_kept_replica_says_what_comes_on_top() -> None:
    assert monthly_cost("dynamodb_table", {"size_bytes": 2**30}) == Cost(
        Decimal("0.25"),
        "1073741824 bytes stored; plus 0.625 USD per million writes replicated to it (prices of us-east-1)",
        "https://aws.amazon.com/dynamodb/pricing/on-demand/",
        "2026-09",
    )


def test_of_an_unknown_kind_nothing_is_known() -> None:
    assert monthly_cost("quantum_ledger", {}) is None


def test_months_are_those_of_aws() -> None:
    """730 hours, as the AWS Pricing Calculator counts."""
    assert cost.MONTH_S == 730 * 60 * 60
