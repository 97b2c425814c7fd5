"""Of the rows of accounts those that a user may see: Django is asked of each account, so a grant of one counts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db.models import Model, QuerySet

from regions.models import Account

Anyone = AbstractBaseUser | AnonymousUser


def allowed(user: Anyone, permission: str, account: Account | None = None) -> bool:
    """Everywhere, or in this account."""
    if not isinstance(user, User):
        return False
    return user.has_perm(permission) or (account is not None and user.has_perm(permission, account))


def accounts(user: Anyone, permission: str) -> QuerySet[Account]:
    """The accounts where the user has a permission: one query for those who have it everywhere, two for others."""
    rows = Account.objects.all()
    if not isinstance(user, User):
        return rows.none()
    if allowed(user, permission):
        return rows
    return rows.filter(pk__in=[account.pk for account in rows if allowed(user, permission, account)])


class OfAccounts:
    """For an admin whose rows belong to accounts: `lookup` says where. Rows of no account need it everywhere."""

    model: type[Model]
    lookup = "account"

    def get_queryset(self, request: Any) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        view = self._named("view")
        if allowed(request.user, view):
            return rows
        return rows.filter(**{f"{self.lookup}__in": accounts(request.user, view)})

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        return self._may(request, "view", obj) or self.has_change_permission(request, obj)

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return self._may(request, "change", obj)

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return self._may(request, "delete", obj)

    def _may(self, request: Any, verb: str, row: Any) -> bool:
        if row is None and verb == "view":  # the list: whoever may look at anything here has one, of what is theirs
            return bool(request.user.has_module_perms("regions"))
        if row is None:
            return accounts(request.user, self._named(verb)).exists()
        account = row if self.lookup == "pk" else getattr(row, self.lookup)
        return allowed(request.user, self._named(verb), account)

    def _named(self, verb: str) -> str:
        return f"regions.{verb}_{self.model._meta.model_name}"
