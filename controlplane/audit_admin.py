"""The audit log in the admin: looked at, searched, never changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from audit.changes import differences
from audit.models import Entry
from controlplane.audit_entries import VIA, entries
from deployments.access import scope_of
from deployments.admin.permissions import ReadOnly
from regions.unfolded import display

VIEW_ENTRY = "audit.view_entry"


class ViaFilter(admin.SimpleListFilter):
    title = "door"
    parameter_name = "via"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(via, via) for via in VIA]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        return queryset.filter(via=self.value()) if self.value() else queryset


@admin.register(Entry)
class EntryAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # unfold has no types
    list_display = ["at", "action", "name", "actor", "through", "service", "account", "changed"]
    list_display_links = ["at", "action"]
    list_filter = [ViaFilter, ("at", admin.DateFieldListFilter)]
    search_fields = ["=action", "=actor", "=service", "=account", "=request_id", "name"]
    search_help_text = "An action, a person, a service, an account or a request id, whole; or a part of a name."
    ordering = ["-id"]
    show_full_result_count = False
    fields = ["at", "action", "name", "actor", "through", "address", "request_id", "service", "account", "changes"]
    readonly_fields = ["through", "changes"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        return entries(scope_of(request.user, VIEW_ENTRY))

    def has_view_permission(self, request: HttpRequest, obj: Entry | None = None) -> bool:
        return not scope_of(request.user, VIEW_ENTRY).nowhere

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @display(
        description="door",
        ordering="via",
        label={"database": "danger", "command": "warning", "admin": "info", "page": "info", "api": "info"},
    )
    def through(self, entry: Entry) -> str:
        return entry.via

    @display(description="what changed")
    def changed(self, entry: Entry) -> str:
        if entry.before is None or entry.after is None:
            return ""
        paths = [one.path for one in differences(entry.before, entry.after)]
        return ", ".join(paths[:3]) + (", …" if len(paths) > 3 else "")

    @display(description="before → after")
    def changes(self, entry: Entry) -> SafeString:
        context = {"changes": differences(entry.before, entry.after), "details": entry.details}
        return render_to_string("admin/audit/entry/changes.html", context)
