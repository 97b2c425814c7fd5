"""`manage.py plan NAME`: what deploying the draft would change in AWS. Changes nothing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from deployments.actions.plan_service import PlanService
from deployments.commands import COMMAND, find, refusals, show
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Show what deploying a service would change in AWS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the service")
        parser.add_argument(
            "--destroy-data", action="append", default=[], metavar="COMPONENT", help="its data may be lost"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            view = PlanService(find(options["name"]), COMMAND, None, options["destroy_data"]).execute()
        show(view)
