"""Writing many rows of one table in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


def save_all(rows: Sequence[Row], fields: Sequence[str]) -> None:
    """Write `fields` of rows that exist. An upsert, which Django builds several times faster than `bulk_update`."""
    if rows:
        type(rows[0])._default_manager.bulk_create(
            rows, update_conflicts=True, update_fields=fields, unique_fields=["id"]
        )
