"""Who may do what over the API: looking needs `deployments.view_service`, acting `deployments.operate`, somewhere.

    authenticated (401) → rate (429) → permission, somewhere (403) → Idempotency-Key → the view: the row (404, 403)

A view that needs something else declares it: `permissions = {"POST": "regions.add_region"}`. Where on the world the
permission holds is asked again by whoever knows the row: lists and `find_service` by scope, the actions by `Actor`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from controlplane import rates
from controlplane.idempotency import claim
from deployments.access import OPERATE, VIEW, scope_of

if TYPE_CHECKING:  # DRF's views import their default permissions, that is: this file
    from rest_framework.views import APIView

# Of what a grant can give a part. A permission of another app is about no service: one has it everywhere or not.
GRANTED = ("audit", "deployments")


class RolePermission(BasePermission):
    """Where a rate is counted and an Idempotency-Key is taken, too: who asks is known, and nothing is done yet."""

    message = ""

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        if not (user and user.is_authenticated):
            return False
        rates.take(request)
        needed = needs(view, request.method or "GET")
        if not _has(user, needed):
            self.message = f"You may not do this: it needs the permission {needed}."
            return False
        claim(request)
        return True


def needs(view: APIView, method: str) -> str:
    """The permission that a method of a view needs."""
    declared: dict[str, str] = getattr(view, "permissions", {})
    if method in declared:
        return declared[method]
    return declared.get("GET", VIEW) if method in SAFE_METHODS else OPERATE


def _has(user: AbstractBaseUser | AnonymousUser, permission: str) -> bool:
    scope = scope_of(user, permission)
    return not scope.nowhere if permission.partition(".")[0] in GRANTED else scope.everywhere
