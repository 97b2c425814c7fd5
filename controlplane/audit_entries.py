"""Reading the audit log: which entries somebody may see, and finding among them. Serves API, page and admin."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import django_filters  # type: ignore[import-untyped]
from django import forms
from django.db.models import Q, QuerySet
from django_filters.fields import IsoDateTimeField  # type: ignore[import-untyped]

from audit.models import Entry
from deployments.access import Scope
from deployments.models import Service
from regions.models import Account

VIA = ("api", "page", "admin", "command", "worker", "database")


def entries(scope: Scope) -> QuerySet[Entry]:
    """Those about what lies in `scope`, newest first; what is about no service and no account only from everywhere.

    Entries know both by name, and outlive them: a service that is gone is still found by its account, and one that
    took over its name elsewhere does not inherit its past. At most two queries.
    """
    rows = Entry.objects.all()
    if scope.everywhere:
        return rows
    accounts = list(Account.objects.filter(pk__in=scope.accounts).values_list("name", flat=True))
    services = Service.objects.filter(pk__in=scope.services).values_list("name", "account__name")
    seen = Q(account__in=accounts)
    for service, account in services:
        seen |= Q(service=service, account__in=[account, ""])
    return rows.filter(seen)


class InstantField(IsoDateTimeField):  # type: ignore[misc]
    """A time in UTC: PostgreSQL takes no offset of 16 hours and more, which ISO 8601 allows."""

    def clean(self, value: Any) -> datetime | None:
        found: datetime | None = super().clean(value)
        try:
            return None if found is None else found.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError("lies before or after all time") from None


class InstantFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    field_class = InstantField


class EntryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What a list may be asked for."""

    action = django_filters.CharFilter(
        method="by_action",
        help_text="One action (`service.changed`), or all of one kind (`service`).",
    )
    service = django_filters.CharFilter(help_text="The service's name.")
    account = django_filters.CharFilter(help_text="The account's name.")
    actor = django_filters.CharFilter(help_text="Who, as written: a user's name, or antipode.")
    via = django_filters.ChoiceFilter(
        choices=[(via, via) for via in VIA], help_text="Through which door; database: past all of them."
    )
    request_id = django_filters.CharFilter(help_text="What one request changed: its X-Request-Id.")
    since = InstantFilter("at", "gte", help_text="From this time on.")
    until = InstantFilter("at", "lt", help_text="Before this time.")

    def by_action(self, rows: QuerySet[Entry], name: str, value: str) -> QuerySet[Entry]:
        return rows.filter(action=value) if "." in value else rows.filter(action__startswith=f"{value}.")
