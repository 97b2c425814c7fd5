"""The admin's doors to accounts, regions and what is watched there."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from regions import catalogue
from regions.models import Account, AccountRegion, Endpoint, HostedZone, Region
from regions.syncing import synced
from regions.unfolded import action, display

WEB = {models.URLField: {"assume_scheme": "https"}}  # else Django 5.2 warns that its default will change


class ReadOnlyInline(TabularInline):  # type: ignore[misc]  # unfold has no types
    """Rows that AWS tells: shown, never edited."""

    hide_title = True
    extra = 0
    formfield_overrides = WEB
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AccountRegions(ReadOnlyInline):
    model = AccountRegion
    verbose_name_plural = "Regions, as the last sync read them"
    fields = ["region", "opt_in", "https_address", "http_url", "gone_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountRegion]:
        rows: QuerySet[AccountRegion] = super().get_queryset(request)
        return rows.select_related("region", "account").order_by("region__code")


class HostedZones(ReadOnlyInline):
    model = HostedZone
    verbose_name_plural = "Hosted zones, as the last sync read them"
    fields = ["name", "zone_id", "gone_at"]


def tell_sync(request: HttpRequest, accounts: QuerySet[Account]) -> None:
    """Sync, and tell each account's report as a message."""
    for account in accounts:
        report = synced(account)
        messages.add_message(request, messages.ERROR if report.error else messages.SUCCESS, str(report))


@admin.register(Account)
class AccountAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["name", "account_id", "usable_regions", "zones", "synced_at"]
    search_fields = ["name", "account_id"]
    readonly_fields = ["synced_at"]
    fieldsets = [
        (None, {"fields": ["name", "account_id", "synced_at"]}),
        ("How we come in", {"fields": ["role_arn", "external_id", "obey_api_rates"]}),
        ("A local cloud", {"fields": ["endpoint_url"], "classes": ["collapse"]}),
    ]
    inlines = [HostedZones, AccountRegions]
    formfield_overrides = WEB
    actions = ["sync"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        usable = Q(account_regions__opt_in__in=["opt-in-not-required", "opted-in"], account_regions__gone_at=None)
        rows: QuerySet[Account] = super().get_queryset(request)
        return rows.annotate(
            usable_count=Count("account_regions", filter=usable, distinct=True),
            zone_count=Count("hosted_zones", filter=Q(hosted_zones__gone_at=None), distinct=True),
        )

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found: dict[str, Any] = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    @display(description="usable regions")
    def usable_regions(self, account: Account) -> int:
        return int(getattr(account, "usable_count", 0))

    @display(description="hosted zones")
    def zones(self, account: Account) -> int:
        return int(getattr(account, "zone_count", 0))

    @action(description="Sync from AWS", permissions=["change"])
    def sync(self, request: HttpRequest, queryset: QuerySet[Account]) -> None:
        tell_sync(request, queryset)


@admin.register(Region)
class RegionAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["code", "place", "enabled", "accounts"]
    list_filter = ["enabled"]
    search_fields = ["code"]
    actions = ["enable", "disable", "sync"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Region]:
        usable = Q(account_regions__opt_in__in=["opt-in-not-required", "opted-in"], account_regions__gone_at=None)
        rows: QuerySet[Region] = super().get_queryset(request)
        return rows.annotate(account_count=Count("account_regions", filter=usable))

    def get_readonly_fields(self, request: HttpRequest, obj: Region | None = None) -> list[str]:
        return ["code"] if obj else []

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found: dict[str, Any] = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    @display()
    def place(self, region: Region) -> str:
        facts = catalogue.regions().get(region.code)
        return f"{facts.place}, {facts.country}" if facts else ""

    @display(description="accounts that can use it")
    def accounts(self, region: Region) -> int:
        return int(getattr(region, "account_count", 0))

    @action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Region]) -> None:
        queryset.update(enabled=True)

    @action(description="Disable (what runs there stays)", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Region]) -> None:
        queryset.update(enabled=False)

    @action(description="Sync from AWS (every account, every region)", permissions=["change"])
    def sync(self, request: HttpRequest, queryset: QuerySet[Region]) -> None:
        tell_sync(request, Account.objects.all())


@admin.register(Endpoint)
class EndpointAdmin(ModelAdmin):  # type: ignore[misc]
    """Replicas' endpoints come and go with their service; others are a person's own."""

    list_display = ["name", "region", "status", "since", "latency_ms", "enabled"]
    list_filter = ["status", "enabled"]
    list_select_related = ["region"]
    formfield_overrides = WEB
    search_fields = ["name", "url"]
    readonly_fields = ["status", "since", "why", "latency_ms", "error", "probed_at"]
    fieldsets = [
        (None, {"fields": ["name", "region", "account", "url", "connect_to", "enabled"]}),
        ("Probes", {"fields": ["interval_s", "failure_threshold", "timeout_s", "latency_objective_ms"]}),
        ("Now", {"fields": ["status", "since", "why", "latency_ms", "error", "probed_at"]}),
    ]

    def has_change_permission(self, request: HttpRequest, obj: Endpoint | None = None) -> bool:
        return super().has_change_permission(request, obj) and not _of_a_replica(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Endpoint | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not _of_a_replica(obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found: dict[str, Any] = super().get_actions(request)
        found.pop("delete_selected", None)
        return found


def _of_a_replica(endpoint: Endpoint | None) -> bool:
    return endpoint is not None and hasattr(endpoint, "replica")
