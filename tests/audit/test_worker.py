"""A worker's writes are put down to Antipode by the name that its connections bear: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.db import connection

SCRIPT = """
import django
django.setup()
from celery.signals import worker_init
import controlplane.celery
worker_init.send(sender=None)
from django.conf import settings
from django.db import connection, transaction
from audit.context import current, said
from audit.models import Entry
from audit.record import record
from regions.models import Region
with transaction.atomic():
    Region.objects.create(code="eu-north-1")
    record("drift.told")
    for entry in Entry.objects.order_by("-pk")[:2]:
        print(entry.action, entry.actor, entry.via)
    transaction.set_rollback(True)
"""


@pytest.mark.django_db
def test_worker_is_known_by_its_connections() -> None:
    """Both by rows' changes and by what it records itself."""
    database = connection.settings_dict["NAME"]
    url, _, _ = os.environ["DATABASE_URL"].rpartition("/")

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "DATABASE_URL": f"{url}/{database}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.stdout.splitlines() == ["drift.told antipode worker", "region.created antipode worker"], done.stderr
