"""The three errors that cross the provider's border, told apart by AWS's error code; nothing else may escape a kind."""

from __future__ import annotations


class ProviderError(Exception):
    """What AWS answered, in its own words (`code`, `message`), and what to do about it (`mend`)."""

    def __init__(self, message: str, *, code: str = "", mend: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.mend = mend
        self.request_id = request_id


class Transient(ProviderError):
    """Will pass by itself: throttling, 5xx, a time-out, a role that is not assumable yet. The next pass tries again.

    `unknown_outcome`: the request was sent and no answer came, so it may have been done.
    `waiting`: AWS answered that it is not time yet (a role not assumable, a limit of our own): no failed attempt.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        mend: str = "",
        request_id: str = "",
        retry_after_s: float = 1.0,
        unknown_outcome: bool = False,
        waiting: bool = False,
    ) -> None:
        super().__init__(message, code=code, mend=mend, request_id=request_id)
        self.retry_after_s = retry_after_s
        self.unknown_outcome = unknown_outcome
        self.waiting = waiting


class Refused(ProviderError):
    """AWS said no, and would say it again: a person must act."""


class Conflict(ProviderError):
    """A namesake stands there that is not ours; adopted only by an explicit act."""


class Fenced(ProviderError):
    """The owner record was not at the generation that this batch was made for: nothing of the batch was done."""
