"""Who asks for an action, and through which door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin, User

from deployments.actions.refused import ActionRefused

OPERATE = "deployments.operate"

Via = Literal["api", "admin", "command", "page"]


@dataclass(frozen=True)
class Actor:
    """A user behind a door. A command needs no user: whoever runs it here could as well edit the database."""

    user: User | None
    via: Via

    @classmethod
    def of(cls, user: AbstractBaseUser | AnonymousUser | PermissionsMixin, via: Via) -> Actor:
        """The user of a request."""
        return cls(user if isinstance(user, User) else None, via)

    def check(self) -> None:
        """Raise ActionRefused unless this actor may operate."""
        allowed = self.via == "command" if self.user is None else self.user.is_active and self.user.has_perm(OPERATE)
        if not allowed:
            raise ActionRefused(
                403,
                "permission_denied",
                f"{self} may look, not act: this needs the permission {OPERATE}.",
                f"Ask an administrator for the permission {OPERATE}.",
            )

    def __str__(self) -> str:
        return self.user.get_username() if self.user else self.via
