"""The admin's doors to people and their tokens, and the menu of the whole admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from controlplane import (
    audit_admin,  # noqa: F401  # registers
    tokens,
)
from controlplane.models import Token
from deployments.access import scope_of
from deployments.models import Grant, Service
from regions.unfolded import action, display

#  heading      icon              label        changelist                             permission to view
MENU = (
    ("Services", "deployed_code", "Services", "deployments_service", "deployments.view_service"),
    ("Services", "play_circle", "Operations", "deployments_operation", "deployments.view_operation"),
    ("Services", "inventory_2", "Inventory", "deployments_resource", "deployments.view_resource"),
    ("Services", "difference", "Drift", "deployments_drift", "deployments.view_drift"),
    ("Services", "fact_check", "Plans", "deployments_savedplan", "deployments.view_savedplan"),
    ("Services", "pause_circle", "Stop button", "deployments_pause", "deployments.view_pause"),
    ("Services", "verified", "Releases", "deployments_release", "deployments.view_release"),
    ("Where", "public", "Regions", "regions_region", "regions.view_region"),
    ("Where", "account_balance", "Accounts", "regions_account", "regions.view_account"),
    ("Where", "monitor_heart", "Endpoints", "regions_endpoint", "regions.view_endpoint"),
    ("People", "person", "Users", "auth_user", "auth.view_user"),
    ("People", "group", "Groups", "auth_group", "auth.view_group"),
    ("People", "vpn_lock", "Grants", "deployments_grant", "deployments.view_grant"),
    ("People", "history", "Audit", "audit_entry", "audit.view_entry"),
    ("People", "key", "Tokens", "controlplane_token", "controlplane.view_token"),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu of one user, made anew for each request: unfold changes what it is given in place."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for heading, icon, label, changelist, permission in MENU:
        if not scope_of(request.user, permission).nowhere:
            link = reverse(f"admin:{changelist}_changelist")
            sections.setdefault(heading, []).append({"title": label, "icon": icon, "link": link})
    return [{"title": heading, "items": items} for heading, items in sections.items()]


def favicon(request: HttpRequest) -> str:
    return static("favicon.svg")


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # unfold has no types
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Nobody makes more of a user than they are."""
        found = list(super().get_readonly_fields(request, obj))
        return found if _superuser(request) else [*found, "is_superuser", "user_permissions"]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return bool(super().has_change_permission(request, obj)) and _within_reach(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return bool(super().has_delete_permission(request, obj)) and _within_reach(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found: dict[str, Any] = super().get_actions(request)
        found.pop("delete_selected", None)  # it would ask for no single one of them
        return found


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    pass


def _superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser


def _within_reach(request: HttpRequest, user: User | None) -> bool:
    """A superuser is changed by superusers only."""
    return user is None or not user.is_superuser or _superuser(request)


@admin.register(Grant)
class GrantAdmin(ModelAdmin):  # type: ignore[misc]
    """A role in one account, or for one service. Given by those who administer everywhere."""

    list_display = ["user", "role", "account", "service"]
    list_select_related = ["user", "role", "account", "service"]
    list_filter = ["role", "account"]
    search_fields = ["user__username", "account__name", "service__name"]
    fields = ["user", "role", "account", "service"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """By name: Django would order by the columns of the services' own list."""
        if db_field.name == "service":
            kwargs["queryset"] = Service.objects.order_by("name")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class NewTokenForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic when it runs
    days = forms.IntegerField(
        min_value=1, max_value=365, initial=90, widget=UnfoldAdminIntegerFieldWidget, help_text="How long it is good."
    )

    class Meta:
        model = Token
        fields = ["user", "name", "scope"]


@admin.register(Token)
class TokenAdmin(ModelAdmin):  # type: ignore[misc]
    """A token is made, shown once, and revoked; never changed."""

    list_display = ["name", "user", "scope", "state", "created_at", "expires_at", "last_used_at"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]
    list_filter = ["scope"]
    fields = ["user", "name", "scope", "days"]
    actions = ["revoke"]

    def get_form(self, request: HttpRequest, obj: Token | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewTokenForm
        return super().get_form(request, obj, change, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A token of a superuser is made by superusers only."""
        if db_field.name == "user" and not _superuser(request):
            kwargs["queryset"] = User.objects.filter(is_superuser=False)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Token | None = None) -> list[str]:
        made = ["user", "name", "scope", "created_at", "expires_at", "revoked_at", "last_used_at"]
        return made if obj else ["user", "name", "scope", "days"]

    def has_change_permission(self, request: HttpRequest, obj: Token | None = None) -> bool:
        return False

    @display(description="state", label={"good": "success", "expired": "warning", "revoked": "danger"})
    def state(self, token: Token) -> str:
        if token.revoked_at is not None:
            return "revoked"
        return "good" if token.expires_at > timezone.now() else "expired"

    def save_model(self, request: HttpRequest, obj: Token, form: NewTokenForm, change: bool) -> None:
        made, plain = tokens.issue(obj.user, name=obj.name, days=form.cleaned_data["days"], scope=obj.scope)
        obj.pk, obj.expires_at = made.pk, made.expires_at
        request.plain_token = plain  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: Token, post_url_continue: str | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": "A new token",
            "token": obj,
            "plain": request.plain_token,  # type: ignore[attr-defined]
            "list_url": reverse("admin:controlplane_token_changelist"),
        }
        return TemplateResponse(request, "admin/controlplane/token/issued.html", context)

    @action(description="Revoke", permissions=["delete"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
