"""Promises composed exactly, and uptime counted from flips with each moment counted once."""

import doctest
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regions import catalogue
from regions.availability import (
    Budget,
    Flip,
    Measured,
    any_of,
    budget,
    burn_rate,
    calculate,
    common_cause,
    downtime_s_per_year,
    duration,
    exact_percent,
    exact_seconds,
    from_percent,
    k_of_n,
    measure,
    nines,
    parallel,
    series,
    service_availability,
)
from regions.verdict import Status

DOC = (Path(__file__).parents[2] / "docs" / "availability.md").read_text(encoding="utf-8")
UP, DEGRADED, DOWN, UNKNOWN = Status.UP, Status.DEGRADED, Status.DOWN, Status.UNKNOWN
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NOTHING = timedelta()
KEYVALUE = ["99.95", "99.95", "99.999", "100"]
"""Lambda, API Gateway, a DynamoDB global table, Route 53."""

unhurried = settings(deadline=None)
"""A busy machine is no defect of the code: properties have no deadline."""

availabilities = st.builds(lambda hundred_thousandths: Fraction(hundred_thousandths, 100_000), st.integers(0, 100_000))
shares = st.fractions(0, 1, max_denominator=1000)


def at(minute: float) -> datetime:
    """Minutes after noon."""
    return NOON + minute * MINUTE


flips = st.lists(st.builds(Flip, st.integers(-30, 90).map(at), st.sampled_from(Status)), max_size=8)


# --- Composed


@pytest.mark.parametrize(
    ("n", "percent", "downtime"), [(1, "99", "3 d 16 h"), (2, "99.99", "52 min 34 s"), (3, "99.9999", "32 s")]
)
def test_a_part_of_two_nines_in_parallel(n: int, percent: str, downtime: str) -> None:
    """The talk's first table: each further part brings two more nines."""
    together = parallel(from_percent(99), n)
    assert (exact_percent(together), duration(downtime_s_per_year(together))) == (percent, downtime)


@pytest.mark.parametrize(
    ("regions", "percent", "downtime"),
    [
        (1, "99.899", "8 h 51 min"),
        (2, "99.999898", "32 s"),
        (3, "99.999999897", "32 ms"),
        (4, "99.999999999896", "33 µs"),
        (5, "99.999999999999895", "33 ns"),
    ],
)
def test_the_key_value_service_in_one_to_five_regions(regions: int, percent: str, downtime: str) -> None:
    """The talk's second table, by the formula."""
    row = calculate(KEYVALUE, 5).by_regions[regions - 1]
    assert (row.regions, nines(row.availability), duration(row.downtime_s_per_year)) == (regions, percent, downtime)


def test_the_calculator_is_exact_to_the_last_digit() -> None:
    """Products of finite decimals are finite: the whole expansion is the answer."""
    calculation = calculate(["99.95", Decimal("99.95"), Fraction("99.999")], 2)
    assert exact_percent(calculation.region) == "99.89902599975"
    two = calculation.by_regions[1]
    assert exact_percent(two.availability) == "99.999898042512735129999375"
    assert exact_seconds(two.downtime_s_per_year) == "32.1533131838494033971"


@pytest.mark.parametrize(
    ("components", "regions", "message"),
    [
        ([], 1, "1 to 20 components"),
        (["99"] * 21, 1, "1 to 20 components"),
        (["99"], 0, "1 to 40 regions"),
        (["99"], 41, "1 to 40 regions"),
        (["ninety"], 1, '"ninety" is not an availability: write per cent as a decimal'),
        (["nan"], 1, "write per cent as a decimal"),
        (["inf"], 1, "write per cent as a decimal"),
        (["1e-99999999"], 1, "write per cent as a decimal"),
        (["1e99999999"], 1, "write per cent as a decimal"),
        (["1/0"], 1, "write per cent as a decimal"),
        (["100.01"], 1, "between 0 and 100"),
        (["-1"], 1, "between 0 and 100"),
        ([Fraction(101)], 1, "between 0 and 100"),
    ],
)
def test_the_calculator_refuses_nonsense_and_says_the_mend(
    components: list[str | Fraction], regions: int, message: str
) -> None:
    """Also what would be short to write and take for ever to compute."""
    with pytest.raises(ValueError, match=re.escape(message)):
        calculate(components, regions)


@unhurried
@given(st.lists(availabilities, max_size=5))
def test_series_is_never_better_than_its_worst_part(parts: list[Fraction]) -> None:
    """Of no parts it is 1: nothing is there to fail."""
    assert series(parts) <= min(parts, default=1)
    assert series([]) == 1


@unhurried
@given(availabilities, st.integers(1, 6))
def test_another_region_never_hurts_and_never_makes_perfect(availability: Fraction, n: int) -> None:
    """Only what can't fail is 100 %."""
    assert parallel(availability, n) <= parallel(availability, n + 1)
    assert (parallel(availability, n) == 1) == (availability == 1)


@unhurried
@given(availabilities, st.integers(1, 6))
def test_k_of_n_has_series_and_parallel_as_its_ends(availability: Fraction, n: int) -> None:
    """All of n is a series, one of n is parallel, none of n is certain."""
    assert k_of_n(availability, n, n) == series([availability] * n)
    assert k_of_n(availability, 1, n) == parallel(availability, n)
    assert k_of_n(availability, 0, n) == 1


def test_a_quorum_of_three_regions() -> None:
    """Strong consistency: 3A² − 2A³, worse than any one of three and better than one."""
    assert exact_percent(k_of_n(from_percent("99.9"), 2, 3)) == "99.9997002"


@unhurried
@given(availabilities, st.integers(1, 6), shares)
def test_a_common_cause_lies_between_alone_and_independent(availability: Fraction, n: int, beta: Fraction) -> None:
    """β = 1: more regions don't help; β = 0: independent; one region alone is itself."""
    assert common_cause(availability, n, beta=Fraction(1)) == availability
    assert common_cause(availability, n, beta=Fraction(0)) == parallel(availability, n)
    assert common_cause(availability, 1, beta=beta) == availability
    assert availability <= common_cause(availability, n, beta=beta) <= parallel(availability, n)


def test_what_all_regions_share_is_not_improved_by_more_of_them() -> None:
    """A global part stands in series with all regions together."""
    half, global_part = Fraction(1, 2), Fraction(9, 10)
    assert service_availability([half], 2, shared=[global_part]) == Fraction(3, 4) * Fraction(9, 10)
    assert service_availability([half, half], 1) == Fraction(1, 4)
    assert service_availability([half], 2, beta=Fraction(1)) == half


# --- Rendered


@pytest.mark.parametrize(
    ("availability", "text"),
    [
        (Fraction(1), "100"),
        (1 - Fraction(1, 10**18), "99.9999999999999999"),
        (1 - Fraction(2, 3 * 10**18), "99.9999999999999999333"),
        (from_percent("99.9999999"), "99.9999999"),
        (from_percent("99.95"), "99.95"),
        (from_percent("99.89999"), "99.899"),
        (from_percent("99"), "99"),
        (from_percent("98.7654"), "98.76"),
        (from_percent("95.5"), "95.5"),
        (from_percent("90.55"), "90.55"),
        (from_percent("89.99"), "89.9"),
        (from_percent("9.99"), "9.9"),
        (from_percent("0.5"), "0.5"),
        (Fraction(0), "0"),
    ],
)
def test_nines_shows_three_digits_after_the_nines_and_cuts(availability: Fraction, text: str) -> None:
    """Rounding up would promise more than there is."""
    assert nines(availability) == text


@unhurried
@given(st.integers(1, 10**9), st.integers(1, 120))
def test_what_can_fail_is_never_printed_as_perfect(part: int, exponent: int) -> None:
    """However small the part that fails; and the text never claims more than there is."""
    availability = 1 - Fraction(part, 10**9) / 10**exponent
    for text in (nines(availability), exact_percent(availability)):
        assert Fraction(text) < 100
        assert Fraction(text) <= availability * 100


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (Fraction(1, 10**10), "< 1 ns"),
        (Fraction(33, 10**9), "33 ns"),
        (Fraction(327, 10**7), "33 µs"),
        (0.0324, "32 ms"),
        (0.9996, "1 s"),
        (1, "1 s"),
        (32.15, "32 s"),
        (59.4, "59 s"),
        (59.7, "1 min"),
        (75, "1 min 15 s"),
        (3599.4, "59 min 59 s"),
        (3599.7, "1 h"),
        (31843, "8 h 51 min"),
        (86_340, "23 h 59 min"),
        (86_399, "1 d"),
        (90_000, "1 d 1 h"),
        (365 * 86_400, "365 d"),
    ],
)
def test_duration_has_at_most_two_units(seconds: float | Fraction, text: str) -> None:
    """Rounded where it reads naturally, and never "60 s" or "24 h"."""
    assert duration(seconds) == text


@unhurried
@given(st.fractions(Fraction(1, 10**9), 10**8) | st.fractions(Fraction(1, 10**9), 2))
def test_duration_is_rounded_and_never_overflows_a_unit(seconds: Fraction) -> None:
    """Read back, the text is within half of its smaller unit of what was meant."""
    small = {"s": Fraction(1), "ms": Fraction(1, 10**3), "µs": Fraction(1, 10**6), "ns": Fraction(1, 10**9)}
    size = small | {"d": Fraction(86_400), "h": Fraction(3_600), "min": Fraction(60)}
    rounded_to = small | {"d": Fraction(3_600), "h": Fraction(60), "min": Fraction(1)}
    found = [(int(count), unit) for count, unit in re.findall(r"(\d+) (\w+)", duration(seconds))]
    assert 1 <= len(found) <= 2
    assert abs(sum(count * size[unit] for count, unit in found) - seconds) <= rounded_to[found[0][1]] / 2
    assert all(count * size[unit] < size[larger] for (_, larger), (count, unit) in pairwise(found))


# --- Measured


def test_time_before_the_first_flip_is_unknown() -> None:
    """One hour: 10 min nothing known, then up, 5 min degraded, 3 min down, up again."""
    history = [Flip(at(10), UP), Flip(at(20), DEGRADED), Flip(at(25), DOWN), Flip(at(28), UP)]
    measured = measure(history, at(0), at(60))
    assert measured == Measured(up=42 * MINUTE, degraded=5 * MINUTE, down=3 * MINUTE, unknown=10 * MINUTE)
    assert measured.availability == Fraction(47, 50)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], Measured(NOTHING, NOTHING, NOTHING, 60 * MINUTE)),
        ([Flip(at(-5), DOWN)], Measured(NOTHING, NOTHING, 60 * MINUTE, NOTHING)),
        ([Flip(at(-5), DOWN), Flip(at(-1), UP)], Measured(60 * MINUTE, NOTHING, NOTHING, NOTHING)),
        ([Flip(at(0), UP)], Measured(60 * MINUTE, NOTHING, NOTHING, NOTHING)),
        ([Flip(at(60), UP)], Measured(NOTHING, NOTHING, NOTHING, 60 * MINUTE)),
        ([Flip(at(0), UP), Flip(at(15), UNKNOWN)], Measured(15 * MINUTE, NOTHING, NOTHING, 45 * MINUTE)),
        ([Flip(at(45), DOWN), Flip(at(0), UP)], Measured(45 * MINUTE, NOTHING, 15 * MINUTE, NOTHING)),
    ],
)
def test_the_edges_of_a_window(history: list[Flip], expected: Measured) -> None:
    """The last flip before the window says how it begins; a flip at its end is not in it; order does not matter."""
    assert measure(history, at(0), at(60)) == expected


def test_availability_is_none_when_nothing_is_known() -> None:
    """Neither 0 nor 100 per cent."""
    measured = measure([], at(0), at(60))
    assert measured.availability is None
    assert burn_rate(measured, Fraction(999, 1000)) is None


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    """A swapped pair would count negative time."""
    with pytest.raises(ValueError, match="before it starts"):
        measure([], at(1), at(0))


@unhurried
@given(flips, st.integers(0, 60), st.integers(0, 60))
def test_each_moment_is_counted_once(history: list[Flip], cut: int, length: int) -> None:
    """The four add up to the window, and a window cut in two adds up to the whole."""
    start, middle, end = at(0), at(min(cut, length)), at(length)
    whole, first, second = (measure(history, *w) for w in ((start, end), (start, middle), (middle, end)))
    assert whole.window == end - start
    assert whole == Measured(
        first.up + second.up,
        first.degraded + second.degraded,
        first.down + second.down,
        first.unknown + second.unknown,
    )


@unhurried
@given(st.lists(flips, max_size=3))
def test_a_service_is_at_each_moment_what_its_best_replica_is(replicas: list[list[Flip]]) -> None:
    """Compared with asking each replica at each half minute: up, else degraded, else unknown, else down."""
    combined = any_of(replicas)
    for half_minute in range(-62, 184):
        moment = at(half_minute / 2)
        each = {_status_at(history, moment) for history in replicas} or {UNKNOWN}
        expected = next(status for status in (UP, DEGRADED, UNKNOWN, DOWN) if status in each)
        assert _status_at(combined, moment) == expected
    assert all(a.at < b.at and a.status != b.status for a, b in pairwise(combined))


def test_a_service_is_down_only_when_all_of_its_replicas_are() -> None:
    """Two replicas whose outages overlap by two minutes."""
    west = [Flip(at(0), UP), Flip(at(10), DOWN), Flip(at(20), UP)]
    east = [Flip(at(0), UP), Flip(at(18), DOWN), Flip(at(30), UP)]
    assert any_of([west, east]) == [Flip(at(0), UP), Flip(at(18), DOWN), Flip(at(20), UP)]


def test_error_budget_and_how_fast_it_burns() -> None:
    """99 % of 100 minutes allows one; half of it is spent in a window that was half known."""
    history = [Flip(at(0), UP), Flip(at(10), DOWN), Flip(at(10.5), UP), Flip(at(50), UNKNOWN)]
    measured = measure(history, at(0), at(100))
    spent = budget(measured, Fraction(99, 100))
    assert spent == Budget(allowed=MINUTE, spent=MINUTE / 2)
    assert (spent.left, spent.left_share) == (MINUTE / 2, Fraction(1, 2))
    assert burn_rate(measured, Fraction(99, 100)) == 1


def test_an_overspent_budget_is_negative() -> None:
    """So that a page can say by how much."""
    measured = measure([Flip(at(0), DOWN), Flip(at(3), UP)], at(0), at(100))
    assert budget(measured, Fraction(99, 100)).left_share == -2
    assert burn_rate(measured, Fraction(99, 100)) == 3


def test_an_objective_of_a_hundred_per_cent_has_no_budget_to_share() -> None:
    """Nothing is allowed, so no share of it can be left."""
    measured = measure([Flip(at(0), UP)], at(0), at(100))
    assert budget(measured, Fraction(1)) == Budget(NOTHING, NOTHING)
    assert budget(measured, Fraction(1)).left_share is None
    assert burn_rate(measured, Fraction(1)) is None


# --- docs/availability.md


def test_the_examples_of_the_page_run() -> None:
    """Each fenced Python block is executed and its output compared."""
    blocks = re.findall(r"```python\n(.*?)```", DOC, flags=re.DOTALL)
    page = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "availability.md", None, 0)
    assert doctest.DocTestRunner().run(page) == doctest.TestResults(failed=0, attempted=len(page.examples))
    assert len(page.examples) >= 5


def test_the_table_of_promises_is_the_catalogue() -> None:
    """Those that the page's service is made of, as they are published."""
    published = [sla for key, sla in catalogue.published_slas().items() if key != "s3_standard"]
    holds_for = {"region": "each region", "global": "the service as a whole"}
    assert [(_words(part), promise, scope) for part, promise, scope in _table("The promises")] == [
        (_words(sla.service), f"{sla.percent} %", holds_for[sla.scope]) for sla in published
    ]


def test_the_table_of_parts_in_parallel_is_computed() -> None:
    """Our columns of the first table."""
    rows = _table("Parts in parallel")
    ninety_nine = from_percent(99)
    assert [(row[0], *row[3:]) for row in rows] == [
        (str(n), *_ours(parallel(ninety_nine, n), exact=True)) for n in (1, 2, 3)
    ]


def test_the_table_of_regions_is_computed() -> None:
    """Our columns of the second table, and those of the region that the slide's figure belongs to."""
    rows = _table("One to five regions")
    ours, theirs = calculate(KEYVALUE, 5), calculate(["98.99"], 5)
    assert [(row[0], *row[2:]) for row in rows] == [
        (str(our.regions), *_ours(our.availability), *_ours(their.availability))
        for our, their in zip(ours.by_regions, theirs.by_regions, strict=True)
    ]


def test_the_table_of_common_causes_is_computed() -> None:
    """Two and three regions under a shared cause."""
    region = calculate(KEYVALUE, 1).region
    assert _table("A common cause") == [
        (
            f"{beta} %",
            *_ours(common_cause(region, 2, beta=Fraction(beta, 100))),
            *_ours(common_cause(region, 3, beta=Fraction(beta, 100))),
        )
        for beta in (0, 1, 5, 10)
    ]


def _ours(availability: Fraction, *, exact: bool = False) -> tuple[str, str]:
    text = exact_percent(availability) if exact else nines(availability)
    return f"{text} %", duration(downtime_s_per_year(availability))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _table(heading: str) -> list[tuple[str, ...]]:
    """The body rows of the first table under a heading of the page."""
    section = DOC.split(f"## {heading}\n", 1)[1]
    lines = [line for line in section.split("\n## ", 1)[0].splitlines() if line.startswith("|")]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines[2:]]


def _status_at(history: list[Flip], moment: datetime) -> Status:
    past = [flip for flip in sorted(history, key=lambda flip: flip.at) if flip.at <= moment]
    return past[-1].status if past else UNKNOWN
