"""Times as `<time>`: UTC from the server, with the whole moment in the title; app.js turns them to the user's zone.

Pure: "now" is an argument. Without script the text stands as it is, and says UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from controlplane.dashboard.sentence import Link, Part, Strong
from controlplane.templatetags.figures import MISSING, NARROW, spaced
from regions.availability import duration

register = template.Library()


@register.simple_tag
def clock(at: datetime | None, now: datetime, seconds: bool = False) -> SafeString:
    """12:03 today, 24 Nov 12:03 before."""
    return UNKNOWN if at is None else _time(at, _shown(at.astimezone(UTC), now, seconds), seconds)


@register.simple_tag
def since(at: datetime | None, now: datetime) -> SafeString:
    """ "since 12:03 UTC"; nothing where nobody knows."""
    return NOTHING if at is None else format_html("since {}", clock(at, now))


@register.simple_tag
def age(at: datetime | None, now: datetime) -> SafeString:
    """How long ago, by the minute; ticks in the browser."""
    if at is None:
        return UNKNOWN
    return format_html(
        '<time datetime="{}" title="{}" data-age>{}</time>', at.isoformat(), _title(at), minutes_since(at, now)
    )


@register.simple_tag
def took(start: datetime | None, end: datetime | None, now: datetime) -> SafeString:
    """How long something lasted, or has lasted until now."""
    if start is None:
        return NOTHING
    if end is None:
        return age(start, now)
    return format_html("{}", spaced(duration((end - start).total_seconds())))


@register.simple_tag
def parts(sentence: tuple[Part, ...], now: datetime) -> SafeString:
    """A sentence in which times, links and what matters stand."""
    return format_html_join("", "{}", ((_part(part, now),) for part in sentence))


def _part(part: Part, now: datetime) -> SafeString:
    match part:
        case datetime():
            return clock(part, now)
        case Link(text, url):
            return format_html('<a href="{}">{}</a>', url, text)
        case Strong(text):
            return format_html("<b>{}</b>", text)
        case _:
            return format_html("{}", part)


def minutes_since(at: datetime, now: datetime) -> str:
    """At most two units, none below a minute: it must not change more often, or every poll would look new."""
    minutes = int((now - at).total_seconds() // 60)
    return spaced(duration(minutes * 60)) if minutes > 0 else f"<{NARROW}1{NARROW}min"


def _shown(at: datetime, now: datetime, seconds: bool) -> str:
    today = at.date() == now.astimezone(UTC).date()
    time = f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"
    return f"{time} UTC" if today else f"{at.day} {at:%b} {time} UTC"


def _time(at: datetime, text: str, seconds: bool) -> SafeString:
    kind = "seconds" if seconds else "minutes"
    return format_html(
        '<time datetime="{}" title="{}" data-clock="{}">{}</time>', at.isoformat(), _title(at), kind, text
    )


def _title(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


NOTHING, UNKNOWN = format_html("{}", ""), format_html("{}", MISSING)
