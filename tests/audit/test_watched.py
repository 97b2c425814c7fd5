"""Every table of ours is watched, or somebody said why not; and the database's triggers are those of the list."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from audit import triggers
from audit.models import Entry
from audit.watched import UNWATCHED, WATCHED, actions

OURS = ("audit", "regions", "deployments", "controlplane")
DJANGOS = {
    "auth_user",
    "auth_group",
    "auth_user_groups",
    "auth_user_user_permissions",
    "auth_group_permissions",
}


def ours() -> set[str]:
    return {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in OURS and model._meta.managed
    }


def test_each_of_our_tables_is_watched_or_has_a_reason_not_to_be() -> None:
    """Who adds a model decides."""
    watched = {one.table for one in WATCHED}

    assert ours() | DJANGOS == watched | set(UNWATCHED)
    assert not watched & set(UNWATCHED)


@pytest.mark.parametrize("watched", WATCHED, ids=lambda one: one.table)
def test_columns_that_the_list_names_exist(watched) -> None:
    """A column that is renamed must not fall out of the hidden ones unnoticed."""
    (model,) = [model for model in apps.get_models(include_auto_created=True) if model._meta.db_table == watched.table]
    columns = {field.column for field in model._meta.concrete_fields}
    named = {*watched.only, *watched.hidden, *watched.marks, *([watched.state] if watched.state else [])}

    assert named <= columns
    # `ignored` may name what only some tables have
    assert set(watched.ignored) - {"created_at", "updated_at"} <= columns


@pytest.mark.django_db
def test_the_database_has_the_triggers_of_the_list() -> None:
    """The list was changed? Then a migration must call `audit.triggers.install`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname, tgargs FROM pg_trigger"
            " WHERE tgfoid = 'audit_write'::regproc AND NOT tgisinternal"
        )
        found = {(table, name): bytes(told).rstrip(b"\0").decode() for table, name, told in cursor.fetchall()}
    wanted = {}
    for watched in WATCHED:
        for statement in triggers.statements(watched):
            if statement.startswith("CREATE"):
                name = statement.split()[2]
                argument = statement.partition("audit_write('")[2].removesuffix("')").replace("''", "'")
                wanted[watched.table, name] = argument

    assert found == wanted


@pytest.mark.django_db
def test_migration_goes_back_and_forth() -> None:
    """Backwards nothing of it is left; forwards again the rows are watched."""
    migration = import_module("audit.migrations.0002_triggers").Migration("0002_triggers", "audit")
    (operation,) = migration.operations
    functions = "SELECT count(*) FROM pg_proc WHERE proname LIKE 'audit\\_%'"
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'audit\\_%'")
        before = cursor.fetchone()
        with connection.schema_editor(atomic=False) as editor:
            operation.reverse_code(apps, editor)
        cursor.execute(functions)
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'audit\\_%'")
        assert cursor.fetchone() == (0,)

        with connection.schema_editor(atomic=False) as editor:
            operation.code(apps, editor)
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'audit\\_%'")
        assert cursor.fetchone() == before
        cursor.execute("INSERT INTO regions_region (code, enabled) VALUES ('eu-north-1', true)")
    assert Entry.objects.filter(action="region.created", name="eu-north-1").count() == 1


def test_actions_are_told_once() -> None:
    """What the page offers to look for."""
    assert {"service.changed", "service.paused", "token.revoked", "operation.cancel_requested"} <= set(actions())
    assert len(actions()) == len(set(actions()))
