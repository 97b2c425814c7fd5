"""`manage.py deploy NAME`: deploy the draft, and follow the operation to its end."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from deployments.actions.deploy import Deploy
from deployments.commands import COMMAND, find, follow, refusals
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Deploy a service's draft and follow the operation; exits with 1 where it does not succeed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the service")
        parser.add_argument(
            "--destroy-data", action="append", default=[], metavar="COMPONENT", help="its data may be lost"
        )
        parser.add_argument("--no-wait", action="store_true", help="do not follow the operation")

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            operation = Deploy(find(options["name"]), COMMAND, options["destroy_data"]).execute()
        if options["no_wait"]:
            self.stdout.write(f"operation {operation.pk}: {operation.title}")
        else:
            follow(operation)
