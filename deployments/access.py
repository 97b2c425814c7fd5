"""What a user may see and do, in which part of the world: Django's permissions, everywhere or by a grant. Reads rows.

everywhere        the user's own permissions and groups (a superuser has all)
one account       Grant(user, role, account): the permissions of that role's group, for every service of the account
one service       Grant(user, role, service)

A request that came with a token has what its user has, and of that no more than the token's scope: `limit`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db.models import Model, Q

from deployments.models import (
    Artifact,
    Component,
    Drift,
    Evacuation,
    Grant,
    Operation,
    Pause,
    Placement,
    Release,
    Replica,
    Resource,
    SavedPlan,
    Service,
    Stack,
    Step,
)
from regions.models import Account, AccountRegion, Endpoint, HostedZone

VIEW = "deployments.view_service"
OPERATE = "deployments.operate"
OVERRIDE = "deployments.override_guards"

Anyone = AbstractBaseUser | AnonymousUser | None


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

    def named(self, lookup: str) -> Q:
        """A filter for rows that know their service by its name alone."""
        if self.everywhere:
            return Q()
        names = Service.objects.filter(self.rows(account="account", service="pk")).values("name")
        return Q(**{f"{lookup}__in": names})

    def holds(self, about: Model) -> bool:
        if self.everywhere:
            return True
        account, service = _place(about)
        return (account is not None and account in self.accounts) or (service is not None and service in self.services)


EVERYWHERE = Scope(everywhere=True)
NOWHERE = Scope()


def scope_of(user: Anyone, permission: str) -> Scope:
    """Where `user` has `permission`: at most one query beside those of Django's own check, and none the next time."""
    if not isinstance(user, User) or not user.is_active or not within_limit(user, permission):
        return NOWHERE
    if user.has_perm(permission):
        return EVERYWHERE
    found = [(account, service) for account, service, granted in grants_of(user) if granted == permission]
    return Scope(
        accounts=frozenset(account for account, _ in found if account is not None),
        services=frozenset(service for _, service in found if service is not None),
    )


def grants_of(user: User) -> list[tuple[int | None, int | None, str]]:
    """(account, service, permission) of each of a user's grants. Kept on the user, as Django keeps permissions."""
    kept: list[tuple[int | None, int | None, str]] | None = getattr(user, "_grants", None)
    if kept is None:
        rows = Grant.objects.filter(user=user, role__permissions__isnull=False).values_list(
            "account_id", "service_id", "role__permissions__content_type__app_label", "role__permissions__codename"
        )
        kept = [(account, service, f"{app}.{codename}") for account, service, app, codename in rows]
        user._grants = kept  # type: ignore[attr-defined]
    return kept


def is_stranger(user: Anyone) -> bool:
    """Somebody who can log in, and may see nothing: no permission anywhere."""
    if not isinstance(user, User) or not user.is_active:
        return True
    return not (user.is_superuser or user.get_all_permissions() or grants_of(user))


def limit(user: AbstractBaseUser, permissions: Collection[str]) -> None:
    """For as long as this object lives, the user has no permission but these, wherever they come from."""
    user._limit = frozenset(permissions)  # type: ignore[attr-defined]


def within_limit(user: AbstractBaseUser, permission: str) -> bool:
    limited: frozenset[str] | None = getattr(user, "_limit", None)
    return limited is None or permission in limited


def _place(about: Any) -> tuple[int | None, int | None]:
    """(account, service) of a row, as primary keys."""
    match about:
        case Account():
            return about.pk, None
        case AccountRegion() | HostedZone():
            return about.account_id, None
        case Service():
            return about.account_id, about.pk
        case Component() | Placement() | Artifact():
            return about.service.account_id, about.service_id
        case Stack():
            return about.account_id, about.service_id
        case Operation() | Resource() | Replica() | Drift():
            return about.stack.account_id, about.stack.service_id
        case Evacuation():
            return about.account_id, about.stack.service_id if about.stack else None
        case Pause():
            return (about.stack.account_id, about.stack.service_id) if about.stack else (None, None)
        case Step():
            return about.operation.stack.account_id, about.operation.stack.service_id
        case Endpoint():
            replica: Replica | None = getattr(about, "replica", None)
            return about.account_id, replica.stack.service_id if replica else None
        case Grant():
            return (about.service.account_id, about.service_id) if about.service else (about.account_id, None)
        case Release() | SavedPlan():
            row = Service.objects.filter(name=about.service_name).values_list("account_id", "pk").first()
            return row or (None, None)
        case _:
            raise TypeError(f"{about!r} belongs to no account and no service")
