"""The manifest: what it takes, what it refuses, and in which words."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.manifest import (
    HealthCheck,
    Manifest,
    ManifestError,
    Routing,
    Safety,
    Slo,
    component_schema,
    parse,
    parse_component,
    render,
    to_yaml,
)
from deployments.manifest.problems import MOST_PROBLEMS, Problem
from tests.deployments.written import (
    ACCOUNTS,
    ARTIFACT,
    demo,
    function,
    manifest,
    manifests,
    parsed,
    problems,
    table,
)

WHOLE = """
schema: 1
name: keyvalue
account: demo
stage: prod
tags: {team: core}
hostname: KV.Example.Test.
zone: {name: example.test}
slo: {availability: 99.95, latency_ms: 250}
regions:
  us-west-2:
  eu-central-1: {memory_mb: 512, environment: {LEVEL: debug}}
components:
  - {kind: table, name: keyvalues, key: {on: S, y: N}}
  - kind: function
    name: get-key
    artifact: ARTIFACT
    handler: get_key.main
    runtime: python3.12
    environment: {KEY_TABLE: "${keyvalues.name}", SHELL: "$${HOME}"}
    routes: ["GET /{key}", $default]
    payload_format: "1.0"
routing: {policy: latency, ttl: 30}
health_check: {path: /health, interval: 30, failure_threshold: 2}
safety: {min_serving_regions: 2, repair: report, drain_s: 10}
""".replace("ARTIFACT", ARTIFACT)


def canonical() -> dict[str, Any]:
    return {
        "schema": 1,
        "name": "keyvalue",
        "account": "demo",
        "stage": "prod",
        "tags": {"team": "core"},
        "hostname": "kv.example.test",
        "zone": {"name": "example.test"},
        "slo": {"availability": 99.95, "latency_ms": 250},
        "regions": ["us-west-2", {"eu-central-1": {"memory_mb": 512, "environment": {"LEVEL": "debug"}}}],
        "components": [
            {"kind": "table", "name": "keyvalues", "key": [{"on": "S"}, {"y": "N"}]},
            {
                "kind": "function",
                "name": "get-key",
                "artifact": ARTIFACT,
                "handler": "get_key.main",
                "runtime": "python3.12",
                "memory_mb": 128,
                "timeout_s": 10,
                "architecture": "x86_64",
                "log_retention_d": 30,
                "environment": {"KEY_TABLE": "${keyvalues.name}", "SHELL": "$${HOME}"},
                "routes": ["GET /{key}", "$default"],
                "payload_format": "1.0",
            },
        ],
        "routing": {"policy": "latency", "ttl": 30, "switch": "region"},
        "health_check": {"path": "/health", "interval": 30, "failure_threshold": 2},
        "safety": {"min_serving_regions": 2, "repair": "report", "drain_s": 10},
    }


def test_every_field_is_read_and_rendered_in_the_canonical_form() -> None:
    assert render(parsed(WHOLE)) == canonical()


def test_the_smallest_manifest_has_safe_defaults() -> None:
    smallest = parsed(manifest())
    assert (smallest.schema_, smallest.account, smallest.hostname, smallest.stage) == (1, "demo", None, None)
    assert smallest.slo == Slo()
    assert smallest.routing == Routing(policy="latency", ttl=60)
    assert smallest.health_check == HealthCheck(path="/", interval=10, failure_threshold=3)
    assert smallest.safety == Safety(drain_s=300)


def test_json_yaml_bytes_and_objects_say_the_same() -> None:
    written = demo()
    forms = [
        written,
        json.dumps(written),
        json.dumps(written).encode(),
        yaml.safe_dump(written),
        "\ufeff" + json.dumps(written),
    ]
    assert len({to_yaml(parsed(form)) for form in forms}) == 1


@settings(max_examples=40, deadline=None)
@given(manifests())
def test_what_is_rendered_parses_to_the_same(written: dict[str, Any]) -> None:
    first = parsed(written)
    as_jsonb = json.loads(json.dumps(render(first), sort_keys=True))
    assert parsed(render(first)) == parsed(to_yaml(first)) == parsed(as_jsonb) == first


# --- the words of problems ---

FIELDS: list[tuple[dict[str, Any], str]] = [
    (manifest(schema=2), "schema: 2 is not known here"),
    (manifest(name="Key_Value"), 'name: "Key_Value" is not a name'),
    (manifest(name="a" * 41), f'name: "{"a" * 41}" can\'t be taken: it should have at most 40 characters'),
    (manifest(name=True), "name: true is not text"),
    (manifest(rotuing={}), 'rotuing: "rotuing" is not a field here; did you mean "routing"?'),
    (
        manifest(slo={"availabilty": 99}),
        'slo.availabilty: "availabilty" is not a field here; did you mean "availability"?',
    ),
    (manifest(slo={"availability": "99"}), 'slo.availability: "99" is not a number'),
    (manifest(slo={"availability": 100}), "slo.availability: 100 can't be taken: it should be less than 100"),
    (manifest(slo=3), "slo: 3 is not a map"),
    (manifest(account="dmeo"), 'account: "dmeo" is not a registered account; did you mean "demo"?'),
    (manifest(stage="PROD"), 'stage: "PROD" is not a name'),
    (manifest(stage="prod", tags={"Stage": "x"}), "tags: holds a stage beside the manifest's own"),
    (manifest(tags={"aws:x": "y"}), "tags.aws:x: tags that begin with aws: are reserved"),
    (manifest(tags={"a<b": "y"}), 'tags.a<b: "a<b" is not a tag\'s key'),
    (manifest(tags={"a": "<"}), 'tags.a: "<" is not a tag\'s value'),
    (
        manifest(tags={"a": "1", "A": "2"}),
        "tags: two tags differ only in upper and lower case, which IAM does not tell apart",
    ),
    (manifest(hostname="kv"), 'hostname: "kv" is not a host name'),
    (manifest(hostname="*.example.test"), 'hostname: "*.example.test" is not a host name'),
    (
        manifest(hostname=f"{'a' * 60}.test"),
        f'hostname: "{"a" * 60}.test" has 65 characters, a certificate\'s first name at most 64',
    ),
    (demo(zone={"name": "example.org"}), 'zone.name: "kv.example.test" is not in the zone "example.org"'),
    (demo(zone={"name": "ple.test"}), 'zone.name: "kv.example.test" is not in the zone "ple.test"'),
    (demo(hostname=None), "hostname: is missing, and get-key has routes"),
    (manifest(regions=[]), "regions: is empty"),
    (manifest(regions="us-west-2"), 'regions: "us-west-2" is not a list'),
    (manifest(regions=[7]), "regions[0]: 7 is not a map"),
    (
        manifest(regions=["eu-centrl-1"]),
        'regions[0]: "eu-centrl-1" is not a known region; did you mean "eu-central-1"?',
    ),
    (manifest(regions=["us-west-2", "us-west-2"]), 'regions: "us-west-2" stands twice'),
    (
        manifest(regions={"us-west-2": {"memory_mb": 1}}),
        "regions.us-west-2.memory_mb: 1 can't be taken: it should be greater than or equal to 128",
    ),
    (manifest(regions=[{"us-west-2": {"memory_mb": True}}]), "regions[0].memory_mb: true is not a whole number"),
    (manifest(regions={"us-west-2": {"pull": 1}}), 'regions.us-west-2.pull: "pull" is not a field here'),
    (manifest(regions={"us-west-2": 3}), "regions.us-west-2: 3 is not a map"),
    (
        manifest(routing={"policy": "latancy"}),
        'routing.policy: "latancy" is not a routing policy; did you mean "latency"?',
    ),
    (manifest(routing={"policy": 1}), "routing.policy: 1 is not a routing policy"),
    (demo(routing={"policy": "simple"}), 'routing.policy: "simple" leads to 1 region, the manifest has 3'),
    (
        manifest(health_check={"interval": 20}),
        "health_check.interval: 20 is not an interval of Route 53's health checks",
    ),
    (manifest(health_check={"interval": 10.5}), "health_check.interval: 10.5 is not a whole number"),
    (manifest(health_check={"path": "health"}), 'health_check.path: "health" is not a path'),
    (
        manifest(health_check={"failure_threshold": "yes"}),
        'health_check.failure_threshold: "yes" is not a whole number',
    ),
    (
        manifest(safety={"drain_s": 3601}),
        "safety.drain_s: 3601 can't be taken: it should be less than or equal to 3600",
    ),
    (manifest(components=[]), "components: is empty"),
    (manifest(components={}), "components: {} is not a list"),
    (manifest(components=["table"]), 'components[0]: "table" is not a map'),
    (manifest(components=[{"name": "x"}]), "components[0].kind: is missing"),
    (manifest(table(kind="tabel")), 'components[0].kind: "tabel" is not a kind of component; did you mean "table"?'),
    (manifest(table(kind=3)), "components[0].kind: 3 is not a kind of component"),
    (manifest(*[table(f"t{n}") for n in range(101)]), "components: holds 101 components, a service has at most 100"),
    (manifest(table(), table()), 'components[1].name: "keyvalues" is also the name of components[0]'),
    (manifest(table(), table(), table("a")), 'components[1].name: "keyvalues" is also the name of components[0]'),
    (
        manifest(table(), table("other"), function(runtime="pyton3.12")),
        'components[2].runtime: "pyton3.12" is not a Lambda runtime; did you mean "python3.12"?',
    ),
    (manifest(function(handler=None)), "components[0].handler: null is not text"),
    (manifest(function(runtme="x")), 'components[0].runtme: "runtme" is not a field here; did you mean "runtime"?'),
    (manifest(function(directory="x/")), 'components[0].directory: "directory" is not a field here'),
    (
        manifest(table(), function(environment={"TABLE": "${keyvalus.name}"})),
        'components[1].environment.TABLE: "keyvalus" is not a component; did you mean "keyvalues"? '
        '(in "${keyvalus.name}")',
    ),
    (
        manifest(table(), function(environment={"TABLE": "${keyvalues.nam}"})),
        'components[1].environment.TABLE: "nam" is not an attribute of keyvalues; did you mean "name"? '
        '(in "${keyvalues.nam}")',
    ),
    (
        manifest(table(), function(), regions={"us-west-2": {"environment": {"TABLE": "${x.name}"}}}),
        'regions.us-west-2.environment.TABLE: "x" is not a component (in "${x.name}")',
    ),
    (
        manifest(function("a", environment={"XX": "${b.name}"}), function("b", environment={"XX": "${a.name}"})),
        "components[0]: needs itself: a → b → a",
    ),
    (manifest(function("a", environment={"XX": "${a.name}"})), "components[0]: needs itself: a → a"),
    (
        manifest(function("a"), regions={"us-west-2": {"environment": {"XX": "${a.arn}"}}}),
        "components[0]: needs itself: a → a",
    ),
    (
        demo(components=[function("a", routes=["GET /{x}"]), function("b", routes=["GET /{y}"])]),
        'components[1].routes[0]: "GET /{y}" matches the same requests as "GET /{x}" of a',
    ),
    (
        manifest(function(environment={"AA": "x" * 3000}), regions={"us-west-2": {"environment": {"BB": "y" * 3000}}}),
        "regions.us-west-2.environment: the variables take 6004 bytes, Lambda gives 4096 (with what get-key has)",
    ),
]


@pytest.mark.parametrize(("written", "problem"), FIELDS, ids=[line[:60] for _, line in FIELDS])
def test_a_problem_names_the_path_the_value_and_what_was_meant(written: dict[str, Any], problem: str) -> None:
    assert problems(written) == [problem]


def test_a_problem_is_data_for_programs() -> None:
    with pytest.raises(ManifestError) as refusal:
        parsed(manifest(table(), function(runtime="pyton3.12")))
    assert refusal.value.problems == (
        Problem(
            path="components[1].runtime",
            value="pyton3.12",
            message='"pyton3.12" is not a Lambda runtime; did you mean "python3.12"?',
            mend='use "python3.12"',
            code="choice",
        ),
    )


def test_the_clients_form_of_code_tells_what_the_server_takes() -> None:
    with pytest.raises(ManifestError) as refusal:
        parsed(manifest(function(directory="handlers/")))
    assert "upload the zip" in refusal.value.problems[0].mend


def test_all_problems_are_told_at_once() -> None:
    broken = manifest(
        {"kind": "tabel", "name": "keyvalues"},
        function("a", runtime="x", routes=["GET"], environment={"TT": "${keyvalues.name}"}),
        function("b", environment={"TT": "${keyvalues.nam}", "AA": "${c.name}", "BB": "${a.anything}"}),
        name="X",
        regions=["moon-1"],
        account=7,
        hostname="h",
    )
    assert [line.partition(":")[0] for line in problems(broken)] == [
        "components[0].kind",
        "components[1].runtime",
        "components[1].routes[0]",
        "name",
        "account",
        "hostname",
        "regions[0]",
        "components[2].environment.AA",
    ]


@pytest.mark.parametrize(
    "written",
    [
        {**manifest(), **{f"field{n}": 1 for n in range(10_000)}},
        manifest(*[table(f"t{n}", **{f"field{m}": 1 for m in range(900)}) for n in range(100)]),
        manifest(table(), *[function(f"f{n}", environment={"AA": "${keyvalus.a}" * 290}) for n in range(99)]),
    ],
    ids=["fields", "components", "references"],
)
def test_no_more_problems_are_told_than_anyone_reads(written: dict[str, Any]) -> None:
    lines = problems(written)
    assert len(lines) == MOST_PROBLEMS + 1
    assert lines[-1] == "and more problems"


def test_no_more_regions_and_routes_are_looked_at_than_there_can_be() -> None:
    assert problems(manifest(regions=["us-west-2"] * 51)) == ["regions: holds 51 regions, there can be 50"]
    assert problems(manifest(function(routes=["GET /"] * 301))) == [
        "components[0].routes: holds 301 routes, there can be 300"
    ]


def test_what_is_missing_is_named() -> None:
    assert problems({}) == ["name: is missing", "regions: is missing", "components: is missing"]


@pytest.mark.parametrize("text", ["[]", "null", "", "5", '"name"'])
def test_only_a_map_is_a_manifest(text: str) -> None:
    assert len(problems(text)) == 1


def test_the_account_is_the_only_one_or_named() -> None:
    assert parsed(manifest(account="b"), accounts=["a", "b"]).account == "b"
    assert problems(manifest(), accounts=["a", "b"]) == ["account: is missing, and there are several"]
    assert problems(manifest(), accounts=[]) == ["account: there is no account yet"]


def test_a_known_region_is_only_what_the_caller_knows() -> None:
    assert parse(manifest(regions=["moon-1"]), known_regions=["moon-1"], accounts=ACCOUNTS).region_codes == ("moon-1",)
    with pytest.raises(ManifestError, match='"us-west-2" is not a known region'):
        parse(manifest(), known_regions=[], accounts=ACCOUNTS)


def test_a_routed_service_knows_its_routes() -> None:
    assert parsed(demo()).routes == ("GET /{key}",)
    assert parsed(manifest()).routes == ()


# --- text that nobody vouches for ---

TEXTS: list[tuple[str | bytes, str]] = [
    ("a: 1\nb: 2\na: 3", 'the key "a" stands twice (again at line 3)'),
    ('{"a": 1, "a": 2}', 'the key "a" stands twice'),
    ("{a: *nothing}", "the alias *nothing stands for nothing complete"),
    ("a: &a [*a]", "the alias *a stands for nothing complete"),
    ("a: !!python/object:os.system {}", "tags such as tag:yaml.org,2002:python/object:os.system are not read"),
    ("--- {}\n--- {}", "the text holds 2 documents"),
    ('{"a": NaN}', "NaN is not a number that JSON knows"),
    ('{"a": 1e999}', "a: is not a finite number"),
    ('{"a": ' + "9" * 30 + "}", "a number of 30 digits is too large"),
    ("a: \x07", "line 1 holds the control character U+0007"),
    ("x: 1\na: \x00", "line 2 holds the control character U+0000"),
    ('{"a": "\\u0000"}', "a: holds the character U+0000"),
    ('{"a": "\\ud800"}', "a: holds the character U+D800"),
    ("a: \ud800", "the manifest is not UTF-8 text"),
    (b"\xff\xfe", "the manifest is not UTF-8 text"),
    ("#" * 1_000_001, "the manifest has 1000001 bytes, at most 1000000 are read"),
    ("1: x", "the key 1 is not text"),
    ("true: x", "the key true is not text"),
    ("? [a]\n: b", "line 1, column 3: found unhashable key"),
    ("a: {[b]: c}", "line 1, column 5: found unhashable key"),
    ("- " * 100_000, "values are nested more than 50 deep"),
    ('{"a":' * 100_000, "values are nested more than 50 deep"),
    ('{"a":' + "[" * 60 + "]" * 60 + "}", "values are nested more than 50 deep"),
    ("{x: [" + "1," * 100_000 + "]}", "the manifest has more than 100000 values, aliases written out"),
    ('{"x": [' + "1," * 100_000 + "1]}", "the manifest has more than 100000 values, aliases written out"),
]


@pytest.mark.parametrize(("text", "problem"), TEXTS, ids=[problem for _, problem in TEXTS])
def test_a_text_is_refused_with_the_place_or_the_reason(text: str | bytes, problem: str) -> None:
    assert problems(text) == [problem]


@pytest.mark.parametrize("opening", ["[", "{", "{a: ", "[{", "a: [", "- ", "? ", '{"a":[', "&a [", "- - {b: "])
def test_a_hundred_thousand_open_brackets_are_an_error_without_a_traceback(opening: str) -> None:
    assert len(problems(opening * 100_000)) == 1


def test_a_mistake_in_the_syntax_tells_its_place() -> None:
    (problem,) = problems("a: [1, 2\nb: 3")
    assert problem.startswith("line 2, column 2: ")


def test_a_bomb_of_aliases_is_refused_before_it_is_built() -> None:
    levels = ["l0: &l0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    levels += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert problems("\n".join(levels)) == ["the manifest has more than 100000 values, aliases written out"]


def test_a_few_aliases_and_merges_are_fine() -> None:
    text = f"""
    name: keyvalue
    regions: [&home us-west-2]
    components:
      - &first {{kind: function, name: a, artifact: "{ARTIFACT}", handler: a.main, runtime: python3.12}}
      - {{<<: *first, name: b}}
    stage: &stage prod
    tags: {{home: *home, place: *stage}}
    """
    assert [component.name for component in parsed(text).components] == ["a", "b"]


@pytest.mark.parametrize("value", ["on", "off", "yes", "no", "y", "010", "1:30", "2026-11-01", "1_000", "0x10", ".inf"])
def test_what_yaml_1_1_would_convert_stays_text(value: str) -> None:
    component = parsed(yaml.safe_dump(manifest(function())).replace("get_key.main", value)).components[0]
    assert component.render()["handler"] == value


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x"])
def test_an_object_that_is_no_json_is_refused(value: object) -> None:
    assert problems(manifest(stage=value)) == [f"stage: a {type(value).__name__} is no JSON value"]


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert problems(manifest(tags=loop)) == ["values are nested more than 50 deep"]


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.binary(), st.text(alphabet="{}[]:,-&*!?|>'\"%@` \n\tab<#")))
def test_no_text_gives_a_traceback(text: str | bytes) -> None:
    assert problems(text)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_value_in_any_place_gives_a_traceback(data: st.DataObject) -> None:
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    values = st.recursive(
        scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner), max_leaves=5
    )
    written: Any = canonical()
    spots = list(_spots(written))
    node, key = data.draw(st.sampled_from(spots))
    node[key] = data.draw(values)
    assert all(problems(written)) or isinstance(parsed(written), Manifest)


def _spots(node: Any) -> Any:
    for key, child in node.items() if isinstance(node, dict) else enumerate(node):
        yield node, key
        if isinstance(child, dict | list):
            yield from _spots(child)


# --- one component, as a form sends it ---


def test_a_component_is_parsed_by_itself() -> None:
    assert parse_component(table()).render() == table()
    with pytest.raises(ManifestError, match=r"^runtime: "):
        parse_component(function(runtime="x"))


def test_a_forms_schema_tells_fields_choices_and_defaults() -> None:
    schema = component_schema("function")
    assert set(schema["required"]) == {"name", "artifact", "handler", "runtime"}
    assert "python3.12" in schema["properties"]["runtime"]["enum"]
    assert schema["properties"]["memory_mb"] == {
        "default": 128,
        "maximum": 10240,
        "minimum": 128,
        "title": "Memory Mb",
        "type": "integer",
    }
