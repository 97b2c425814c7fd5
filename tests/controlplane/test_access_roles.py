"""The roles' groups are made and kept by the migrations; each role has what the one before it has."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from controlplane import roles

pytestmark = pytest.mark.django_db


def permissions_of(name: str) -> set[str]:
    rows = Permission.objects.filter(group__name=name).values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


@pytest.mark.parametrize("name", roles.ROLES)
def test_group_has_the_permissions_of_the_table(name: str) -> None:
    """Each of them exists: a name that Django does not know would be left out silently."""
    assert permissions_of(name) == set(roles.ROLES[name])


def test_each_role_adds_to_the_one_before() -> None:
    assert set(roles.VIEWER) < set(roles.OPERATOR) < set(roles.ADMIN)
    assert "deployments.override_guards" not in roles.OPERATOR


def test_viewer_may_view_alone() -> None:
    assert {permission.partition(".")[2].partition("_")[0] for permission in roles.VIEWER} == {"view"}


def test_migrating_mends_what_was_changed_by_hand() -> None:
    """A lost permission comes back, a strange one goes, a lost group is made again."""
    Group.objects.get(name="viewer").permissions.set(Permission.objects.filter(codename="operate"))
    Group.objects.get(name="admin").delete()

    call_command("migrate", verbosity=0)

    assert [permissions_of(name) for name in roles.ROLES] == [set(table) for table in roles.ROLES.values()]


def test_nothing_is_written_where_all_is_well() -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        roles.keep()

    assert [query["sql"] for query in asked if not query["sql"].startswith("SELECT")] == []
