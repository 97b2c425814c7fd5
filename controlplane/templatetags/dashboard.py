"""Small words of plans and operations. Pure."""

from __future__ import annotations

from typing import Any

from django import template

from controlplane.dashboard.steps import SIGNS, diff_line
from deployments.plan.model import Waiting
from deployments.plan.render import waiting_text

register = template.Library()


@register.filter
def sign(action: str) -> str:
    """`+ ~ − ±` in front of kind and name."""
    return SIGNS.get(action, "?")


@register.filter
def inline(value: Any) -> str:
    """One side of a difference."""
    return diff_line(value)


@register.filter
def waiting(value: Waiting) -> str:
    """What a change waits for: the name where it is a resource, the reason otherwise."""
    return f"{value.ref.kind} {value.ref.name}" if value.ref else waiting_text(value)
