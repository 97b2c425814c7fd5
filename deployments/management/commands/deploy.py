"""`manage.py deploy NAME`: deploy the draft, or a plan of it, and follow the operation to its end."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from deployments.actions.deploy import Deploy
from deployments.actions.overriding import Override
from deployments.commands import COMMAND, find, follow, refusals
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Deploy a service's draft and follow the operation; exits with 1 where it does not succeed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the service")
        parser.add_argument("--plan", type=int, metavar="ID", help="refuse if this plan is not what would be done now")
        parser.add_argument(
            "--destroy-data", action="append", default=[], metavar="COMPONENT", help="its data may be lost"
        )
        parser.add_argument(
            "--override-guard", action="append", default=[], metavar="NAME", help="deploy though this guard refuses"
        )
        parser.add_argument("--reason", default="", help="why a guard is overridden, for the audit log")
        parser.add_argument("--no-wait", action="store_true", help="do not follow the operation")

    def handle(self, *args: Any, **options: Any) -> None:
        named, reason = options["override_guard"], options["reason"]
        if reason and not named:
            raise CommandError("--reason is of --override-guard: name the guard too")
        override = Override(tuple(named), reason) if named else None
        with refusals():
            operation = Deploy(
                find(options["name"]), COMMAND, options["destroy_data"], options["plan"], override
            ).execute()
        if options["no_wait"]:
            self.stdout.write(f"operation {operation.pk}: {operation.title}")
        else:
            follow(operation)
