"""The admin's doors to accounts, regions and what is watched there."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline

from regions import catalogue
from regions.models import Account, AccountRegion, Endpoint, HostedZone, Region, Zone
from regions.syncing import synced
from regions.unfolded import action, display
from regions.visible import OfAccounts, accounts

WEB = {models.URLField: {"assume_scheme": "https"}}  # else Django 5.2 warns that its default will change


class ReadOnlyInline(TabularInline):  # type: ignore[misc]  # unfold has no types
    """Rows that AWS tells: shown, never edited."""

    hide_title = True
    extra = 0
    formfield_overrides = WEB
    can_delete = False
    show_change_link = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the account that they stand in."""
        return bool(request.user.has_module_perms("regions"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AccountRegions(ReadOnlyInline):
    model = AccountRegion
    verbose_name_plural = "Regions, as the last sync read them"
    fields = readonly_fields = ["place", "usable", "opt_in", "https_address", "gone_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountRegion]:
        rows: QuerySet[AccountRegion] = super().get_queryset(request)
        return rows.select_related("region", "account").order_by("region__code")

    @display(description="region")
    def place(self, row: AccountRegion) -> str:
        return place_of(row.region)

    @display(description="services may live there")
    def usable(self, row: AccountRegion) -> str:
        if not row.usable:
            return "no: not enabled in the account"
        return "yes" if row.region.enabled else "no: disabled here"


class Zones(ReadOnlyInline):
    model = Zone
    verbose_name_plural = "Availability zones"
    fields = ["zone_id", "gone_at"]


class HostedZones(ReadOnlyInline):
    model = HostedZone
    verbose_name_plural = "Hosted zones, as the last sync read them"
    fields = ["name", "zone_id", "gone_at"]


LABELS = {
    "account_id": "Account ID",
    "role_arn": "Role ARN",
    "external_id": "External ID",
    "endpoint_url": "Endpoint URL",
    "obey_api_rates": "Obey API rates",
}


def place_of(region: Region) -> str:
    """ "Frankfurt, Germany (eu-central-1)"."""
    facts = catalogue.regions().get(region.code)
    return f"{facts.place}, {facts.country} ({region.code})" if facts else region.code


def tell_sync(request: HttpRequest, accounts: QuerySet[Account]) -> None:
    """Sync, and tell each account's report as a message."""
    for account in accounts:
        report = synced(account)
        messages.add_message(request, messages.ERROR if report.error else messages.SUCCESS, str(report))


@admin.register(Account)
class AccountAdmin(OfAccounts, ModelAdmin):  # type: ignore[misc]
    lookup = "pk"
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
    actions_detail = ["sync_now"]

    def formfield_for_dbfield(self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in LABELS:
            kwargs["label"] = LABELS[db_field.name]
        return super().formfield_for_dbfield(db_field, request, **kwargs)

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
        tell_sync(request, queryset.filter(pk__in=accounts(request.user, "regions.change_account")))

    @action(description="Sync from AWS", url_path="sync", permissions=["change_here"], icon="sync")
    def sync_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Read its regions and zones again."""
        account = get_object_or_404(self.get_queryset(request), pk=object_id if object_id.isdecimal() else 0)
        if not self.has_change_permission(request, account):
            raise PermissionDenied
        if request.method == "POST":
            tell_sync(request, Account.objects.filter(pk=account.pk))
            return redirect(reverse("admin:regions_account_change", args=[account.pk]))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": f"Sync: {account}",
            "original": account,
        }
        return TemplateResponse(request, "admin/regions/account/sync.html", context)

    def has_change_here_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Of one account, by its key: all that unfold knows of it."""
        account = Account.objects.filter(pk=object_id).first() if str(object_id or "").isdecimal() else None
        return self.has_change_permission(request, account)


@admin.register(Region)
class RegionAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["code", "place", "enabled", "accounts"]
    list_filter = ["enabled"]
    search_fields = ["code"]
    inlines = [Zones]
    actions = ["enable", "disable", "sync"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Region]:
        usable = Q(account_regions__opt_in__in=["opt-in-not-required", "opted-in"], account_regions__gone_at=None)
        rows: QuerySet[Region] = super().get_queryset(request)
        return rows.annotate(account_count=Count("account_regions", filter=usable))

    def has_view_permission(self, request: HttpRequest, obj: Region | None = None) -> bool:
        """Regions are nobody's own: whoever may look at anything here may look at them."""
        return bool(request.user.has_module_perms("regions"))

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
        tell_sync(request, accounts(request.user, "regions.change_account"))


@admin.register(Endpoint)
class EndpointAdmin(OfAccounts, ModelAdmin):  # type: ignore[misc]
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

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "account":
            kwargs["queryset"] = accounts(request.user, "regions.change_endpoint")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

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
