"""Small words of plans and operations. Pure."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html

from controlplane.dashboard.steps import SIGNS, diff_line

register = template.Library()


@register.filter
def sign(action: str) -> str:
    """`+ ~ − ±` in front of kind and name."""
    return SIGNS.get(action, "?")


@register.simple_tag
def service_link(stack: str, part: str = "") -> str:
    """A stack by its name, as a link where it has a page: an account's foundation has none."""
    if "." in stack:
        return stack
    return format_html('<a href="{}{}">{}</a>', reverse("service", args=[stack]), part, stack)


@register.filter
def inline(value: Any) -> str:
    """One side of a difference."""
    return diff_line(value)
