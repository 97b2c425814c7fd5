"""The log only grows, by rule of the database: no code of ours, no bug and no SQL by hand changes an entry."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from audit.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry() -> Entry:
    return Entry.objects.create(at=timezone.now(), action="test.written", via="command")


def test_no_entry_is_changed(entry: Entry) -> None:
    """By the ORM, one by one or in bulk, and by SQL that finds no row at all."""
    for change in (
        lambda: Entry.objects.filter(pk=entry.pk).update(actor="somebody else"),
        lambda: entry.save(),
        lambda: connection.cursor().execute("UPDATE audit_entry SET actor = '' WHERE false"),
    ):
        with (
            pytest.raises(ProgrammingError, match="the audit log only grows: UPDATE of audit_entry"),
            transaction.atomic(),
        ):
            change()


def test_no_entry_is_removed(entry: Entry) -> None:
    for removal in (
        lambda: entry.delete(),
        lambda: Entry.objects.all().delete(),
        lambda: connection.cursor().execute("DELETE FROM audit_entry"),
    ):
        with pytest.raises(ProgrammingError, match="the audit log only grows: DELETE"), transaction.atomic():
            removal()
    assert Entry.objects.filter(pk=entry.pk).exists()


def test_not_even_in_the_mode_of_replication(entry: Entry) -> None:
    """In which other triggers sleep."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        with pytest.raises(ProgrammingError, match="only grows"), transaction.atomic():
            cursor.execute("DELETE FROM audit_entry")


@pytest.mark.parametrize("statement", ["TRUNCATE audit_entry", "TRUNCATE audit_entry, regions_flip CASCADE"])
def test_log_is_not_truncated(entry: Entry, statement: str) -> None:
    """The suite's own database has this one rule switched off (see conftest), so it is switched on again here."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_no_truncate")
        with pytest.raises(ProgrammingError, match="the audit log only grows: TRUNCATE"), transaction.atomic():
            cursor.execute(statement)
    assert Entry.objects.filter(pk=entry.pk).exists()


def test_rules_are_on_as_migrated() -> None:
    """A fresh migration leaves all of them on, whatever this suite switched off."""
    from audit import triggers

    with connection.schema_editor(atomic=False) as editor, connection.cursor() as cursor:
        triggers.remove(editor)
        triggers.create(editor)
        cursor.execute(
            "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'audit_entry'::regclass AND NOT tgisinternal"
        )
        found = dict(cursor.fetchall())

    assert {name: str(enabled) for name, enabled in found.items()} == {
        "audit_no_change": "A",
        "audit_no_truncate": "A",
    }
