"""Manifests as people write them: builders, and random ones for properties."""

from typing import Any

from hypothesis import strategies as st

from deployments.manifest import Manifest, ManifestError, parse

REGIONS = ("us-west-2", "eu-central-1", "ap-southeast-1", "eu-west-1", "sa-east-1")
ACCOUNTS = ("demo",)
ARTIFACT = f"sha256:{'0123456789abcdef' * 4}"


def table(name: str = "keyvalues", **fields: Any) -> dict[str, Any]:
    return {"kind": "table", "name": name, "key": {"key": "S"}, **fields}


def function(name: str = "get-key", **fields: Any) -> dict[str, Any]:
    code = {"artifact": ARTIFACT, "handler": "get_key.main", "runtime": "python3.12"}
    return {"kind": "function", "name": name, **code, **fields}


def manifest(*components: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The smallest that is valid, with other components and fields where they are given."""
    return {"name": "keyvalue", "regions": ["us-west-2"], "components": list(components) or [table()], **fields}


def demo(**fields: Any) -> dict[str, Any]:
    """The demo's service with one function."""
    get_key = function(environment={"KEY_TABLE": "${keyvalues.name}"}, routes=["GET /{key}"])
    three = ["us-west-2", "eu-central-1", "ap-southeast-1"]
    return {**manifest(table(), get_key, regions=three, hostname="kv.example.test"), **fields}


def parsed(source: Any, accounts: Any = ACCOUNTS) -> Manifest:
    return parse(source, known_regions=REGIONS, accounts=accounts)


def problems(source: Any, accounts: Any = ACCOUNTS) -> list[str]:
    """Each problem as a line; none where the manifest is fine."""
    try:
        parsed(source, accounts)
    except ManifestError as error:
        return [str(problem) for problem in error.problems]
    return []


_text = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="$"), max_size=12)
_names = st.from_regex(r"[a-z]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)
_variables = st.from_regex(r"X_[A-Z0-9]{1,5}", fullmatch=True)


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """Any valid manifest."""
    names = draw(st.lists(_names, min_size=1, max_size=5, unique=True))
    tables = draw(st.integers(0, len(names)))
    components: list[dict[str, Any]] = []
    for number, name in enumerate(names):
        if number < tables:
            attributes = draw(st.lists(_text.filter(bool), min_size=1, max_size=2, unique=True))
            key = {attribute: draw(st.sampled_from("SNB")) for attribute in attributes}
            components.append(table(name, key=key))
        else:
            earlier = [f"${{{other}.{attribute}}}" for other in names[:number] for attribute in ("name", "arn")]
            value = st.one_of(_text, st.sampled_from([*earlier, "$${literal}"]), st.just("".join(earlier[:3])))
            components.append(
                function(
                    name,
                    environment=draw(st.dictionaries(_variables, value, max_size=3)),
                    routes=draw(st.sampled_from([[], [f"GET /{name}", f"ANY /{name}/{{rest+}}"]])),
                    memory_mb=draw(st.integers(128, 10240)),
                    reserved_concurrency=draw(st.none() | st.integers(0, 10)),
                )
            )
    overrides = st.fixed_dictionaries(
        {},
        optional={"memory_mb": st.integers(128, 10240), "environment": st.dictionaries(_variables, _text, max_size=2)},
    )
    regions = draw(st.lists(st.sampled_from(REGIONS), min_size=1, max_size=4, unique=True))
    return {
        "name": draw(_names),
        "hostname": "kv.example.test",
        "regions": {region: draw(overrides) for region in regions},
        "components": components,
        "stage": draw(st.none() | st.just("prod")),
        "tags": draw(st.dictionaries(st.sampled_from(["team", "cost centre"]), st.sampled_from(["core", ""]))),
        "routing": {"policy": "latency" if len(regions) > 1 else draw(st.sampled_from(["latency", "simple"]))},
        "safety": {"drain_s": draw(st.integers(0, 3600))},
        "slo": draw(st.sampled_from([{}, {"availability": 99.95}, {"latency_ms": 200}])),
    }
