"""How much of each thing an account may have: AWS's default quotas, lowered or raised by tests and people.

Set for all accounts or for one, so that tests with accounts of their own do not disturb each other; held in memory
only. Each number is AWS's default; `quotas.py` refuses what exceeds it and tells it where AWS tells it.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Limits:
    """Of one account; where AWS counts by region, of one account in one region."""

    health_checks: int = 200
    records_per_zone: int = 10_000
    domains: int = 120
    apis: int = 600
    routes_per_api: int = 300
    integrations_per_api: int = 300
    certificates: int = 2_500
    roles: int = 1_000
    tables: int = 2_500
    concurrency: int = 1_000
    code_bytes: int = 80_530_636_800


_NAMES = frozenset(field.name for field in fields(Limits))
_ACCOUNT = re.compile(r"\d{12}")
_for_all: dict[str, int] = {}
_by_account: dict[str, dict[str, int]] = {}


def of(account: str) -> Limits:
    """What holds for an account: its own limits over those of all."""
    return Limits(**(_for_all | _by_account.get(account, {})))


def current() -> dict[str, Any]:
    """Limits of all accounts by name, and under `accounts` what single accounts have otherwise."""
    held = {account: dict(changes) for account, changes in _by_account.items() if changes}
    return asdict(Limits(**_for_all)) | {"accounts": held}


def update(changes: dict[str, Any]) -> dict[str, Any]:
    """Set limits, for all accounts or for the one under `account`; None gives AWS's default back. Returns `current()`.

    Raises ValueError, with the field and the mend, before anything is changed.
    """
    account = changes.get("account")
    if account is not None and not (isinstance(account, str) and _ACCOUNT.fullmatch(account)):
        raise ValueError(f"account: {account!r} is not an account id of 12 digits")
    wanted = {name: _checked(name, value) for name, value in changes.items() if name != "account"}
    target = _for_all if account is None else _by_account.setdefault(account, {})
    for name, value in wanted.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = value
    return current()


def _checked(name: str, value: Any) -> int | None:
    if name not in _NAMES:
        raise ValueError(f"{name}: no such quota; known are {', '.join(sorted(_NAMES))}")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise ValueError(f"{name}: {value!r} is not a number from 0")
    found: int | None = value
    return found
