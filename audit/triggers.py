"""The list of watched tables as triggers: what migrations run. Nothing else changes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from audit.watched import SECRET_KEYS, WATCHED, Watched

SQL = Path(__file__).parent / "sql"
EVENTS = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")


def create(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The functions, the rule that the log only grows, and the triggers of every watched table."""
    for name in ("write", "append_only"):
        schema_editor.execute((SQL / f"{name}.sql").read_text(), params=None)
    install(schema_editor)


def install(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make the triggers those of the list, again. A table that comes with a later migration is left to that one."""
    with schema_editor.connection.cursor() as cursor:
        existing = set(schema_editor.connection.introspection.table_names(cursor))
    for watched in WATCHED:
        if watched.table in existing:
            for statement in statements(watched):
                schema_editor.execute(statement, params=None)


def remove(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """All of it. The triggers go with their functions."""
    for function in ("audit_write()", "audit_refuse()", "audit_hidden(jsonb, jsonb)"):
        schema_editor.execute(f"DROP FUNCTION {function} CASCADE", params=None)
    schema_editor.execute("DROP FUNCTION audit_shown(jsonb, jsonb, boolean, jsonb)", params=None)


def statements(watched: Watched) -> Iterator[str]:
    """The SQL that makes the triggers of one table, whatever is there."""
    for event in EVENTS:
        name = trigger_name(event)
        yield f'DROP TRIGGER IF EXISTS {name} ON "{watched.table}"'
        if event != "TRUNCATE" and not _verbs(watched)[event.lower()]:
            continue
        each = "STATEMENT" if event == "TRUNCATE" else "ROW"
        condition = _condition(watched, event)
        yield (
            f'CREATE TRIGGER {name} AFTER {event} ON "{watched.table}" FOR EACH {each}'
            f"{f' WHEN ({condition})' if condition else ''} EXECUTE FUNCTION audit_write({_literal(rule(watched))})"
        )


def trigger_name(event: str) -> str:
    return f"audit_{event.lower()}"


def rule(watched: Watched) -> dict[str, Any]:
    """What the trigger function is told of a table."""
    about = watched.about
    noun = about.noun or f"'{watched.noun}'"
    return {
        "noun": watched.noun,
        "verbs": _verbs(watched),
        "state": watched.state,
        "marks": dict(watched.marks),
        "only": list(watched.only),
        "ignored": list(watched.ignored),
        "hidden": list(watched.hidden),
        "secret_keys": list(SECRET_KEYS),
        "about": (
            f"SELECT {about.name}, {about.service}, {about.account}, {noun} "  # noqa: S608  # our own literals
            f"FROM (SELECT ($1).*) r {about.joins}"
        ).strip(),
    }


def _verbs(watched: Watched) -> dict[str, str]:
    return {"insert": watched.insert, "update": watched.update, "delete": watched.delete, "truncate": "truncated"}


def _condition(watched: Watched, event: str) -> str:
    """Asked before the function is called, so that writes which are nobody's business cost nothing."""
    if event in watched.when:
        return watched.when[event]
    if event == "UPDATE":
        columns = watched.only or ("*",)
        return " OR ".join(f"OLD.{_column(column)} IS DISTINCT FROM NEW.{_column(column)}" for column in columns)
    return ""


def _column(name: str) -> str:
    return name if name == "*" else f'"{name}"'


def _literal(value: dict[str, Any]) -> str:
    return "'" + json.dumps(value).replace("'", "''") + "'"
