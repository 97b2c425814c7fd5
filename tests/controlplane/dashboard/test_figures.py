"""Figures as people read them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.template import Context, Template

from controlplane.templatetags import figures, health, times
from regions.availability import Flip, from_percent
from regions.verdict import Status

NOW = datetime(2026, 11, 24, 12, 18, 30, tzinfo=UTC)
NN = "\u202f"


@pytest.mark.parametrize(
    ("percent", "quiet", "bold"),
    [
        ("99.899", "99.", "899"),
        ("99.999898", f"99.999{NN}", "898"),
        ("99.9938", "99.99", f"3{NN}8"),
        ("99.999999897", f"99.999{NN}999{NN}", "897"),
        ("98.7", "", "98.7"),
        ("100", "", "100"),
        ("99", "99", ""),
    ],
)
def test_nines_part_the_run_of_nines_from_the_digits_that_tell(percent: str, quiet: str, bold: str) -> None:
    assert figures.split_nines(percent) == (quiet, bold)


def test_nines_of_almost_one_never_print_as_a_hundred() -> None:
    shown = figures.nines(1 - Fraction(1, 10**18))
    assert shown.startswith('<span class="nines"><span class="t3">99.999')
    assert "100" not in shown


def test_nines_of_a_missing_value_are_a_dash() -> None:
    assert figures.nines(None) == "–"


@pytest.mark.parametrize(
    ("percent", "said"), [("99.95", "3 nines"), ("90", "1 nine"), ("99.999", "5 nines"), ("100", "no failure")]
)
def test_nines_are_counted_exactly(percent: str, said: str) -> None:
    assert figures.count_nines(from_percent(Decimal(percent))) == said


def test_downtime_a_year_has_at_most_two_units_and_narrow_spaces_before_them() -> None:
    assert figures.downtime(from_percent("99.899")) == f"8{NN}h 51{NN}min"
    assert figures.downtime_short(1 - Fraction(1, 10**15)) == f"<{NN}1{NN}ms"


def test_latency_is_in_whole_milliseconds_and_a_missing_one_a_dash() -> None:
    assert [figures.latency(41.6), figures.latency(0.0), figures.latency(None)] == [f"42{NN}ms", f"0{NN}ms", "–"]


def test_the_scale_turns_the_dot_red_left_of_the_bar() -> None:
    missed = figures.nines_scale(from_percent("99.9"), from_percent("99.95"), None)
    kept = figures.nines_scale(from_percent("99.99"), from_percent("99.95"), None)
    assert 'class="dot missed"' in missed
    assert 'class="dot"' in kept


def test_the_scale_keeps_what_is_beyond_its_ends_at_its_ends() -> None:
    shown = figures.nines_scale(Fraction(1), Fraction(1, 2), None, 142)
    assert 'class="dot" cx="138.0"' in shown
    assert 'class="owed" d="M4.0 1v12"' in shown


def test_status_shows_the_number_of_a_healthy_one_and_the_word_of_an_ill_one() -> None:
    well, ill = health.status("up", "41 ms"), health.status("down", "41 ms")
    assert '<span class="sr">up</span>41 ms' in well
    assert '<b class="c-down">down</b>' in ill
    assert "41 ms" not in ill


def test_strip_draws_each_status_at_its_own_height() -> None:
    flips = [
        Flip(NOW - timedelta(hours=12), Status.UP),
        Flip(NOW - timedelta(hours=6), Status.DOWN),
        Flip(NOW - timedelta(hours=3), Status.DEGRADED),
    ]
    assert health.strip24(flips, NOW, 96).split(">", 1)[1] == (
        '<rect x="0.0" y="12" width="48.0" height="4" class="s-unknown"></rect>'
        '<rect x="48.0" y="12" width="24.0" height="4" class="s-up"></rect>'
        '<rect x="84.0" y="7" width="12.0" height="9" class="s-degraded"></rect>'
        '<rect x="72.0" y="0" width="12.0" height="16" class="s-down"></rect></svg>'
    )


def test_strip_says_in_words_what_it_draws() -> None:
    flips = [Flip(NOW - timedelta(days=9), Status.UP), Flip(NOW - timedelta(minutes=16), Status.DOWN)]
    assert health.summary24(flips, NOW) == f"last 24 h: down 16{NN}min"
    assert health.summary24(flips[:1], NOW) == "last 24 h: up"


def test_a_minute_of_trouble_is_wide_enough_to_be_seen() -> None:
    flips = [Flip(NOW - timedelta(days=9), Status.UP), Flip(NOW - timedelta(seconds=20), Status.DOWN)]
    assert 'x="70.5" y="0" width="1.5" height="16" class="s-down"' in health.strip24(flips, NOW)


def test_times_carry_the_whole_moment_in_utc() -> None:
    assert times.clock(NOW - timedelta(minutes=15), NOW) == (
        '<time datetime="2026-11-24T12:03:30+00:00" title="2026-11-24 12:03:30 UTC" data-clock="minutes">'
        "12:03 UTC</time>"
    )
    assert ">23 Nov 12:18:30 UTC<" in times.clock(NOW - timedelta(days=1), NOW, True)
    assert times.since(None, NOW) == ""
    assert times.clock(None, NOW) == "–"


def test_ages_change_by_the_minute_so_that_an_unchanged_page_stays_unchanged() -> None:
    started = NOW - timedelta(minutes=18, seconds=12)
    assert times.age(started, NOW) == times.age(started, NOW + timedelta(seconds=40))
    assert f">18{NN}min<" in times.age(started, NOW)
    assert f">&lt;{NN}1{NN}min<" in times.age(NOW, NOW)


def test_words_in_a_sentence_are_escaped() -> None:
    template = Template("{% load times %}{% parts said now %}")
    said = ("<b>", times.Link("<i>", "/x?a=1&b=2"), times.Strong("<u>"))
    assert template.render(Context({"said": said, "now": NOW})) == (
        '&lt;b&gt;<a href="/x?a=1&amp;b=2">&lt;i&gt;</a><b>&lt;u&gt;</b>'
    )
