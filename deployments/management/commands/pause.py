"""`manage.py pause [NAME]`: begin no change in AWS, of one service or of all, until it is resumed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from deployments.actions.pause import Pause
from deployments.commands import COMMAND, find, refusals
from deployments.pauses import told
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Pause a service, or everything: no change is begun in AWS; what runs comes to its end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="the service; without it, everything")
        parser.add_argument("--reason", default="", help="shown wherever it holds something up")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            service = find(options["name"]) if options["name"] else None
            pause = Pause(service, COMMAND, options["reason"]).execute()
        self.stdout.write(
            f"{pause.stack or 'everything'}: {told(pause)}, since {pause.created_at:%Y-%m-%d %H:%M:%S} UTC"
        )
