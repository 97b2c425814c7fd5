"""The manifest's fields against each other, and against the world as far as the caller names it. Pure.

Works on a draft in which broken parts are missing, so that all problems are told at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pydantic import ValidationError

from deployments.components.component import Component
from deployments.components.http_route import pattern_of
from deployments.components.reference import references
from deployments.manifest.branches import placed
from deployments.manifest.model import Manifest
from deployments.manifest.problems import Location, Problem, path_of
from deployments.manifest.told import told
from deployments.plugins import policies
from deployments.schema import quoted, unknown


@dataclass(frozen=True)
class Draft:
    """A manifest as far as it is sound. `broken`: the top-level fields to draw no conclusion from.

    `components`: the sound ones by their place in `raw`; `names`: all names, those of broken components too.
    """

    raw: dict[str, Any]
    manifest: Manifest
    broken: Collection[str]
    components: dict[int, Component]
    names: dict[int, str]
    accounts: Collection[str]

    def problem(self, location: Location, value: Any, message: str, mend: str, code: str) -> Problem:
        return Problem(path_of(self.raw, location), value, message, mend, code)


def check(draft: Draft) -> Iterator[Problem]:
    """Everything that no field can know alone."""
    yield from _account(draft)
    yield from _stage(draft)
    yield from _hostname(draft)
    yield from _regions(draft)
    yield from _routing(draft)
    yield from _names(draft)
    yield from _references(draft)
    yield from _cycles(draft)
    yield from _routes(draft)
    yield from _placed(draft)


def _account(draft: Draft) -> Iterator[Problem]:
    account = draft.manifest.account
    if "account" in draft.broken:
        return
    if not draft.accounts:
        yield draft.problem(("account",), account, "there is no account yet", "register one first", "account")
    elif account is None:
        if len(draft.accounts) > 1:
            mend = f"name one of: {', '.join(sorted(draft.accounts))}"
            yield draft.problem(("account",), None, "is missing, and there are several", mend, "account")
    elif account not in draft.accounts:
        message, mend = unknown(account, "a registered account", sorted(draft.accounts))
        yield draft.problem(("account",), account, message, mend, "account")


def _stage(draft: Draft) -> Iterator[Problem]:
    manifest = draft.manifest
    if manifest.stage and "stage" in {key.lower() for key in manifest.tags}:
        yield draft.problem(("tags",), None, "holds a stage beside the manifest's own", "remove that tag", "twice")


def _hostname(draft: Draft) -> Iterator[Problem]:
    manifest = draft.manifest
    serving = [component for component in draft.components.values() if component.serves]
    if manifest.hostname is None:
        if serving and "hostname" not in draft.broken:
            message = f"is missing, and {serving[0].name} has routes"
            yield draft.problem(("hostname",), None, message, "add the name that users call", "missing")
    elif manifest.zone is not None and not f".{manifest.hostname}".endswith(f".{manifest.zone.name}"):
        message = f"{quoted(manifest.hostname)} is not in the zone {quoted(manifest.zone.name)}"
        yield draft.problem(
            ("zone", "name"), manifest.zone.name, message, "name a zone that ends the hostname, or none", "zone"
        )


def _regions(draft: Draft) -> Iterator[Problem]:
    if "regions" in draft.broken:
        return
    placements = draft.manifest.regions
    most = policies()[draft.manifest.routing.policy].most_regions
    if not placements:
        yield draft.problem(("regions",), None, "is empty", "name at least one region", "missing")
    elif most is not None and len(placements) > most:
        name = draft.manifest.routing.policy
        yield draft.problem(
            ("routing", "policy"),
            name,
            f"{quoted(name)} leads to {most} region, the manifest has {len(placements)}",
            'use "latency", or keep one region',
            "policy",
        )


def _routing(draft: Draft) -> Iterator[Problem]:
    manifest = draft.manifest
    if {"regions", "routing"} & set(draft.broken) or not manifest.regions:
        return
    tree = manifest.tree
    if not tree.branches:
        yield draft.problem(("routing", "branches"), None, "is missing", "say where users may go", "missing")
        return
    led = set()
    for location, branch in placed(tree):
        if isinstance(branch.to, str):
            led.add(branch.to)
            if branch.to not in manifest.region_codes:
                message, mend = unknown(branch.to, "a region of this manifest", manifest.region_codes)
                where = (*location, "to") if location[-2:-1] == ("branches",) else location
                yield draft.problem(where, branch.to, message, f"{mend}, or add it to regions", "region")
    for index, region in enumerate(manifest.region_codes):
        if region not in led:
            message = f"no branch of routing leads to {quoted(region)}"
            yield draft.problem(
                ("regions", index), region, message, "add a branch to it, or remove the region", "region"
            )


def _names(draft: Draft) -> Iterator[Problem]:
    if draft.raw.get("components") == []:
        yield draft.problem(("components",), None, "is empty", "add a component", "missing")
    first: dict[str, int] = {}
    for index, name in draft.names.items():
        if first.setdefault(name, index) != index:
            message = f"{quoted(name)} is also the name of components[{first[name]}]"
            yield draft.problem(("components", index, "name"), name, message, "name each component once", "twice")


def _references(draft: Draft) -> Iterator[Problem]:
    sound = {component.name: component for component in draft.components.values()}
    for location, text in _templates(draft):
        for reference in references(text):
            if reference.component not in draft.names.values():
                message, mend = unknown(reference.component, "a component", tuple(draft.names.values()))
            elif reference.component in sound and (
                reference.attribute not in (known := sound[reference.component].attributes)
            ):
                what = f"an attribute of {reference.component}"
                message, mend = unknown(reference.attribute, what, sorted(known))
            else:
                continue
            yield draft.problem(location, text, f"{message} (in {quoted(str(reference))})", mend, "reference")


def _templates(draft: Draft) -> Iterator[tuple[Location, str]]:
    for index, component in draft.components.items():
        for path, text in component.templates():
            yield ("components", index, *path), text
    for index, placement in enumerate(draft.manifest.regions):
        for name, text in placement.environment.items():
            yield ("regions", index, "environment", name), text


def _cycles(draft: Draft) -> Iterator[Problem]:
    graph = {component.name: _needs(component, draft) for component in draft.components.values()}
    places = {component.name: index for index, component in draft.components.items()}
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            cycle = list(reversed(error.args[1]))
            message = f"needs itself: {' → '.join(cycle)}"
            mend = "remove one of these references; a function knows its own name as AWS_LAMBDA_FUNCTION_NAME"
            yield draft.problem(("components", places[cycle[0]]), None, message, mend, "cycle")
            graph[cycle[0]].discard(cycle[1])
        else:
            return


def _needs(component: Component, draft: Draft) -> set[str]:
    forms = [component, *(form for _, form in _forms(component, draft) if isinstance(form, Component))]
    return {reference.component for form in forms for _, text in form.templates() for reference in references(text)}


def _routes(draft: Draft) -> Iterator[Problem]:
    first: dict[str, tuple[str, str]] = {}
    for index, component in draft.components.items():
        for number, route in enumerate(component.serves):
            other, its = first.setdefault(pattern_of(route), (component.name, route))
            if other != component.name:
                message = f"{quoted(route)} matches the same requests as {quoted(its)} of {other}"
                yield draft.problem(
                    ("components", index, "routes", number), route, message, "keep one of the two", "twice"
                )


def _placed(draft: Draft) -> Iterator[Problem]:
    for component in draft.components.values():
        for index, form in _forms(component, draft):
            if isinstance(form, ValidationError):
                for problem in told(form, type(component), draft.raw, ("regions", index)):
                    message = f"{problem.message} (with what {component.name} has)"
                    yield Problem(problem.path, problem.value, message, problem.mend, problem.code)


def _forms(component: Component, draft: Draft) -> Iterator[tuple[int, Component | ValidationError]]:
    """A component as it is in each region: (place of the region, the component or why it can't be)."""
    for index, placement in enumerate(draft.manifest.regions):
        try:
            yield index, component.placed(placement)
        except ValidationError as error:
            yield index, error
