"""Who comes in at all: a stranger, who can log in and may see nothing, is told so at every page; 403, with the mend.

The API asks by itself (`permissions.py`), as it alone knows tokens. Behind this door each page still asks for rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed

from deployments.access import VIEW, is_stranger, scope_of

API = "/api/"
ADMIN = "/admin/"
ADMIN_METHODS = ("GET", "HEAD", "POST")
# Addresses, by name, that are about nobody but the one who asks.
OWN = frozenset({"logout", "theme", "password", "admin:logout", "admin:password_change", "admin:password_change_done"})

STRANGER = (
    "You may not see anything here yet. An administrator gives you a role, or a grant for an account or a service."
)
NO_STAFF = "The admin is for staff. Everything else is on the pages; an administrator can make you staff."


class KnownPeopleMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        user = request.user
        if request.path_info.startswith(API) or not getattr(view, "login_required", True) or not user.is_authenticated:
            return None
        in_admin = request.path_info.startswith(ADMIN)
        if request.resolver_match is not None and request.resolver_match.view_name in OWN:
            return None
        if is_stranger(user):
            raise PermissionDenied(STRANGER)
        if in_admin and not user.is_staff:  # Django would send them to log in, and the login back here
            raise PermissionDenied(NO_STAFF)
        if not in_admin and scope_of(user, VIEW).nowhere:
            raise PermissionDenied(f"These pages need the permission {VIEW}; an administrator gives it.")
        if in_admin and request.method not in ADMIN_METHODS:  # its views take any other for a GET
            return HttpResponseNotAllowed(ADMIN_METHODS)
        return None
