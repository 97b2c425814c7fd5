"""`manage.py inventory`: what is in AWS by us; first what is retained, and what keeping it costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.management.base import CommandParser

from deployments.access import EVERYWHERE
from deployments.actions.measure import Measure
from deployments.commands import COMMAND, refusals
from deployments.overview import inventory
from deployments.overview.inventory import Held
from deployments.plan.model import State
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Show what is in AWS by us: what is retained and what keeping it costs, then the rest."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--service", help="of this one alone")
        parser.add_argument("--retained", action="store_true", help="only what is retained")
        parser.add_argument("--measure", action="store_true", help="first ask AWS how much the retained things hold")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["measure"]:
            with refusals():
                Measure(COMMAND).execute()
        kept = [row for row in inventory.retained(EVERYWHERE) if options["service"] in (None, row.service)]
        for row in kept:
            self._line(row, _cost(row))
        costs = [row.cost.monthly_usd for row in kept if row.cost and row.cost.monthly_usd is not None]
        if kept:
            self.stdout.write(
                f"{len(kept)} retained: {sum(costs, Decimal(0)):.2f} USD a month for {len(costs)} of them"
            )
        else:
            self.stdout.write("nothing is retained")
        if not options["retained"]:
            rows = inventory.resources().exclude(state=State.RETAINED)
            if options["service"]:
                rows = rows.filter(stack__name=options["service"])
            for row in inventory.held(rows):
                self._line(row, row.physical_id)

    def _line(self, row: Held, told: str) -> None:
        self.stdout.write(f"{row.state:<9} {row.service:<20} {row.region:<16} {row.kind:<26} {row.name:<30} {told}")


def _cost(row: Held) -> str:
    if row.cost is None:
        return "cost unknown"
    at = f", measured {row.measured_at:%Y-%m-%d %H:%M} UTC" if row.measured_at else ""
    sum_ = "cost unknown" if row.cost.monthly_usd is None else f"{row.cost.monthly_usd:.2f} USD a month"
    return f"{sum_} ({row.cost.basis}{at})"
