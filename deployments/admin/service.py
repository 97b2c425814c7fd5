"""Services in the admin: the list that operators begin with. A service's pages are in the mixins beside this file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from deployments import manifests, queries
from deployments.actions.actor import Actor
from deployments.actions.pause import Pause, Resume
from deployments.actions.refused import ActionRefused
from deployments.admin import service_filters as filters
from deployments.admin.draft_view import DraftView
from deployments.admin.permissions import OperatorsOnly, Scoped
from deployments.admin.service_pages import tell_check
from deployments.admin.worst_first import RANK, annotated
from deployments.models import Replica, Service
from deployments.models.safety import DriftState
from regions.unfolded import action, display

SHAPES = {"down": "■", "degraded": "▲", "unknown": "◌", "up": "●"}
"""Health is shape and word, never colour alone; the dashboard's shapes as characters."""


@admin.register(Service)
class ServiceAdmin(OperatorsOnly, Scoped, DraftView):
    account, service = "account", "pk"
    list_display = ["health", "name", "where", "hostname", "account", "release", "draft", "drift", "stopped"]
    list_display_links = ["name"]
    list_filter = [
        filters.ByHealth,
        filters.ByDraft,
        filters.ByDrift,
        filters.ByPause,
        "account",
        filters.ByRegion,
    ]
    search_fields = ["name", "hostname", "placements__region__code", "components__name"]
    actions = ["check_selected", "pause_selected", "resume_selected"]
    actions_detail = [
        "plan",
        "check_now",
        "pause",
        {"title": "More", "icon": "more_horiz", "items": ["upload", "adopt", "manifest", "live", "destroy"]},
    ]
    list_per_page = 50

    class Media:
        css = {"all": ["deployments/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Service]:
        replicas = Prefetch("stack__replicas", Replica.objects.select_related("endpoint__region"), to_attr="watched")
        rows = annotated(self.within(request, queries.services())).prefetch_related(replicas)
        return rows.annotate(
            found=Count("stack__drift", filter=Q(stack__drift__state=DriftState.FOUND), distinct=True),
            held=Exists(Service.objects.filter(pk=OuterRef("pk"), stack__pauses__isnull=False)),
        )

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return [F("rank").desc(nulls_last=True), "name"]  # trouble first

    def has_delete_permission(self, request: HttpRequest, obj: Service | None = None) -> bool:
        return False  # a service is destroyed, not deleted: its rows are all that knows of what stands in AWS

    @display(description="status", ordering="rank")
    def health(self, service: Service) -> SafeString | str:
        rank = getattr(service, "rank", None)
        if rank is None:
            return "–"
        status = next(name for name, number in RANK.items() if number == rank)
        return format_html(
            '<span class="health {}"><span aria-hidden="true">{}</span> {}</span>', status, SHAPES[status], status
        )

    @display(description="regions")
    def where(self, service: Service) -> str:
        return ", ".join(placement.region.code for placement in service.placements.all())

    @display(description="release", ordering="stack__release__number")
    def release(self, service: Service) -> str:
        stack = getattr(service, "stack", None)
        return f"r{stack.release.number}" if stack and stack.release else "–"

    @display(description="draft", label={"pending": "warning", "released": "success"})
    def draft(self, service: Service) -> str:
        stack = getattr(service, "stack", None)
        return "pending" if manifests.pending(service, stack.release if stack else None) else "released"

    @display(description="drift", ordering="found", label={"differs": "warning"})
    def drift(self, service: Service) -> str:
        return "differs" if getattr(service, "found", 0) else ""

    @display(description="stop button", ordering="held", label={"paused": "danger"})
    def stopped(self, service: Service) -> str:
        return "paused" if getattr(service, "held", False) else ""

    @action(description="Check now for drift", permissions=["operate"])
    def check_selected(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        for service in queryset:
            tell_check(request, service)

    @action(description="Pause…", permissions=["operate"])
    def pause_selected(self, request: HttpRequest, queryset: QuerySet[Service]) -> HttpResponse | None:
        services = list(queryset)
        if "reason" not in request.POST:
            context = {**self.context(request, None, "Pause services"), "services": services}
            return TemplateResponse(request, "admin/deployments/service/pause_selected.html", context)
        actor, reason = Actor.of(request.user, "admin"), request.POST["reason"].strip()
        _each(request, ((service, Pause(service, actor, reason)) for service in services), "is paused")
        return None

    @action(description="Resume", permissions=["operate"])
    def resume_selected(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        actor = Actor.of(request.user, "admin")
        _each(request, ((service, Resume(service, actor)) for service in queryset), "goes on")


def _each(request: HttpRequest, acts: Iterable[tuple[Service, Any]], done: str) -> None:
    for service, act in acts:
        try:
            act.execute()
        except ActionRefused as error:
            messages.error(request, f"{service.name}: {error.detail} {error.mend}")
        else:
            messages.success(request, f"{service.name} {done}.")
