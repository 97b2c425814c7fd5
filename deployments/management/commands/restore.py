"""`manage.py restore REGION [--service NAME] --reason WHY`: bring an evacuated region back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from deployments.actions.overriding import Override
from deployments.actions.restore import Restore
from deployments.commands import COMMAND, find, find_account, refusals, switched
from deployments.routing.switches import TAKES_EFFECT_S
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Bring an evacuated region back into rotation, once it is known to be well."

    def add_arguments(self, parser: CommandParser) -> None:
        switched(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        named = options["override_guard"]
        override = Override(tuple(named), options["reason"]) if named else None
        with refusals():
            service = find(options["service"]) if options["service"] else None
            account = service.account if service else find_account(options["account"])
            act = Restore(account, options["region"], service, COMMAND, options["reason"], override)
            operation = act.execute()
        for step in operation.steps.all():
            told = f"not done: {step.error} {step.mend}" if step.error else "done"
            self.stdout.write(f"{step.action} {step.name} in {step.scope}: {told}")
        self.stdout.write(f"{operation.title}: {operation.status}. In effect within {TAKES_EFFECT_S} s.")
