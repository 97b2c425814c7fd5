"""`manage.py adopt SERVICE KIND REGION NAME`: show what stands there and what would change; with a reason, adopt it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from deployments.actions.adopt import Adopt
from deployments.commands import COMMAND, find, refusals
from deployments.plan.model import Observed
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Adopt what stands in AWS in the place of something that a service wants. Changes the inventory alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("service")
        parser.add_argument("kind", help="as the plan names it: dynamodb_table, …")
        parser.add_argument("region", help="its code, or global")
        parser.add_argument("name", help="as the plan names it")
        parser.add_argument("--id", default="", help="its id in AWS, where AWS finds it by that alone")
        parser.add_argument("--from-installation", default="", metavar="ID", help="whose mark it carries")
        parser.add_argument("--reason", default="", help="why; without it nothing is adopted, only shown")

    def handle(self, *args: Any, **options: Any) -> None:
        act = Adopt(
            find(options["service"]),
            options["kind"],
            options["region"],
            options["name"],
            COMMAND,
            options["reason"],
            options["id"],
            options["from_installation"],
        )
        with refusals():
            standing = act.check()
            look = standing.look
            assert isinstance(look, Observed)
            self.stdout.write(
                f"{look.physical_id} stands there, marked by {look.mark.owner if look.mark else 'nobody'}"
            )
            for one in standing.differences:
                self.stdout.write(f"  a deploy changes {one.path}: {one.before!r} -> {one.after!r}")
            if not options["reason"]:
                self.stdout.write("nothing was done: give a --reason to adopt it")
                return
            act.execute()
        self.stdout.write(f"adopted as {options['name']} of {options['service']}; plan it to see what a deploy changes")
