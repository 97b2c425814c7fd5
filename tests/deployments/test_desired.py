"""What a release wants of AWS: exactly which resources, in which order, and what another region changes."""

import json
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deployments.desired import ReleasedService, desired, sla_components
from deployments.manifest import ManifestError, parse
from deployments.names import physical_name
from deployments.plan.model import GLOBAL, Out, Spec, Text, outs
from tests.deployments.written import ACCOUNTS, ARTIFACT, REGIONS, demo, function, manifest, manifests, parsed, table

ACCOUNT_ID = "123456789012"
ZONE_ID = "Z0123456789"
DEMO = Path(__file__).parents[2] / "demo" / "keyvalue.yaml"


def specs(written: dict[str, Any]) -> dict[str, Spec]:
    """By what stands behind the stack's name."""
    found = desired(ReleasedService(parsed(written), ACCOUNT_ID, ZONE_ID))
    assert len({spec.ref for spec in found}) == len(found)
    return {str(spec.ref).partition("/")[2]: spec for spec in found}


def in_region(region: str) -> set[str]:
    """What the demo's service with one function has because of one region."""
    kv, replica = "kv.example.test", f"{region}.kv.example.test"
    return {
        f"iam_role/{region}/service",
        f"iam_role_policy/{region}/service",
        f"dynamodb_table/{region}/keyvalues",
        f"log_group/{region}/get-key",
        f"lambda_function/{region}/get-key",
        f"lambda_alias/{region}/get-key",
        f"lambda_permission/{region}/get-key",
        f"apigatewayv2_api/{region}/service",
        f"apigatewayv2_stage/{region}/$default",
        f"apigatewayv2_integration/{region}/get-key",
        f"apigatewayv2_route/{region}/GET /{{key}}",
        f"acm_certificate/{region}/{kv}",
        f"apigatewayv2_domain/{region}/{kv}",
        f"apigatewayv2_domain/{region}/{replica}",
        f"apigatewayv2_mapping/{region}/{kv}",
        f"apigatewayv2_mapping/{region}/{replica}",
        f"route53_record/global/_validation.{replica} CNAME",
        f"route53_record/global/{replica} A",
        f"route53_record/global/{replica} AAAA",
        f"route53_health_check/global/{region} 430db13a",
        f"route53_calculated_check/global/{region}",
        f"route53_record/global/{kv} A {region}",
        f"route53_record/global/{kv} AAAA {region}",
    }


SHARED = {"route53_record/global/_validation.kv.example.test CNAME"}


@pytest.mark.parametrize("regions", [REGIONS[:1], REGIONS[:3], REGIONS])
def test_each_region_has_its_own_and_one_record_is_shared(regions: tuple[str, ...]) -> None:
    assert set(specs(demo(regions=list(regions)))) == SHARED.union(*map(in_region, regions))


def test_the_demo_service_is_one_of_these() -> None:
    written = yaml.safe_load(DEMO.read_text())
    for component in written["components"]:
        if component.pop("directory", None):
            component["artifact"] = ARTIFACT
    released = ReleasedService(parse(written, known_regions=REGIONS, accounts=ACCOUNTS), ACCOUNT_ID, ZONE_ID)
    assert Counter(spec.ref.kind for spec in desired(released)) == {
        "iam_role": 3,
        "iam_role_policy": 3,
        "dynamodb_table": 3,
        "log_group": 9,
        "lambda_function": 9,
        "lambda_alias": 9,
        "lambda_permission": 9,
        "apigatewayv2_api": 3,
        "apigatewayv2_stage": 3,
        "apigatewayv2_integration": 9,
        "apigatewayv2_route": 9,
        "acm_certificate": 3,
        "apigatewayv2_domain": 6,
        "apigatewayv2_mapping": 6,
        "route53_health_check": 3,
        "route53_calculated_check": 3,
        "route53_record": 4 + 6 + 6,  # validation, replicas, the service's own
    }


def test_tables_alone_need_no_role_no_api_no_record() -> None:
    assert set(specs(manifest(table(), hostname="kv.example.test"))) == {"dynamodb_table/us-west-2/keyvalues"}


def test_a_function_without_routes_needs_no_api_and_no_record() -> None:
    assert set(specs(manifest(function()))) == {
        "iam_role/us-west-2/service",
        "iam_role_policy/us-west-2/service",
        "log_group/us-west-2/get-key",
        "lambda_function/us-west-2/get-key",
        "lambda_alias/us-west-2/get-key",
    }


def test_the_service_record_comes_after_all_that_answers_and_leaves_first() -> None:
    found = specs(demo())
    record = found["route53_record/global/kv.example.test A eu-central-1"]
    assert {str(ref).partition("/")[2] for ref in record.edges()} == {
        "apigatewayv2_mapping/eu-central-1/kv.example.test",
        "apigatewayv2_route/eu-central-1/GET /{key}",
        "apigatewayv2_domain/eu-central-1/kv.example.test",
        "route53_calculated_check/global/eu-central-1",
    }
    domain = found["apigatewayv2_domain/eu-central-1/kv.example.test"].ref
    check = found["route53_calculated_check/global/eu-central-1"].ref
    assert record.params == {
        "zone_id": ZONE_ID,
        "name": "kv.example.test",
        "type": "A",
        "ttl": None,
        "values": None,
        "alias": {
            "zone_id": Out(domain, "zone_id"),
            "dns_name": Out(domain, "target"),
            "evaluate_target_health": False,
        },
        "set_identifier": "eu-central-1",
        "policy": {"region": "eu-central-1"},
        "health_check_id": Out(check, "id"),
    }
    assert (record.drain_s, record.group, record.shape) == (360, "kv.example.test A", "latency")


def test_the_health_check_looks_at_the_replica_once_its_name_answers() -> None:
    found = specs(demo(health_check={"path": "/health", "interval": 30, "failure_threshold": 5}))
    (check,) = (spec for name, spec in found.items() if name.startswith("route53_health_check/global/us-west-2 "))
    assert {
        name: check.params[name] for name in ("fqdn", "port", "type", "path", "interval_s", "failure_threshold")
    } == {
        "fqdn": "us-west-2.kv.example.test",
        "port": 443,
        "type": "HTTPS",
        "path": "/health",
        "interval_s": 30,
        "failure_threshold": 5,
    }
    assert check.context == {"region": "us-west-2"}
    assert {ref.name for ref in check.edges()} == {"us-west-2.kv.example.test A", "us-west-2.kv.example.test AAAA"}


def test_a_change_that_a_health_check_cannot_follow_makes_another() -> None:
    one, other = (
        {name for name in specs(demo(health_check=check)) if name.startswith("route53_health_check")}
        for check in ({"interval": 10, "path": "/a", "failure_threshold": 1}, {"interval": 10, "path": "/b"})
    )
    assert one == other
    assert not one & set(specs(demo(health_check={"interval": 30})))


def test_a_validation_record_uses_what_the_certificate_tells_before_it_is_issued() -> None:
    found = specs(demo(routing={"ttl": 30}))
    record = found["route53_record/global/_validation.kv.example.test CNAME"]
    certificate = found["acm_certificate/us-west-2/kv.example.test"].ref
    assert record.params["name"] == Out(certificate, "validation_name:kv.example.test", early=True)
    assert record.params["values"] == [Out(certificate, "validation_value:kv.example.test", early=True)]
    assert record.params["ttl"] == 30


def test_a_role_may_write_its_logs_and_use_its_tables_in_its_region_and_nothing_else() -> None:
    found = specs(demo())
    policy = found["iam_role_policy/eu-central-1/service"]
    tables, logs = policy.params["policy"]["Statement"]
    arn = f"arn:aws:dynamodb:eu-central-1:{ACCOUNT_ID}:table/keyvalue-keyvalues"
    assert tables["Resource"] == [arn, f"{arn}/index/*"]
    assert {action.partition(":")[0] for action in tables["Action"]} == {"dynamodb"}
    assert not {"dynamodb:DeleteTable", "dynamodb:UpdateTable", "dynamodb:*"} & set(tables["Action"])
    assert logs == {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": [f"arn:aws:logs:eu-central-1:{ACCOUNT_ID}:log-group:/aws/lambda/keyvalue-get-key:*"],
    }
    assert policy.after == {
        found[name].ref for name in ("dynamodb_table/eu-central-1/keyvalues", "log_group/eu-central-1/get-key")
    }


def test_stage_and_tags_go_into_names_and_tags() -> None:
    found = specs(demo(stage="prod", tags={"team": "core"}))
    named = {
        "iam_role/us-west-2/service": ("role_name", "keyvalue-us-west-2-prod"),
        "dynamodb_table/us-west-2/keyvalues": ("table_name", "keyvalue-keyvalues-prod"),
        "lambda_function/us-west-2/get-key": ("function_name", "keyvalue-get-key-prod"),
        "log_group/us-west-2/get-key": ("log_group_name", "/aws/lambda/keyvalue-get-key-prod"),
        "apigatewayv2_api/us-west-2/service": ("api_name", "keyvalue-prod"),
    }
    assert {name: (field, found[name].params[field]) for name, (field, _) in named.items()} == named
    tagged = [spec.params["tags"] for spec in found.values() if "tags" in spec.params]
    assert len(tagged) > len(named)
    assert all(tags == {"team": "core", "stage": "prod"} for tags in tagged)


def test_routes_without_a_zone_are_refused_with_the_mend() -> None:
    with pytest.raises(ManifestError) as refusal:
        desired(ReleasedService(parsed(demo()), ACCOUNT_ID))
    assert str(refusal.value) == "hostname: no hosted zone of the account demo is known that holds kv.example.test"


def test_a_simple_policy_leads_to_the_one_region_without_a_check() -> None:
    found = specs(demo(regions=["us-west-2"], routing={"policy": "simple"}))
    record = found["route53_record/global/kv.example.test AAAA"]
    assert (record.params["set_identifier"], record.params["policy"], record.params["health_check_id"]) == (
        None,
        {},
        None,
    )
    assert record.shape == "simple"


# --- properties ---


@settings(max_examples=30, deadline=None)
@given(manifests())
def test_the_graph_is_whole_and_without_cycles_and_always_the_same(written: dict[str, Any]) -> None:
    found = desired(ReleasedService(parsed(written), ACCOUNT_ID, ZONE_ID))
    refs = {spec.ref for spec in found}
    assert len(refs) == len(found)
    elsewhere = set().union(*(spec.edges() for spec in found)) - refs
    assert {(ref.stack, ref.kind) for ref in elsewhere} <= {("foundation.demo", "route53_health_check")}
    TopologicalSorter({spec.ref: spec.edges() for spec in found}).prepare()
    assert found == desired(ReleasedService(parsed(written), ACCOUNT_ID, ZONE_ID))


@settings(max_examples=30, deadline=None)
@given(manifests(), st.data())
def test_another_region_brings_its_own_and_changes_nothing_that_lives(
    written: dict[str, Any], data: st.DataObject
) -> None:
    assume(written["routing"]["policy"] == "latency")
    added = data.draw(st.sampled_from([region for region in REGIONS if region not in written["regions"]]))
    place = data.draw(st.integers(0, len(written["regions"])))
    regions = list(written["regions"].items())
    grown = {**written, "regions": dict([*regions[:place], (added, {}), *regions[place:]])}
    before, after = (
        {spec.ref: spec for spec in desired(ReleasedService(parsed(each), ACCOUNT_ID, ZONE_ID))}
        for each in (written, grown)
    )
    assert set(before) <= set(after)
    assert all(added in f"{ref.scope} {ref.name}" for ref in set(after) - set(before))
    for ref, spec in before.items():
        # The shared record may be told by another certificate: what it says is the same.
        if ref.name != "_validation.kv.example.test CNAME":
            assert (spec.params, spec.edges(), spec.drain_s) == (
                after[ref].params,
                after[ref].edges(),
                after[ref].drain_s,
            )
        if ref.kind != "dynamodb_table":
            assert spec.context == after[ref].context


@settings(max_examples=30, deadline=None)
@given(manifests())
def test_every_value_is_json_once_its_outputs_are_known(written: dict[str, Any]) -> None:
    for spec in desired(ReleasedService(parsed(written), ACCOUNT_ID, ZONE_ID)):
        assert json.loads(json.dumps(_known(spec.params))) == _known(spec.params)
        assert json.loads(json.dumps(spec.context)) == spec.context
        assert spec.ref.scope == GLOBAL or {out.ref.scope for out in outs(spec.params)} <= {spec.ref.scope}


def _known(value: Any) -> Any:
    if isinstance(value, Out):
        return str(value.ref)
    if isinstance(value, Text):
        return "".join(str(_known(part)) for part in value.parts)
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items()}
    return [_known(item) for item in value] if isinstance(value, list) else value


# --- names and promises ---


def test_a_physical_name_is_cut_only_at_its_limit_and_stays_its_own() -> None:
    assert physical_name("keyvalue", "get-key", limit=64) == "keyvalue-get-key"
    assert physical_name("s" * 32, "c" * 31, limit=64) == f"{'s' * 32}-{'c' * 31}"
    longer = [physical_name("s" * 40, f"{'c' * 39}{last}", limit=64, stage="prod") for last in "ab"]
    assert [len(name) for name in longer] == [64, 64]
    assert longer[0] != longer[1]
    assert longer[0].startswith(f"{'s' * 40}-{'c' * 14}-")


@pytest.mark.parametrize(
    ("written", "promises"),
    [
        (manifest(table()), [("dynamodb", "99.99")]),
        (manifest(table(), table("b"), regions=list(REGIONS[:2])), [("dynamodb_global_table", "99.999")]),
        (manifest(function()), [("lambda", "99.95")]),
        (
            demo(),
            [("dynamodb_global_table", "99.999"), ("lambda", "99.95"), ("api_gateway", "99.95"), ("route53", "100")],
        ),
    ],
)
def test_a_service_stands_on_each_promise_once(written: dict[str, Any], promises: list[tuple[str, str]]) -> None:
    assert sla_components(parsed(written)) == promises
