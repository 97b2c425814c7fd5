"""Text or object → Manifest, or every problem that it has. Pure: the order of the stages is in `__init__.py`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from pydantic import ValidationError

from deployments.components.component import Component
from deployments.manifest.branches import read
from deployments.manifest.check import Draft, check
from deployments.manifest.load import checked, load
from deployments.manifest.model import Manifest, Routing
from deployments.manifest.problems import MOST_PROBLEMS, Location, ManifestError, Problem, path_of
from deployments.manifest.told import told
from deployments.plugins import components
from deployments.schema import quoted, unknown

MOST_COMPONENTS = 100


def parse(
    source: str | bytes | Mapping[str, Any], *, known_regions: Collection[str], accounts: Collection[str]
) -> Manifest:
    """The manifest that a YAML or JSON text, or an object read from JSON, stands for.

    Its account is the only one of `accounts` where it names none. Raises ManifestError with all problems.
    """
    raw = load(source) if isinstance(source, str | bytes) else checked(source)
    if not isinstance(raw, dict):
        raise ManifestError(
            [Problem("", None, f"{quoted(raw)} is not a map", "begin with name:, regions: and components:", "type")]
        )
    problems: list[Problem] = []
    sound = dict(_components(raw, problems))
    manifest, broken = _fields(raw, tuple(sound.values()), known_regions, problems)
    draft = Draft(raw, manifest, broken, sound, _names(raw), accounts)
    _tell(problems, check(draft))
    if problems:
        raise ManifestError(problems)
    return manifest.model_copy(update={"account": manifest.account or next(iter(accounts))})


def parse_component(raw: Mapping[str, Any]) -> Component:
    """One component by itself, as a form sends it; paths begin at its own fields. Raises ManifestError."""
    problems: list[Problem] = []
    component = _component(checked(dict(raw)), dict(raw), (), problems)
    if component is None:
        raise ManifestError(problems)
    return component


def component_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind of component, for forms and for the API's description. Raises KeyError."""
    return components()[kind].model_json_schema()


def _components(raw: dict[str, Any], problems: list[Problem]) -> Iterator[tuple[int, Component]]:
    entries = raw.get("components")
    if not isinstance(entries, list):
        return
    if len(entries) > MOST_COMPONENTS:
        message = f"holds {len(entries)} components, a service has at most {MOST_COMPONENTS}"
        problems.append(Problem("components", None, message, "make two services", "too_many"))
        return
    for index, entry in enumerate(entries):
        component = _component(entry, raw, ("components", index), problems)
        if component is not None:
            yield index, component


def _component(entry: Any, raw: Any, location: Location, problems: list[Problem]) -> Component | None:
    """The component that an entry stands for; None, and its problems told, where it stands for none."""
    path = path_of(raw, location)
    if not isinstance(entry, dict):
        problems.append(Problem(path, None, f"{quoted(entry)} is not a map", "write kind: and name:", "type"))
        return None
    path = path_of(raw, (*location, "kind"))
    if "kind" not in entry:
        problems.append(Problem(path, None, "is missing", f"use one of: {', '.join(components())}", "missing"))
        return None
    kind = entry["kind"]
    if not isinstance(kind, str) or kind not in components():
        problems.append(Problem(path, None, *unknown(kind, "a kind of component", tuple(components())), "kind"))
        return None
    try:
        return components()[kind].model_validate(entry)
    except ValidationError as error:
        _tell(problems, told(error, components()[kind], raw, location))
        return None


def _fields(
    raw: dict[str, Any], sound: tuple[Component, ...], known_regions: Collection[str], problems: list[Problem]
) -> tuple[Manifest, frozenset[str]]:
    """The manifest without its broken top-level fields, and which these are."""
    given = {**raw, "components": sound} if isinstance(raw.get("components"), list) else raw
    context = {"regions": tuple(known_regions)}
    broken: frozenset[str] = frozenset()
    if isinstance(raw.get("routing"), dict):
        routing, found = _routing(raw, known_regions)
        given = {**given, "routing": routing}
        _tell(problems, iter(found))
        broken = frozenset({"routing"} if found else ())
    try:
        return Manifest.model_validate(given, context=context), broken
    except ValidationError as error:
        _tell(problems, told(error, Manifest, raw))
        broken |= frozenset(str(finding["loc"][0]) for finding in error.errors(include_url=False))
    standing_in = {"name": "name", "regions": [], "components": ()}
    kept = {field: value for field, value in given.items() if field not in broken}
    return Manifest.model_validate({**standing_in, **kept}, context=context), broken


def _routing(raw: dict[str, Any], known_regions: Collection[str]) -> tuple[dict[str, Any], list[Problem]]:
    """What `routing` says as its schema takes it, its branches read; and the problems of these."""
    own = Routing.model_fields.keys() - {"branches"}
    branches, found = read(raw, known_regions, own)
    said = {field: value for field, value in raw["routing"].items() if field in own}
    return {**said, "branches": branches}, found


def _tell(problems: list[Problem], more: Iterator[Problem]) -> None:
    """Add to the problems, as long as there is room for them."""
    problems.extend(islice(more, max(0, MOST_PROBLEMS + 1 - len(problems))))


def _names(raw: dict[str, Any]) -> dict[int, str]:
    entries = raw.get("components")
    named = enumerate(entries) if isinstance(entries, list) else ()
    return {
        index: entry["name"] for index, entry in named if isinstance(entry, dict) and isinstance(entry.get("name"), str)
    }
