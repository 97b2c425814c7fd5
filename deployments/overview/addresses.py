"""Under which address a replica opens as it is, with any HTTP client on the machine that asks. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from regions.models import AccountRegion

Prefixes = Mapping[tuple[int, str], str]


def prefixes(accounts: Iterable[int]) -> Prefixes:
    """(account, region) → what stands before its host names where DNS doesn't tell them: one query."""
    rows = AccountRegion.objects.filter(account_id__in=accounts).exclude(http_url="")
    return {(account, code): url for account, code, url in rows.values_list("account_id", "region__code", "http_url")}


def opens_at(hostname: str, prefix: str | None) -> str:
    return f"{prefix.rstrip('/')}/{hostname}" if prefix else f"https://{hostname}"
