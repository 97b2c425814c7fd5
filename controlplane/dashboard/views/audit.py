"""The audit log as a page: found by filters in its address, newest first, each entry with its differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from audit.changes import Difference, differences
from audit.models import Entry
from audit.watched import actions
from controlplane.audit_entries import VIA, EntryFilter, entries
from controlplane.dashboard.page import page, seen

PAGE = 50
SHOWN = 4
FILTERS = ("action", "service", "account", "actor", "via", "request_id", "since", "until")


@dataclass(frozen=True)
class Row:
    """One entry; `more` of its differences fold."""

    entry: Entry
    shown: Sequence[Difference]
    more: Sequence[Difference]


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    wanted = {name: value for name in FILTERS if (value := request.GET.get(name, "").strip())}
    found = EntryFilter(wanted, entries(seen(request)))
    errors = {name: list(said) for name, said in found.errors.items()}
    rows = found.qs if found.is_valid() else Entry.objects.none()
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    read = list(rows.order_by("-pk")[: PAGE + 1])
    context = {
        "rows": [_row(entry) for entry in read[:PAGE]],
        "following": read[PAGE - 1].pk if len(read) > PAGE else None,
        "begun": bool(before),
        "wanted": wanted,
        "errors": errors,
        "doors": VIA,
        "actions": actions(),
    }
    return page(request, "dashboard/audit.html", context, section="audit", status=400 if errors else 200)


def _row(entry: Entry) -> Row:
    """A change is told at once; what a new or deleted row held unfolds."""
    found = differences(entry.before, entry.after)
    at_once = SHOWN if entry.before is not None and entry.after is not None else 0
    return Row(entry, tuple(islice(found, at_once)), found[at_once:])
