"""Small words of plans and operations. Pure."""

from __future__ import annotations

from typing import Any

from django import template

from controlplane.dashboard.steps import SIGNS, diff_line

register = template.Library()


@register.filter
def sign(action: str) -> str:
    """`+ ~ − ±` in front of kind and name."""
    return SIGNS.get(action, "?")


@register.filter
def inline(value: Any) -> str:
    """One side of a difference."""
    return diff_line(value)
