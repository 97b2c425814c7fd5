"""Money and amounts of data as people read them. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from django import template

from controlplane.templatetags.figures import MISSING, NARROW

register = template.Library()

CENT = Decimal("0.01")
UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


@register.filter
def usd(amount: Decimal | str | None) -> str:
    """ "2.50 USD"; "under 0.01 USD" for what is less than a cent, "–" for what nobody knows."""
    if not isinstance(amount, Decimal):  # a template tells what is missing as an empty string
        return MISSING
    if 0 < amount < CENT:
        return f"under 0.01{NARROW}USD"
    return f"{amount.quantize(CENT, ROUND_HALF_UP):,f}{NARROW}USD"


@register.filter
def amount(size: int | str | None) -> str:
    """ "10.2 GB", in powers of ten; "–" where nobody knows."""
    if not isinstance(size, int):
        return MISSING
    number, unit = Decimal(size), 0
    while number >= 1000 and unit < len(UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.0f}{NARROW}{UNITS[unit]}" if unit == 0 else f"{number:.1f}{NARROW}{UNITS[unit]}"
