"""Who may do what over the API: everybody who is known may read; acting needs `deployments.operate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from controlplane.idempotency import claim

if TYPE_CHECKING:  # DRF's views import their default permissions, that is: this file
    from rest_framework.views import APIView

OPERATE = "deployments.operate"


class RolePermission(BasePermission):
    """Also the place where an Idempotency-Key is taken: who asks is known now, and nothing is done yet."""

    message = "You may look, not act: this needs the permission deployments.operate."

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        if not (user and user.is_authenticated):
            return False
        allowed = request.method in SAFE_METHODS or user.has_perm(OPERATE)
        if allowed:
            claim(request)
        return allowed
