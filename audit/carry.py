"""Carries who acts to the triggers: says it to the database right before a statement that may write a watched table.

`set_config(…, true)` lasts as long as the transaction, so no pooler can hand it on; a statement in autocommit gets a
transaction for the two. Statements about other tables, and processes that nobody acts through, cost nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.context import said
from audit.watched import WATCHED

_WRITES = re.compile(
    r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE(?:\s+TABLE)?)\s+(?:ONLY\s+)?"
    rf'(?:"?\w+"?\.)?"?(?:{"|".join(watched.table for watched in WATCHED)})\b',
    re.IGNORECASE,
)
_SAY = "SELECT set_config('audit.context', %s, true)"


def writes(sql: str) -> bool:
    """Whether a statement may write to a watched table."""
    return not sql.startswith("SELECT") and _WRITES.search(sql) is not None


def say_who(
    execute: Callable[[str, Any, bool, dict[str, Any]], Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Django's execute wrapper."""
    who = said()
    if who is None or not writes(sql):
        return execute(sql, params, many, context)
    connection: BaseDatabaseWrapper = context["connection"]
    told = json.dumps(who.told())
    if connection.in_atomic_block:
        _say(connection, told)
        return execute(sql, params, many, context)
    with transaction.atomic(using=connection.alias):
        _say(connection, told)
        return execute(sql, params, many, context)


def _say(connection: BaseDatabaseWrapper, told: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SAY, [told])


def carry(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """On a new connection. In front: wrappers that a block adds for a while are taken off at the end of the list."""
    if say_who not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, say_who)
