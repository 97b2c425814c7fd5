"""A region's page with the services there: what `regions` can't know, added where services are known."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline

from deployments.access import VIEW, scope_of
from deployments.admin.permissions import ReadOnly, ScopedInline
from deployments.models import Placement
from regions.admin import RegionAdmin
from regions.models import Region
from regions.unfolded import display


class ServicesThere(ScopedInline, ReadOnly, TabularInline):  # type: ignore[misc]  # unfold has no types
    model = Placement
    verbose_name_plural = "Services drafted there"
    hide_title = True
    extra = 0
    fields = readonly_fields = ["service", "hostname"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Placement]:
        rows: QuerySet[Placement] = super().get_queryset(request)
        theirs = scope_of(request.user, VIEW).rows(account="service__account", service="service")
        return rows.filter(theirs).select_related("service", "region").order_by("service__name")

    @display(description="hostname")
    def hostname(self, row: Placement) -> str:
        return row.service.hostname or "–"


admin.site.unregister(Region)


@admin.register(Region)
class PlacedRegionAdmin(RegionAdmin):
    inlines = [*RegionAdmin.inlines, ServicesThere]
