"""What a user may see and do, in which part of the world: Django's permissions, everywhere or by a grant. Reads rows.

everywhere        the user's own permissions and groups (a superuser has all)
one account       Grant(user, role, account): the permissions of that role's group, for every service of the account
one service       Grant(user, role, service)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db.models import Model, Q

from deployments.models import Grant, Operation, Resource, Service, Stack
from regions.models import Account

VIEW = "deployments.view_service"
OPERATE = "deployments.operate"
OVERRIDE = "deployments.override_guards"


@dataclass(frozen=True)
class Scope:
    """Where a user has a permission: everywhere, or in these accounts and for these services (primary keys)."""

    everywhere: bool = False
    accounts: frozenset[int] = frozenset()
    services: frozenset[int] = frozenset()

    @property
    def nowhere(self) -> bool:
        return not (self.everywhere or self.accounts or self.services)

    def rows(self, *, account: str, service: str) -> Q:
        """A filter for rows whose account and service are at these lookups ("account", "pk" for services)."""
        if self.everywhere:
            return Q()
        return Q(**{f"{account}__in": self.accounts}) | Q(**{f"{service}__in": self.services})

    def holds(self, about: Model) -> bool:
        if self.everywhere:
            return True
        account, service = _place(about)
        return (account is not None and account in self.accounts) or (service is not None and service in self.services)


EVERYWHERE = Scope(everywhere=True)
NOWHERE = Scope()


def scope_of(user: AbstractBaseUser | AnonymousUser | None, permission: str) -> Scope:
    """Where `user` has `permission`: at most one query beside those of Django's own check."""
    if not isinstance(user, User) or not user.is_active:
        return NOWHERE
    if user.has_perm(permission):
        return EVERYWHERE
    app, _, codename = permission.partition(".")
    grants = Grant.objects.filter(
        user=user, role__permissions__codename=codename, role__permissions__content_type__app_label=app
    ).values_list("account_id", "service_id")
    found = list(grants)
    return Scope(
        accounts=frozenset(account for account, _ in found if account is not None),
        services=frozenset(service for _, service in found if service is not None),
    )


def _place(about: Any) -> tuple[int | None, int | None]:
    """(account, service) of a row, as primary keys."""
    match about:
        case Account():
            return about.pk, None
        case Service():
            return about.account_id, about.pk
        case Stack():
            return about.account_id, about.service_id
        case Operation() | Resource():
            return about.stack.account_id, about.stack.service_id
        case _:
            raise TypeError(f"{about!r} belongs to no account and no service")
