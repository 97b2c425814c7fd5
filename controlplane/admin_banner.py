"""The stop button in the admin: a label in its header says what is paused. It has no room for who and why.

The list "Stop button" has them, as the pages' own banner has; both resume.
"""

from __future__ import annotations

from django.http import HttpRequest

from deployments.access import VIEW, scope_of
from deployments.overview.pauses import PauseRow, pauses


def paused(request: HttpRequest) -> list[str] | None:
    """[text, colour] for Unfold's label; None while nothing is paused."""
    standing = pauses(scope_of(request.user, VIEW))
    if not standing:
        return None
    more = f" (and {len(standing) - 1} more)" if len(standing) > 1 else ""
    return [f"❚❚ {_told(standing[0])}{more}", "warning"]


def _told(pause: PauseRow) -> str:
    return f"{pause.service or 'everything'} is paused"
