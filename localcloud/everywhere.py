"""What ministack keeps by account, of all accounts at once: name servers and health checkers serve everybody."""

from __future__ import annotations

from typing import Any


def items(kept: Any) -> list[tuple[tuple[str, str], Any]]:
    """((account, id), what is kept), the oldest first."""
    return [(key, value) for key, value in kept._data.items()]
