"""Availability and downtime as text: exact for programs, short for people. Pure; thin spaces and groups are the page's.

Digits are cut, never rounded up: nothing that can fail is ever printed as 100 per cent.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

EXACT_DECIMALS = 100
DIGITS_AFTER_NINES = 3

_DAY_S, _HOUR_S, _MINUTE_S = 86_400, 3_600, 60


def exact_percent(availability: Fraction) -> str:
    """Per cent as an exact decimal ("99.89902599975"), cut after 100 decimals where it would not end before."""
    return _decimal(availability * 100)


def exact_seconds(seconds: Fraction) -> str:
    """Seconds as an exact decimal, cut after 100 decimals where it would not end before."""
    return _decimal(seconds)


def nines(availability: Fraction) -> str:
    """Per cent for people: the leading nines and the three digits after them, cut: 99.899, 99.999897."""
    if availability == 1:
        return "100"
    percent = availability * 100
    whole, rest = divmod(percent, 1)
    digits, run = f"{whole:02d}", "99" if whole == 99 else "9" if whole >= 90 else ""
    decimals = _digits(rest)
    if run == "99":
        while (digit := next(decimals)) == "9":
            run += digit
        digits = run + digit
    digits += "".join(islice(decimals, max(0, len(run) + DIGITS_AFTER_NINES - len(digits))))
    return _trimmed(f"{int(digits[:2])}.{digits[2:]}")


def duration(seconds: Fraction | float) -> str:
    """A duration as people say it, rounded, in at most two units: 8 h 51 min, 32 s, 32 ms, 33 µs."""
    if seconds <= 0:
        return "0 s"
    for unit, name, part, part_name, next_part in (
        (_DAY_S, "d", _HOUR_S, "h", _MINUTE_S),
        (_HOUR_S, "h", _MINUTE_S, "min", 1),
        (_MINUTE_S, "min", 1, "s", 1),
    ):
        # Judged as the next smaller pair would be rounded: 59.7 s is "1 min", never "60 s"; 23.6 h is not yet "1 d".
        if round(seconds / next_part) * next_part >= unit:
            units, parts = divmod(round(seconds / part), unit // part)
            return f"{units} {name} {parts} {part_name}" if parts else f"{units} {name}"
    for name, per_s in (("s", 1), ("ms", 10**3), ("µs", 10**6)):
        if round(seconds * per_s * 1000) >= 1000:
            return f"{round(seconds * per_s)} {name}"
    nanoseconds = round(seconds * 10**9)
    return f"{nanoseconds} ns" if nanoseconds else "< 1 ns"


def _digits(rest: Fraction) -> Iterator[str]:
    """The decimals of a fraction below 1, by long division, without end."""
    remainder = rest.numerator
    while True:
        digit, remainder = divmod(remainder * 10, rest.denominator)
        yield str(digit)


def _decimal(value: Fraction) -> str:
    whole, rest = divmod(value, 1)
    return _trimmed(f"{whole}.{''.join(islice(_digits(rest), EXACT_DECIMALS))}")


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".")
