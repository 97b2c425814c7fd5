"""What a person should know before a plan is carried out: quotas, cost, waits. Pure; it warns and refuses nothing.

`deployments/preflight.py` gathers what is read from AWS and puts the parts together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from deployments.plan.cost import CostLine
from deployments.plan.duration import Wait
from deployments.plan.model import GLOBAL
from deployments.plan.quota import UNCOUNTED, QuotaUse

NEAR = 0.8
"""From this share of a quota on, people are shown it though it fits."""


@dataclass(frozen=True)
class Preflight:
    """`about_s`: how long all of it takes, about."""

    quotas: tuple[QuotaUse, ...] = ()
    costs: tuple[CostLine, ...] = ()
    waits: tuple[Wait, ...] = ()
    about_s: float = 0.0

    @property
    def monthly_usd(self) -> Decimal:
        """What is known of the cost that it adds; what depends on data comes on top."""
        return sum((line.monthly_usd for line in self.costs if line.monthly_usd is not None), Decimal(0))

    @property
    def depends_on_data(self) -> bool:
        return any(line.monthly_usd is None for line in self.costs)

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each quota that the plan would exceed, with its numbers and the mend."""
        return tuple(warning for use in self.quotas if (warning := use.warning))

    def as_json(self) -> dict[str, Any]:
        """The shape of the REST API: money as strings of US dollars, times in seconds, null for what is not known."""
        return {
            "warnings": list(self.warnings),
            "quotas": [_quota_json(use) for use in self.quotas],
            "cost": {
                "monthly_usd": _money(self.monthly_usd),
                "depends_on_data": self.depends_on_data,
                "lines": [_cost_json(line) for line in self.costs],
            },
            "waits": [{"what": wait.what, "seconds": round(wait.seconds), "why": wait.why} for wait in self.waits],
            "about_s": round(self.about_s),
        }

    def lines(self) -> list[str]:
        """For people: what would be exceeded or nearly so, what it costs, how long it takes."""
        return [*self._quota_lines(), *self._cost_lines(), *self._wait_lines()]

    def _quota_lines(self) -> Iterator[str]:
        for use in self.quotas:
            if use.exceeded:
                yield f"! {use.warning}"
            elif use.used is not None and use.used + use.adds > NEAR * use.limit:
                yield f"  {use.what} {use.place}: {use.used} of {use.limit} used, this plan adds {use.adds}"
        unread = [use for use in self.quotas if not use.read and use.why != UNCOUNTED]
        if unread:
            what = ", ".join(dict.fromkeys(use.what for use in unread))
            yield f"? not known how much is used of: {what}"

    def _cost_lines(self) -> Iterator[str]:
        if not self.costs:
            return
        rest = ", and what depends on data" if self.depends_on_data else ""
        yield f"$ about {self.monthly_usd:+.2f} USD a month{rest}"
        alike: dict[str, list[CostLine]] = {}
        for line in self.costs:
            alike.setdefault(line.what, []).append(line)
        for lines in alike.values():
            yield f"  {_cost_text(lines)}"

    def _wait_lines(self) -> Iterator[str]:
        if not self.about_s:
            return
        yield f"⧗ about {duration(self.about_s)}"
        for wait in self.waits:
            yield f"  {wait.what}: {duration(wait.seconds)}. {wait.why}"


def duration(seconds: float) -> str:
    """ "40 s", "3 min", "1 h 20 min": as exactly as an estimate deserves."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def _cost_text(lines: list[CostLine]) -> str:
    """The same thing in several regions, as one line."""
    first = lines[0]
    regions = [line.region for line in lines if line.region != GLOBAL]
    place = f" in {', '.join(regions)}" if regions else ""
    if first.monthly_usd is None:
        return f"{first.what}{place}: {first.unit_price_usd:f} USD per {first.unit} ({first.basis})"
    usd = sum((line.monthly_usd for line in lines if line.monthly_usd is not None), Decimal(0))
    return f"{first.what}{place}: {usd:+.2f} ({first.basis})"


def _quota_json(use: QuotaUse) -> dict[str, Any]:
    return {
        "service": use.service,
        "name": use.name,
        "what": use.what,
        "region": use.region,
        "of": use.of,
        "used": use.used,
        "adds": use.adds,
        "limit": use.limit,
        "exceeded": use.exceeded,
        "read": use.read,
        "as_of": use.as_of,
        "source": use.source,
        "why": use.why,
        "mend": use.mend,
    }


def _cost_json(line: CostLine) -> dict[str, Any]:
    return {
        "what": line.what,
        "region": line.region,
        "quantity": None if line.quantity is None else f"{line.quantity:.2f}",
        "unit": line.unit,
        "unit_price_usd": f"{line.unit_price_usd:f}",
        "monthly_usd": None if line.monthly_usd is None else _money(line.monthly_usd),
        "basis": line.basis,
        "source": line.source,
        "as_of": line.as_of,
    }


def _money(usd: Decimal) -> str:
    return f"{usd:.2f}"
