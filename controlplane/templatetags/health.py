"""Health as shape, colour and word, and the last 24 hours as a strip. Pure: values in, SVG or spans out, no query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from controlplane.templatetags.figures import latency, spaced
from deployments.overview import ReplicaRow
from regions.availability import Flip, duration, measure
from regions.verdict import Status

register = template.Library()

SIZES_PX = (12, 16, 26)
"""In rows, in lists, in the band."""

COLOURS = {
    "up": "up",
    "degraded": "degraded",
    "down": "down",
    "unknown": "unknown",
    "evacuated": "evac",
    "succeeded": "up",
    "failed": "down",
    "refused": "down",
    "running": "accent",
    "queued": "waiting",
    "waiting": "waiting",
    "cancelled": "waiting",
    "skipped": "waiting",
    "paused": "degraded",
}
SHAPES = COLOURS | {
    "evacuated": "evacuated",
    "succeeded": "check",
    "failed": "cross",
    "refused": "cross",
    "running": "arc",
    "queued": "dots",
    "cancelled": "dash",
    "waiting": "dots",
    "skipped": "dash",
    "paused": "paused",
}

STRIP_HEIGHT = 16
STRIP_WINDOW = timedelta(hours=24)
HEIGHTS = {Status.UP: 4, Status.UNKNOWN: 4, Status.DEGRADED: 9, Status.DOWN: 16}
NARROWEST = 1.5
"""Units of the strip's width: trouble of a minute must be seen."""


@register.simple_tag
def shape(status: str, size: int = 12) -> SafeString:
    """The shape alone, for where the word stands beside it."""
    return _shape(status, size)


@cache
def _shape(status: str, size: int) -> SafeString:
    """Made once: a page holds hundreds of a few."""
    name = SHAPES.get(status, status)
    return format_html(
        '<svg class="shape c-{} k-{}" width="{}" height="{}" viewBox="0 0 16 16" aria-hidden="true">'
        '<use href="{}#{}"></use></svg>',
        COLOURS.get(status, status),
        name,
        size,
        size,
        static("shapes.svg"),
        name,
    )


@register.simple_tag
def status(value: str, instead: str = "", size: int = 12) -> SafeString:
    """Shape and word. A healthy one may show `instead` (its number) and keeps its word for screen readers."""
    if instead and value == Status.UP:
        word = format_html('<span class="sr">{}</span>{}', value, instead)
    else:
        word = format_html('<b class="c-{}">{}</b>', COLOURS.get(value, value), value)
    return format_html('<span class="status">{}{}</span>', shape(value, size), word)


VERDICT = '<span class="status" title="{status}{since}{why}">{shape}<span class="sr">{status}</span>{latency}</span>'
VERDICT_ILL = '<span class="status" title="{status}{since}{why}">{shape}<b class="c-{status}">{status}</b></span>'


@register.simple_tag
def verdict(replica: ReplicaRow) -> SafeString:
    """A replica in a cell: its latency while it is well, else the word; since when and why in the title."""
    since = f" since {replica.since:%Y-%m-%d %H:%M:%S} UTC" if replica.since else ""
    return format_html(
        VERDICT if replica.status is Status.UP else VERDICT_ILL,
        status=replica.status,
        since=since,
        why=f": {replica.why}" if replica.why else "",
        shape=_shape(replica.status, 12),
        latency=latency(replica.latency_ms),
    )


@register.simple_tag
def strip24(flips: Sequence[Flip], now: datetime, width: int = 72) -> SafeString:
    """The 24 hours before `now`: a flat track is up, a step degraded, full height down, a broken track unknown."""
    start = now - STRIP_WINDOW
    scale = width / STRIP_WINDOW.total_seconds()
    bars = [
        (
            f"{min((since - start).total_seconds() * scale, width - NARROWEST):.1f}",
            STRIP_HEIGHT - HEIGHTS[how],
            f"{max((until - since).total_seconds() * scale, NARROWEST if how is not Status.UP else 0):.1f}",
            HEIGHTS[how],
            how.value,
        )
        for since, until, how in _stretches(flips, start, now)
    ]
    return format_html(
        '<svg class="strip" width="{}" height="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        width,
        STRIP_HEIGHT,
        width,
        STRIP_HEIGHT,
        summary24(flips, now),
        format_html_join("", '<rect x="{}" y="{}" width="{}" height="{}" class="s-{}"></rect>', bars),
    )


def summary24(flips: Iterable[Flip], now: datetime) -> str:
    """The strip in words."""
    measured = measure(flips, now - STRIP_WINDOW, now)
    told = ((measured.down, "down"), (measured.degraded, "degraded"), (measured.unknown, "unknown"))
    parts = [f"{word} {spaced(duration(time.total_seconds()))}" for time, word in told if time]
    return "last 24 h: " + (", ".join(parts) or "up")


def _stretches(flips: Sequence[Flip], start: datetime, end: datetime) -> list[tuple[datetime, datetime, Status]]:
    """Quiet ones first, so that trouble is painted over what stands beside it."""
    ordered = sorted(flips, key=lambda flip: flip.at)
    before = [flip.status for flip in ordered if flip.at <= start]
    turns = [Flip(start, before[-1] if before else Status.UNKNOWN), *(f for f in ordered if start < f.at < end)]
    found = [(a.at, b.at, a.status) for a, b in pairwise([*turns, Flip(end, Status.UNKNOWN)])]
    return sorted(found, key=lambda stretch: HEIGHTS[stretch[2]])
