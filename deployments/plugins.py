"""Discovery: a file dropped in components/ or routing/ is a component or a policy; nothing lists them. Pure.

A plug-in is a module with the one name that its folder asks for (`COMPONENT`, `POLICY`); others there support them.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

from deployments.components.component import Component
from deployments.routing.policy import Policy


@cache
def components() -> Mapping[str, type[Component]]:
    """Every kind of component that a manifest may name, by that kind."""
    return _by_name(
        (str(found.model_fields["kind"].default), found) for found in discover("deployments.components", "COMPONENT")
    )


@cache
def policies() -> Mapping[str, Policy]:
    """Every routing policy, by its name."""
    return _by_name((found.name, found) for found in discover("deployments.routing", "POLICY"))


def discover(package: str, attribute: str) -> Iterator[Any]:
    """The attribute of every module of a package that has it, in the order of the file names."""
    path = import_module(package).__path__
    for module in sorted(module.name for module in pkgutil.iter_modules(path)):
        found = getattr(import_module(f"{package}.{module}"), attribute, None)
        if found is not None:
            yield found


def _by_name(pairs: Iterator[tuple[str, Any]]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for name, plugin in pairs:
        if name in found:
            raise LookupError(f'two plug-ins are called "{name}": {found[name]!r} and {plugin!r}')
        found[name] = plugin
    return MappingProxyType(found)
