"""What guards refuse is not deployed, unless somebody who may overrides them by name and says why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from audit.record import record
from deployments.access import OVERRIDE
from deployments.actions.actor import Actor
from deployments.actions.reason import LONGEST
from deployments.actions.refused import ActionRefused
from deployments.models import Service, Stack
from deployments.plan.guard import GUARDS, Guard, refused
from regions.models import Account


@dataclass(frozen=True)
class Override:
    """The guards that somebody wants to override, and why."""

    guards: Collection[str]
    reason: str

    def check(self, about: Service | Stack | Account, actor: Actor) -> None:
        """Raise unless these are guards, there is a reason, and the actor may."""
        unknown = [name for name in self.guards if name not in GUARDS]
        if unknown:
            raise _invalid("guards", unknown[0], f'"{unknown[0][:80]}" is no guard', f"Guards: {', '.join(GUARDS)}.")
        if not self.guards:
            raise _invalid("guards", "", "no guard is named", f"Name one or more: {', '.join(GUARDS)}.")
        if not self.reason.strip():
            raise _invalid("reason", self.reason, "an override needs a reason", "Say why, for the audit log.")
        if len(self.reason) > LONGEST:
            raise _invalid("reason", self.reason[:80], f"at most {LONGEST} characters", "Say it shorter.")
        actor.check(about, OVERRIDE)

    def as_json(self, actor: Actor) -> dict[str, Any]:
        """What an operation keeps of it: the worker judges again, and overrides by it."""
        return {"guards": sorted(set(self.guards)), "reason": self.reason.strip(), "by": str(actor)}


def refuse_guards(of: Service | Stack, guards: Collection[Guard], override: Override | None) -> None:
    """Raise 409 `guard_refused` where a guard refuses and is not overridden."""
    against = refused(guards, override.guards if override else ())
    if not against:
        return
    first = against[0]
    more = f" ({len(against) - 1} more refuse)" if len(against) > 1 else ""
    raise ActionRefused(
        409,
        "guard_refused",
        f"The guard {first.name} refuses for {of.name}: {first.message}{more}.",
        f"Ask for something else, or override it. {first.override}",
        guards=[guard.as_json() for guard in against],
    )


def record_override(of: Service | Stack, guards: Collection[Guard], override: Override | None, actor: Actor) -> None:
    """Write it into the audit log, with what the guards said."""
    if override is None:
        return
    record(
        "guard.overridden",
        name=of.name,
        service=of.name,
        account=of.account.name,
        details={
            **override.as_json(actor),
            "refused": [guard.as_json() for guard in guards if guard.refuses and guard.name in override.guards],
        },
    )


def _invalid(field: str, value: str, message: str, mend: str) -> ActionRefused:
    path = f"override_guards.{field}"
    problem = {"field": path, "value": value[:80], "message": message, "mend": mend, "code": "invalid"}
    return ActionRefused(400, "invalid", f"{path}: {message}.", mend, errors=[problem])
