"""`manage.py drift [NAME]`: look now whether services are as released; repairs what may be."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from rich.console import Console

from deployments import queries
from deployments.actions.check_drift import CheckDrift
from deployments.commands import COMMAND, find, refusals
from deployments.overview import drift
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Check services for drift: what differs from the approved release, and what is done about it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="the service; without it, every one that is deployed")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["name"]:
            return self._check(options["name"])
        for name in queries.services().filter(stack__release__isnull=False).values_list("name", flat=True):
            self._check(name)
        return None

    def _check(self, name: str) -> None:
        console = Console(highlight=False, soft_wrap=True)
        with refusals():
            checked = CheckDrift(find(name), COMMAND).execute()
        rows, summary = drift.standing(service=name), drift.summary(name)
        if not checked.counts:
            console.print(f"{name}: something began meanwhile; check again")
        elif not rows and not summary.error:
            console.print(f"{name}: as released")
        for row in rows:
            console.print(f"{name}: {row.kind} {row.name} ({row.region}): {row.reason}")
            console.print(f"    {row.waits_for or 'is repaired'}, found {row.found_at:%Y-%m-%d %H:%M:%S} UTC")
        if summary.error:
            console.print(f"{name}: not all could be looked at: {summary.error}")
        if checked.repair:
            console.print(f"{name}: operation {checked.repair.pk}: {checked.repair.title}")
