"""Who may do what in the admin: operators change and act, others look; some rows nobody edits there."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from deployments.actions.actor import OPERATE


class Operated:
    """What `permissions=["operate"]` of an action asks. (Naming "deployments.operate" there would make unfold's system
    check query the database, which is not there yet when the first migration runs.)"""

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(OPERATE)


class ReadOnly:
    """For admins and inlines: whoever may view may look, nobody may change."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
