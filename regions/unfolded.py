"""unfold's decorators for admins, with the types that it lacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from unfold import decorators

Function = TypeVar("Function", bound=Callable[..., Any])


def display(
    *, description: str | None = None, ordering: str | None = None, label: dict[str, str] | None = None
) -> Callable[[Function], Function]:
    """A column of a list; `label` gives each of its values a colour."""

    def decorated(function: Function) -> Function:
        made: Function = decorators.display(function, description=description, ordering=ordering, label=label)
        return made

    return decorated


def action(
    *,
    description: str,
    permissions: Sequence[str],
    url_path: str | None = None,
    icon: str | None = None,
) -> Callable[[Function], Function]:
    """Something to do with what is selected in a list, or (with `url_path`) a page of one object."""

    def decorated(function: Function) -> Function:
        made: Function = decorators.action(
            function, description=description, permissions=permissions, url_path=url_path, icon=icon
        )
        return made

    return decorated
