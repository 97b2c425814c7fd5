"""Who asks for an action, and through which door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin, User
from django.db.models import Model

from deployments.access import OPERATE, scope_of
from deployments.actions.refused import ActionRefused

__all__ = ["OPERATE", "Actor", "Via"]

Via = Literal["api", "admin", "command", "page", "drift", "beat"]


@dataclass(frozen=True)
class Actor:
    """A user behind a door. A command needs no user: whoever runs it here could as well edit the database."""

    user: User | None
    via: Via

    @classmethod
    def of(cls, user: AbstractBaseUser | AnonymousUser | PermissionsMixin, via: Via) -> Actor:
        """The user of a request."""
        return cls(user if isinstance(user, User) else None, via)

    def may(self, about: Model | None = None, permission: str = OPERATE) -> bool:
        """Whether this actor has a permission on a row (a service, stack, operation or account); None: everywhere."""
        if self.user is None:
            return self.via == "command"
        scope = scope_of(self.user, permission)
        return scope.everywhere if about is None else scope.holds(about)

    def check(self, about: Model | None = None, permission: str = OPERATE) -> None:
        """Raise ActionRefused unless this actor may."""
        if not self.may(about, permission):
            where = f" on {about}" if about is not None else ""
            raise ActionRefused(
                403,
                "permission_denied",
                f"{self} may not do this{where}: it needs the permission {permission}.",
                f"Ask an administrator for the permission {permission}.",
            )

    def __str__(self) -> str:
        return self.user.get_username() if self.user else self.via
