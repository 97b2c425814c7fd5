"""`manage.py take_over SERVICE --reason …`: make its host name ours where the owner record is another's."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from deployments.actions.take_over import TakeOver
from deployments.commands import COMMAND, find, refusals
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Replace the owner record of a service's host name by ours. No other record is touched."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the service")
        parser.add_argument("--reason", default="", help="why; without it nothing is done, only shown whose it is")

    def handle(self, *args: Any, **options: Any) -> None:
        act = TakeOver(find(options["name"]), COMMAND, options["reason"])
        with refusals():
            found = act.check()
            assert found.claim is not None
            self.stdout.write(f"{found.hostname}: generation {found.claim.generation} of {found.claim.owner}")
            if not options["reason"]:
                self.stdout.write("nothing was done: give a --reason to take it over")
                return
            ours = TakeOver(act.service, COMMAND, options["reason"], seen=found.claim).execute()
        assert ours.claim is not None
        self.stdout.write(f"{ours.hostname} is ours, at generation {ours.claim.generation}")
