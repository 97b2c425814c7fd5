"""Figures as people read them: nines, downtime, latency, the scale of nines. Pure: values in, spans or SVG out."""

from __future__ import annotations

from fractions import Fraction
from math import log10

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from regions import availability

register = template.Library()

NARROW = "\u202f"
"""Narrow no-break space: between groups of digits and before a unit."""
MISSING = "–"

FEWEST_NINES, MOST_NINES = 2, 7
SCALE_HEIGHT = 14


@register.filter
def nines(value: Fraction | str | None) -> SafeString:
    """99.999 **898** %: the run of nines quiet, the digits after it bold, in threes, cut and never rounded up."""
    if value is None:
        return format_html("{}", MISSING)
    quiet, bold = split_nines(value if isinstance(value, str) else availability.nines(value))
    return format_html('<span class="nines"><span class="t3">{}</span><b>{}</b>{}%</span>', quiet, bold, NARROW)


def split_nines(percent: str) -> tuple[str, str]:
    """The run of leading nines, and the rest, each with its groups parted: "99.999898" → "99.999 ", "898"."""
    whole, _, decimals = percent.partition(".")
    grouped = NARROW.join(decimals[i : i + 3] for i in range(0, len(decimals), 3))
    text = f"{whole}.{grouped}" if grouped else whole
    if whole != "99":
        return "", text
    run = next((i for i, sign in enumerate(text) if sign not in f"9.{NARROW}"), len(text))
    return text[:run], text[run:]


@register.filter
def count_nines(value: Fraction) -> str:
    """ "15 nines": how many stand at the front of the availability, counted exactly; "no failure" where it is 1."""
    if value == 1:
        return "no failure"
    count = 0
    while (1 - value) * 10 ** (count + 1) <= 1:
        count += 1
    return f"{count} nine{'' if count == 1 else 's'}"


@register.filter
def downtime(value: Fraction | None) -> str:
    """What an availability means in a year: 8 h 51 min, 32 s, 32 ms, 33 µs."""
    if value is None:
        return MISSING
    return spaced(availability.duration(availability.downtime_s_per_year(value)))


@register.filter
def downtime_short(value: Fraction) -> str:
    """The same where there is little room: below a millisecond it is said to be so."""
    seconds = availability.downtime_s_per_year(value)
    return f"<{NARROW}1{NARROW}ms" if seconds * 1000 < 1 else spaced(availability.duration(seconds))


@register.filter
def lasting(seconds: object) -> str:
    """A duration, from seconds or a timedelta."""
    total = getattr(seconds, "total_seconds", None)
    number = total() if total else seconds
    return spaced(availability.duration(float(number))) if isinstance(number, int | float) else MISSING


@register.filter
def percent(value: Fraction | None) -> str:
    """A plain share, as an objective is written: 99.95 %."""
    return MISSING if value is None else f"{availability.exact_percent(value)}{NARROW}%"


@register.filter
def latency(value: float | None) -> str:
    """Whole milliseconds."""
    return MISSING if value is None else f"{round(value)}{NARROW}ms"


@register.simple_tag
def nines_scale(
    measured: Fraction | None, objective: Fraction | None, computed: Fraction | None, width: int = 142
) -> SafeString:
    """2 … 7 nines on one logarithmic axis: bar = owed, dot = measured, ring = computed with the shared cause."""
    middle = SCALE_HEIGHT / 2
    ticks = format_html_join(
        "",
        '<path class="tick" d="M{} {}v4"></path>',
        ((f"{_place(Fraction(10**n - 1, 10**n), width):.1f}", middle - 2) for n in range(FEWEST_NINES, MOST_NINES + 1)),
    )
    marks = []
    if computed is not None:
        marks.append(format_html('<circle class="ring" cx="{}" cy="{}" r="3"></circle>', _x(computed, width), middle))
    if objective is not None:
        marks.append(format_html('<path class="owed" d="M{} 1v12"></path>', _x(objective, width)))
    if measured is not None:
        kind = "dot missed" if objective is not None and measured < objective else "dot"
        marks.append(
            format_html('<circle class="{}" cx="{}" cy="{}" r="3.5"></circle>', kind, _x(measured, width), middle)
        )
    return format_html(
        '<svg class="scale" width="{}" height="{}" viewBox="0 0 {} {}" aria-hidden="true">'
        '<path class="axis" d="M4 {}H{}"></path>{}{}</svg>',
        width,
        SCALE_HEIGHT,
        width,
        SCALE_HEIGHT,
        middle,
        width - 4,
        ticks,
        format_html_join("", "{}", ((mark,) for mark in marks)),
    )


@register.simple_tag
def nines_axis(width: int = 142) -> SafeString:
    """The numbers above a column of scales."""
    labels = ((f"{_place(Fraction(10**n - 1, 10**n), width):.1f}", n) for n in range(FEWEST_NINES, MOST_NINES + 1))
    return format_html(
        '<svg class="scale axis-numbers" width="{}" height="12" viewBox="0 0 {} 12" aria-hidden="true">{}</svg>',
        width,
        width,
        format_html_join("", '<text x="{}" y="10" text-anchor="middle">{}</text>', labels),
    )


def _x(value: Fraction, width: int) -> str:
    return f"{_place(value, width):.1f}"


def _place(value: Fraction, width: int) -> float:
    """Where an availability stands on the axis; what is beyond an end stands at that end."""
    nines_ = float(MOST_NINES) if value == 1 else -log10(float(1 - value))
    share = (min(max(nines_, FEWEST_NINES), MOST_NINES) - FEWEST_NINES) / (MOST_NINES - FEWEST_NINES)
    return 4 + share * (width - 8)


def spaced(text: str) -> str:
    """Narrow spaces between numbers and units, plain ones between the pairs: "8 h 51 min"."""
    words = text.split(" ")
    return " ".join(NARROW.join(words[i : i + 2]) for i in range(0, len(words), 2))
