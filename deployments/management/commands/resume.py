"""`manage.py resume [NAME]`: let changes begin again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from deployments.actions.pause import Resume
from deployments.commands import COMMAND, find, refusals
from deployments.overview.pauses import pauses
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Resume a service, or everything, after a pause."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="the service; without it, the pause of everything")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"]
        with refusals():
            stood = Resume(find(name) if name else None, COMMAND).execute()
        self.stdout.write(f"{name or 'everything'}: {'resumed' if stood else 'was not paused'}")
        for still in pauses():
            self.stdout.write(f"still paused: {still.service or 'everything'}")
