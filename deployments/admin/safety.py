"""Drift, saved plans and pauses in the admin: shown; a pause is let go of here, all else is done at the service."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from deployments import models, plans
from deployments.actions.actor import Actor
from deployments.actions.pause import Pause, Resume
from deployments.actions.refused import ActionRefused
from deployments.admin.permissions import Operated, ReadOnly, Scoped, operable
from deployments.models import Drift, SavedPlan
from regions.unfolded import action, display


@admin.register(Drift)
class DriftAdmin(Scoped, ReadOnly, ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """What differs from what was approved, and since when. Checking and repairing are acts on the service."""

    list_display = ["standing", "stack", "scope", "kind", "name", "reason", "waits_for", "found_at", "ended_at"]
    list_display_links = ["name"]
    list_filter = ["state", "scope", "kind", "stack__account"]
    list_select_related = ["stack"]
    search_fields = ["stack__name", "name", "reason"]
    list_per_page = 50

    @display(
        description="state",
        ordering="state",
        label={"found": "warning", "repaired": "success", "vanished": "info"},
    )
    def standing(self, drift: Drift) -> str:
        return drift.state


@admin.register(SavedPlan)
class SavedPlanAdmin(Scoped, ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Plans as somebody saw them, for as long as they are kept."""

    named = "service_name"
    list_display = ["number", "service_name", "what", "refused_by", "created_at", "created_by"]
    list_select_related = ["created_by"]
    search_fields = ["service_name", "digest"]
    list_filter = ["account_name"]
    list_per_page = 50
    fields = readonly_fields = [
        "service_name",
        "account_name",
        "created_at",
        "created_by",
        "digest",
        "consent",
        "lines",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = plans.summaries(super().get_queryset(request))
        return rows

    @display(description="plan", ordering="pk")
    def number(self, plan: SavedPlan) -> str:
        return str(plan.pk)

    @display(description="what it changes")
    def what(self, plan: Any) -> str:
        return ("Destroys: " if plan.destroying else "") + (plan.summary or "")

    @display(description="refused by")
    def refused_by(self, plan: Any) -> str:
        return ", ".join(guard["name"] for guard in plan.guards or () if guard["refuses"])

    @display(description="plan")
    def lines(self, plan: SavedPlan) -> SafeString:
        text = "\n".join(plan.body.get("lines") or ())
        return format_html('<pre class="plan-lines">{}</pre>', text)


@admin.register(models.Pause)
class PauseAdmin(Scoped, Operated, ReadOnly, ModelAdmin):  # type: ignore[misc]
    """The stop button as it stands: of one service, or of everything."""

    list_display = ["what", "reason", "created_at", "created_by"]
    list_select_related = ["stack", "created_by"]
    search_fields = ["stack__name", "reason"]
    actions = ["resume"]
    actions_list = ["pause_everything"]

    def within(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """That of all is everybody's to see."""
        return rows.filter(stack=None) | super().within(request, rows)

    def has_everywhere_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The stop button of everything is pressed by those who may operate everything."""
        return operable(request).everywhere

    @display(description="paused", ordering="stack__name")
    def what(self, pause: models.Pause) -> str:
        return pause.stack.name if pause.stack else "everything"

    @action(description="Resume", permissions=["operate"])
    def resume(self, request: HttpRequest, queryset: QuerySet[models.Pause]) -> None:
        for pause in queryset.select_related("stack__service"):
            about = pause.stack.service if pause.stack else None
            if pause.stack is not None and about is None:
                messages.error(request, f"{pause.stack.name} has no draft any more; it is let go of with its stack.")
                continue
            try:
                Resume(about, Actor.of(request.user, "admin")).execute()
            except ActionRefused as error:
                messages.error(request, f"{error.detail} {error.mend}")
            else:
                messages.success(request, f"{self.what(pause).capitalize()} goes on.")

    @action(description="Pause everything…", url_path="everything", permissions=["everywhere"], icon="pause_circle")
    def pause_everything(self, request: HttpRequest) -> HttpResponse:
        """The stop button of all services."""
        back = reverse("admin:deployments_pause_changelist")
        if request.method == "POST":
            try:
                Pause(None, Actor.of(request.user, "admin"), request.POST.get("reason", "").strip()).execute()
            except ActionRefused as error:
                messages.error(request, f"{error.detail} {error.mend}")
            else:
                messages.warning(request, "Everything is paused: no change is begun in AWS until you resume it here.")
            return redirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": "Pause everything",
            "list_url": back,
        }
        return TemplateResponse(request, "admin/deployments/pause/everything.html", context)
