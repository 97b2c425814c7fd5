"""What an action raises when it may not be: told alike by the API (as a problem), pages, the admin and commands."""

from __future__ import annotations

from typing import Any


class ActionRefused(Exception):
    """A refusal with its mend. `status` is HTTP's word for it, `code` is stable, `more` are facts for programs."""

    def __init__(self, status: int, code: str, detail: str, mend: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.mend = mend
        self.more = more
