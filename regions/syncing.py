"""Sync for doors: one account's report in words and as JSON, and a refusal told in the same form."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from regions.models import Account
from regions.sync import SyncRefused, SyncReport, sync

log = structlog.get_logger()


@dataclass(frozen=True)
class Told:
    """What one sync found; or why it could not be made, and what to do."""

    report: SyncReport
    error: str = ""
    mend: str = ""

    def __str__(self) -> str:
        told = f"{self.error}. {self.mend}" if self.error else "; ".join(self.report.lines())
        return f"{self.report.account}: {told}"

    def as_json(self) -> dict[str, str | list[str] | None]:
        return {**self.report.as_json(), "error": self.error or None, "mend": self.mend or None}


def synced(account: Account) -> Told:
    """Sync the account and tell what it found."""
    try:
        report = sync(account)
    except SyncRefused as refused:
        log.warning("account.sync_refused", account=account.name, error=refused.message)
        return Told(SyncReport(account.name), refused.message, refused.mend)
    log.info("account.synced", account=account.name, new=len(report.new), gone=len(report.gone))
    return Told(report)
