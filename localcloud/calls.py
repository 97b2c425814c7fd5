"""The last AWS API calls, for tests and people who want to know who asked what. Bounded, in memory."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from localcloud.call import Call

KEPT = 20_000


class CallLog:
    def __init__(self) -> None:
        self._calls: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def add(self, call: Call, status: int | None) -> None:
        """`status` None: the connection ended without an answer."""
        self._calls.append(
            {
                "at": time.time(),
                "service": call.service,
                "action": call.action,
                "region": call.region,
                "account": call.account,
                "status": status,
            }
        )

    def recent(self, account: str | None) -> list[dict[str, Any]]:
        """Oldest first; of one account, or of all."""
        return [call for call in self._calls if account in (None, call["account"])]

    def clear(self) -> None:
        self._calls.clear()
