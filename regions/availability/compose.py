"""Promised availability, composed of parts: in series, in parallel, k of n, with a common cause. Pure and exact.

Parts are taken to fail independently unless a common cause is given. Detection time and TTL are not in these figures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import comb, prod

SECONDS_PER_YEAR = 365 * 24 * 3600
MAX_COMPONENTS = 20
MAX_REGIONS = 40
MAX_DECIMALS = 12
"""Bounds of the calculator: far beyond any real service, and small enough that exact fractions stay quick."""


@dataclass(frozen=True)
class ForRegions:
    """What a number of regions together give."""

    regions: int
    availability: Fraction
    downtime_s_per_year: Fraction


@dataclass(frozen=True)
class Calculation:
    """The calculator's answer: one region, and 1 … n of them in parallel."""

    region: Fraction
    by_regions: tuple[ForRegions, ...]


def from_percent(percent: Decimal | Fraction | int | str) -> Fraction:
    """Per cent as people write it → a fraction between 0 and 1. Floats are not taken: 99.95 has no exact float."""
    try:
        exact = Fraction(_bounded(percent) if isinstance(percent, str | Decimal) else percent)
    except (ArithmeticError, ValueError, OverflowError):
        raise ValueError(
            f'"{str(percent)[:40]}" is not an availability: '
            f"write per cent as a decimal with at most {MAX_DECIMALS} decimals, such as 99.95"
        ) from None
    if not 0 <= exact <= 100:
        raise ValueError(f'"{percent}" is not an availability: it must be between 0 and 100 per cent')
    return exact / 100


def series(parts: Iterable[Fraction]) -> Fraction:
    """All parts are needed: the product. Of no parts: 1."""
    return prod(parts, start=Fraction(1))


def parallel(availability: Fraction, n: int) -> Fraction:
    """Any one of `n` equal, independent parts is enough: 1 − (1 − A)^n."""
    return 1 - (1 - availability) ** n


def k_of_n(availability: Fraction, k: int, n: int) -> Fraction:
    """At least `k` of `n` equal, independent parts are needed; 2 of 3 is a quorum over three regions."""
    down = 1 - availability
    return sum((comb(n, up) * availability**up * down ** (n - up) for up in range(k, n + 1)), start=Fraction(0))


def common_cause(availability: Fraction, n: int, *, beta: Fraction) -> Fraction:
    """`n` parts in parallel, of whose failures the share `beta` (0 … 1) strikes all at once (beta-factor model).

    Fleming 1974; IEC 61508-6 annex D. With q = 1 − A, the common cause c = β·q strikes all; while it does not, each
    part fails by itself with p = (q − c) / (1 − c), so that one part alone is A whatever the β. The textbook's
    ((1 − β)·q)^n + β·q is the same for small q, and wrong for large.
    """
    down = 1 - availability
    common = beta * down
    if common == 1:
        return Fraction(0)
    alone = (down - common) / (1 - common)
    return (1 - common) * parallel(1 - alone, n)


def downtime_s_per_year(availability: Fraction) -> Fraction:
    """Seconds of a year of 365 days in which something of this availability is down."""
    return (1 - availability) * SECONDS_PER_YEAR


def service_availability(
    components: Iterable[Fraction],
    regions: int,
    *,
    shared: Iterable[Fraction] = (),
    beta: Fraction = Fraction(0),
) -> Fraction:
    """A service whose `components` stand in each of `regions`, any one of which is enough, on what all regions share.

    `shared`: promises of scope "global", such as Route 53's, which more regions do not improve.
    """
    return series([common_cause(series(components), regions, beta=beta), *shared])


def calculate(components: Sequence[Decimal | Fraction | int | str], regions: int) -> Calculation:
    """Components in per cent, in series within a region, and 1 … `regions` of such regions in parallel.

    Raises ValueError, with what to mend, for what is no availability or beyond the calculator's bounds.
    """
    if not 1 <= len(components) <= MAX_COMPONENTS:
        raise ValueError(f"give 1 to {MAX_COMPONENTS} components, not {len(components)}")
    if not 1 <= regions <= MAX_REGIONS:
        raise ValueError(f"give 1 to {MAX_REGIONS} regions, not {regions}")
    region = series([from_percent(component) for component in components])
    return Calculation(region, tuple(_for_regions(region, n) for n in range(1, regions + 1)))


def _for_regions(region: Fraction, n: int) -> ForRegions:
    availability = parallel(region, n)
    return ForRegions(n, availability, downtime_s_per_year(availability))


def _bounded(percent: str | Decimal) -> Decimal:
    """Refuses 1e-999999999, which is short to write and would fill the memory as a fraction; NaN and infinity too."""
    exact = Decimal(percent)
    exponent = exact.as_tuple().exponent
    if not isinstance(exponent, int) or not -MAX_DECIMALS <= exponent <= 2:
        raise ValueError(percent)
    return exact
