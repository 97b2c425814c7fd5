"""Availability: what providers promise, composed (SLA), and what was measured, out of flips (SLI, error budget). Pure.

`compose` computes, `measured` counts, `render` writes for people. An availability is a `Fraction` between 0 and 1
everywhere; per cent exists only where people or programs hand it in or read it. Never a clock, a database or a float.
"""

from regions.availability.compose import (
    Calculation,
    ForRegions,
    calculate,
    common_cause,
    downtime_s_per_year,
    from_percent,
    k_of_n,
    parallel,
    series,
    service_availability,
)
from regions.availability.measured import Budget, Flip, Measured, any_of, budget, burn_rate, measure
from regions.availability.render import duration, exact_percent, exact_seconds, nines

__all__ = [
    "Budget",
    "Calculation",
    "Flip",
    "ForRegions",
    "Measured",
    "any_of",
    "budget",
    "burn_rate",
    "calculate",
    "common_cause",
    "downtime_s_per_year",
    "duration",
    "exact_percent",
    "exact_seconds",
    "from_percent",
    "k_of_n",
    "measure",
    "nines",
    "parallel",
    "series",
    "service_availability",
]
