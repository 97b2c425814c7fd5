"""`manage.py break_glass [REGION]`: the exact AWS CLI lines that take a region out and bring it back by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from deployments.actions import break_glass
from deployments.models import Replica
from regions.models import Account
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Print the break-glass sheet of a region, or of every region where something stands."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("region", nargs="?", help="a region's code; without it, all")

    def handle(self, *args: Any, **options: Any) -> None:
        standing = set(Replica.objects.values_list("endpoint__region__code", flat=True))
        regions = [options["region"]] if options["region"] else sorted(standing)
        if not regions:
            raise CommandError("Nothing stands in any region: there is nothing to take out of rotation.")
        accounts = list(Account.objects.all())
        for region in regions:
            found = break_glass.sheets(accounts, region)
            if not found:
                raise CommandError(f"{region} has no switch; something stands in: {', '.join(sorted(standing))}")
            self.stdout.write(break_glass.text(region, found))
