"""What every page of one service needs: the service, within what the user may see, and the menu above it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from unfold.admin import ModelAdmin

from deployments.models import Service


class ServicePage(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    def found(self, request: HttpRequest, object_id: str, *, to_change: bool = False) -> Service:
        """The service of an address, by key or name, among those that this user may see."""
        key = "pk" if object_id.isdecimal() and len(object_id) < 19 else "name"
        service: Service = get_object_or_404(self.get_queryset(request), **{key: object_id})
        may = self.has_change_permission if to_change else self.has_view_permission
        if not may(request, service):
            raise PermissionDenied
        return service

    def context(self, request: HttpRequest, service: Service | None, title: str) -> dict[str, Any]:
        actions = []
        if service is not None:
            allowed = self.get_actions_detail(request, service)
            actions = self._get_actions_navigation(self.actions_detail, allowed, str(service.pk))
        return {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": title,
            "service": service,
            "original": service,  # the header names it, and leads back to it
            "change_url": self.change_url(service) if service else "",
            "list_url": self.list_url(),
            "actions_detail": actions,
        }

    def change_url(self, service: Service) -> str:
        return reverse("admin:deployments_service_change", args=[service.pk])

    def list_url(self) -> str:
        return reverse("admin:deployments_service_changelist")
