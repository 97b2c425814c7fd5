"""`manage.py destroy NAME`: show what goes, ask for the typed name, destroy, and follow the operation to its end."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from deployments.actions.destroy import Destroy
from deployments.actions.plan_service import PlanService
from deployments.commands import COMMAND, find, follow, refusals, show
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Remove everything of a service from AWS. Data is retained where --destroy-data does not name it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the service")
        parser.add_argument(
            "--yes-destroy", metavar="NAME", help="the service's name once more, in place of being asked"
        )
        parser.add_argument(
            "--destroy-data", action="append", default=[], metavar="COMPONENT", help="its data may be lost"
        )
        parser.add_argument("--no-wait", action="store_true", help="do not follow the operation")

    def handle(self, *args: Any, **options: Any) -> None:
        name, consent = options["name"], options["destroy_data"]
        service = find(name)
        with refusals():
            view = PlanService(service, COMMAND, None, consent, destroying=True).execute()
        show(view)
        if (options["yes_destroy"] or self._asked(name)) != name:
            raise CommandError(f"the name was not {name}; nothing was done")
        with refusals():
            operation = Destroy(service, COMMAND, consent, plan=view.id).execute()
        if operation is None:
            self.stdout.write(f"{name} was never deployed, and is gone")
        elif options["no_wait"]:
            self.stdout.write(f"operation {operation.pk}: {operation.title}")
        else:
            follow(operation)

    def _asked(self, name: str) -> str:
        try:
            return input(f"Type {name} to destroy it: ").strip()
        except EOFError:
            return ""
