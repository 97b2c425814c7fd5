"""Waits that AWS makes and ministack does not, switched on by tests and people.

Everything is ready at once by default; a delay is set for all accounts or for one, so that tests with accounts of their
own do not disturb each other. Held in memory only. Never sleeps: whoever reports a state compares times.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from typing import Any

RATES = ("off", "aws")
LONGEST_S = 86_400.0


@dataclass(frozen=True)
class Delays:
    """Seconds until something is ready, 0 for at once."""

    certificate_pending_s: float = 0.0  # PENDING_VALIDATION after its DNS record exists (the record is needed at 0 too)
    certificate_record_s: float = 0.0  # DescribeCertificate does not yet name the validation record
    table_creating_s: float = 0.0
    replica_creating_s: float = 0.0
    role_not_assumable_s: float = 0.0
    function_pending_s: float = 0.0  # State Pending or LastUpdateStatus InProgress
    change_pending_s: float = 0.0  # Route 53 GetChange
    api_rates: str = "off"  # "aws": Route 53's and API Gateway's limits


_NAMES = frozenset(field.name for field in fields(Delays))
_ACCOUNT = re.compile(r"\d{12}")
_for_all: dict[str, Any] = {}
_by_account: dict[str, dict[str, Any]] = {}
_effective: dict[str, Delays] = {}


def of(account: str) -> Delays:
    """What holds for an account: its own delays over those of all."""
    found = _effective.get(account)
    if found is None:
        found = _effective[account] = Delays(**(_for_all | _by_account.get(account, {})))
    return found


def current() -> dict[str, Any]:
    """Delays of all accounts by name, and under `accounts` what single accounts have set otherwise."""
    held = {account: dict(changes) for account, changes in _by_account.items() if changes}
    return asdict(Delays(**_for_all)) | {"accounts": held}


def update(changes: dict[str, Any]) -> dict[str, Any]:
    """Set delays, for all accounts or for the one under `account`; None takes a delay back. Returns `current()`.

    Raises ValueError, with the field and the mend, before anything is changed.
    """
    wanted = {name: value for name, value in changes.items() if name != "account"}
    account = changes.get("account")
    if account is not None and not (isinstance(account, str) and _ACCOUNT.fullmatch(account)):
        raise ValueError(f"account: {account!r} is not an account id of 12 digits")
    checked = {name: _checked(name, value) for name, value in wanted.items()}
    target = _for_all if account is None else _by_account.setdefault(account, {})
    for name, value in checked.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = value
    _effective.clear()
    return current()


def _checked(name: str, value: Any) -> Any:
    if name not in _NAMES:
        raise ValueError(f"{name}: no such delay; known are {', '.join(sorted(_NAMES))}")
    if value is None:
        return None
    if name == "api_rates":
        if value not in RATES:
            raise ValueError(f"api_rates: {value!r} is not one of {', '.join(RATES)}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_S:
        raise ValueError(f"{name}: {value!r} is not a number of seconds from 0 to {LONGEST_S:.0f}")
    return float(value)
