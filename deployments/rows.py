"""Writing many rows of one table in few statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


def save_all(rows: Sequence[Row], fields: Sequence[str]) -> None:
    """Write `fields` of rows that exist. An upsert, which Django builds several times faster than `bulk_update`."""
    if rows:
        type(rows[0])._default_manager.bulk_create(
            rows, update_conflicts=True, update_fields=fields, unique_fields=["id"]
        )


def settle(existing: models.QuerySet[Row], wanted: Iterable[Row], *, key: str, fields: Sequence[str]) -> None:
    """Make the rows those that are wanted. They are known again by `key`, so that what stays is the same row, changed:
    the audit log tells what changed of it, and nothing of what did not."""
    before = {getattr(row, key): row for row in existing}
    new, changed = [], []
    for row in wanted:
        old = before.pop(getattr(row, key), None)
        if old is None:
            new.append(row)
        elif any(getattr(old, field) != getattr(row, field) for field in fields):
            row.pk = old.pk
            changed.append(row)
    existing.model._default_manager.filter(pk__in=[row.pk for row in before.values()]).delete()
    save_all(changed, fields)
    existing.model._default_manager.bulk_create(new)
