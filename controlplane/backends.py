"""Django's own question, `user.has_perm(permission, row)`, answered by scope: everywhere, by a grant, within the token.

Passwords are Django's affair (`ModelBackend`), counted by django-axes before it.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import Model

from deployments.access import grants_of, scope_of, within_limit


class ScopedBackend(ModelBackend):
    def has_perm(self, user_obj: User | AnonymousUser, perm: str, obj: Model | None = None) -> bool:
        if isinstance(user_obj, User) and not within_limit(user_obj, perm):
            raise PermissionDenied  # Django asks no other backend then
        if obj is None:
            return super().has_perm(user_obj, perm)
        return scope_of(user_obj, perm).holds(obj)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Also for those who may look at a part: the admin lists the app for them."""
        if super().has_module_perms(user_obj, app_label):
            return True
        if not isinstance(user_obj, User) or not user_obj.is_active:
            return False
        return any(permission.startswith(f"{app_label}.") for _, _, permission in grants_of(user_obj))
