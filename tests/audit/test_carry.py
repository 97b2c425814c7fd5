"""Who acts is said to the database before writes to watched tables, and never costs any other statement."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.carry import writes
from audit.context import Acting, acting, commanded, current, said
from audit.models import Entry
from audit.record import record
from deployments.actions.deploy import Deploy
from deployments.inventory import Inventory
from deployments.journal import Journal
from deployments.models import Operation
from deployments.plan.model import Action, Change, Ref, Spec
from regions.models import Region
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('INSERT INTO "regions_region" ("code") VALUES (%s)', True),
        ('UPDATE "deployments_service" SET "zone" = %s', True),
        ('DELETE FROM "deployments_component" WHERE true', True),
        ("update only public.regions_region set enabled = true", True),
        ("WITH x AS (SELECT 1) DELETE FROM regions_region USING x", True),
        ("TRUNCATE TABLE regions_account", True),
        ('SELECT "regions_region"."id" FROM "regions_region" FOR UPDATE', False),
        ('UPDATE "deployments_step" SET "status" = %s', False),
        ('INSERT INTO "deployments_lease" ("name") VALUES (%s)', False),
        ('INSERT INTO "regions_regionlike" ("code") VALUES (%s)', False),
        (
            'UPDATE "deployments_stack" SET "next_look_at" = NULL WHERE "id" IN (SELECT "id" FROM "regions_region")',
            False,
        ),
    ],
)
def test_writes_to_watched_tables_are_known(sql: str, expected: bool) -> None:
    assert writes(sql) is expected


def journalled() -> int:
    """What the engine writes of one change, from its beginning to its end: how many statements."""
    operation = Operation.objects.select_related("stack").get()
    ref = Ref(operation.stack.name, "log_group", "us-west-2", "g")
    change = Change(ref, Action.CREATE, "it is not there")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        inventory, journal = Inventory(operation.stack), Journal(operation)
        journal._open([change])
        inventory.begin([change], {ref: Spec(ref, {})})
        journal.start([change], now=0.0)
        journal.succeed([change], now=1.0)
        inventory.forget(ref)
    operation.steps.all().delete()
    return len(queries)


def test_the_journal_costs_no_statement_more() -> None:
    """Measured: in a worker, where nobody acts, the engine's writes are as many statements as without the log."""
    builders.account()
    Deploy(builders.service(), builders.COMMAND).execute()
    said_before = Entry.objects.count()

    with_carrying = journalled()
    taken_off = list(connection.execute_wrappers)
    connection.execute_wrappers.clear()
    try:
        without = journalled()
    finally:
        connection.execute_wrappers.extend(taken_off)

    assert len(taken_off) == 1
    assert with_carrying == without
    assert Entry.objects.count() == said_before


def test_one_statement_more_for_a_watched_write_and_none_for_others() -> None:
    with acting("page", actor="operator"):
        with CaptureQueriesContext(connection) as watched:
            Region.objects.create(code="eu-north-1")
        with CaptureQueriesContext(connection) as reading:
            list(Region.objects.all())

    assert [query["sql"].split("(")[0].strip() for query in watched] == [
        "SELECT set_config",
        'INSERT INTO "regions_region"',
    ]
    assert len(reading) == 1


def test_command_inside_a_request_is_the_requests() -> None:
    """Who asked is who acts."""
    with acting("page", actor="operator"), commanded():
        assert current() == Acting("page", "operator")
    with commanded():
        assert (now := said()) is not None
        assert now.via == "command"
    assert said() is None


def test_semantic_entry_has_who_acts_too() -> None:
    """What no row's change tells."""
    with acting("page", actor="operator", request_id="r-1") as now:
        now.reason = "it burns"
        entry = record("region.evacuated", name="us-west-2", service="ledger", account="demo", details={"switches": 2})

    entry.refresh_from_db()
    assert (entry.action, entry.actor, entry.via, entry.request_id) == ("region.evacuated", "operator", "page", "r-1")
    assert entry.details == {"switches": 2, "reason": "it burns"}
    assert abs((timezone.now() - entry.at).total_seconds()) < 60
