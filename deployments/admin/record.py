"""Operations with their steps, the inventory and releases: shown, never edited. Cancel and retry are actions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline

from deployments.actions.actor import Actor
from deployments.actions.cancel import Cancel
from deployments.actions.refused import ActionRefused
from deployments.actions.retry import Retry
from deployments.admin.permissions import Operated, ReadOnly, Scoped, ScopedInline
from deployments.models import Operation, Release, Resource, Step
from regions.unfolded import action, display


class Steps(ScopedInline, ReadOnly, TabularInline):  # type: ignore[misc]  # unfold has no types
    model = Step
    hide_title = True
    extra = 0
    fields = readonly_fields = ["what", "scope", "status", "waits", "attempts", "told"]

    @display(description="step")
    def what(self, step: Step) -> str:
        return f"{step.action} {step.kind} {step.name}"

    @display(description="waiting for")
    def waits(self, step: Step) -> str:
        return step.waiting_for or "–"

    @display(description="error and its mend")
    def told(self, step: Step) -> SafeString | str:
        if not step.error:
            return "–"
        return format_html("<b>{}</b> {}<br>Mend: {}", step.error_code, step.error, step.mend or "–")


@admin.register(Operation)
class OperationAdmin(Scoped, Operated, ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ["title", "stack", "verb", "state", "progress", "requested_by", "created_at", "finished_at"]
    list_filter = ["status", "verb", "stack__account", "requested_via"]
    list_select_related = ["stack", "release", "requested_by"]
    search_fields = ["title", "stack__name"]
    inlines = [Steps]
    list_per_page = 50
    actions = ["cancel", "retry"]
    actions_detail = ["follow"]
    fields = readonly_fields = [
        *("stack", "verb", "state", "progress", "error", "mend", "left_out", "overridden"),
        *("release", "plan", "requested_by", "requested_via", "created_at", "started_at", "finished_at"),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Operation]:
        rows: QuerySet[Operation] = super().get_queryset(request)
        return rows.annotate(all_steps=Count("steps"), done=Count("steps", filter=Q(steps__status="succeeded")))

    @display(
        description="status",
        ordering="status",
        label={"succeeded": "success", "running": "info", "queued": "info", "failed": "danger", "cancelled": "warning"},
    )
    def state(self, operation: Operation) -> str:
        return operation.status

    @display(description="steps")
    def progress(self, operation: Operation) -> str:
        return f"{getattr(operation, 'done', 0)} of {getattr(operation, 'all_steps', 0)}"

    @display(description="skipped")
    def left_out(self, operation: Operation) -> str:
        return "; ".join(f"{skip['ref']}: {skip['reason']} ({skip['by']})" for skip in operation.skips) or "–"

    @display(description="guards overridden")
    def overridden(self, operation: Operation) -> str:
        told = operation.override
        return f"{', '.join(told['guards'])}: {told['reason']} ({told['by']})" if told else "–"

    @action(description="Follow, skip or cancel", url_path="follow", permissions=["view"], icon="open_in_new")
    def follow(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Its page on the dashboard, which follows it and offers what can be done."""
        operation = get_object_or_404(self.get_queryset(request), pk=object_id if object_id.isdecimal() else 0)
        return HttpResponseRedirect(f"/operations/{operation.pk}/")

    @action(description="Cancel", permissions=["operate"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Operation]) -> None:
        for operation in queryset:
            _tell(request, Cancel(operation, Actor.of(request.user, "admin")), f"{operation.title}: to be cancelled.")

    @action(description="Retry", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Operation]) -> None:
        for operation in queryset.select_related("stack", "release"):
            _tell(request, Retry(operation, Actor.of(request.user, "admin")), f"{operation.title}: queued again.")


def _tell(request: HttpRequest, what: Cancel | Retry, done: str) -> None:
    try:
        what.execute()
    except ActionRefused as error:
        messages.error(request, f"{error.detail} {error.mend}")
    else:
        messages.success(request, done)


@admin.register(Resource)
class ResourceAdmin(Scoped, ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ["stack", "scope", "kind", "name", "standing", "physical_id", "updated_at"]
    list_filter = ["state", "kind", "scope", "stack__account"]
    list_per_page = 50
    list_select_related = ["stack"]
    search_fields = ["name", "physical_id", "stack__name"]

    @display(
        description="state",
        ordering="state",
        label={"live": "success", "pending": "info", "retained": "warning", "adopted": "info", "draining": "warning"},
    )
    def standing(self, resource: Resource) -> str:
        return resource.state


@admin.register(Release)
class ReleaseAdmin(Scoped, ReadOnly, ModelAdmin):  # type: ignore[misc]
    named = "service_name"
    list_display = ["service_name", "number", "created_at", "created_by"]
    list_select_related = ["created_by"]
    search_fields = ["service_name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["service_name", "number", "manifest", "zone_id", "created_at", "created_by"]
