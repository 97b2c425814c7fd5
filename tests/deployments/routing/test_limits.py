"""Batches stay within what Route 53 takes, sets that must change at once stay whole, and what fits in none is named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deployments.plan.model import Action, Change, Ref
from deployments.routing.limits import MOST_CHARACTERS, MOST_ELEMENTS, Weight, cut, weigh


def change(name: str, *values: str, action: Action = Action.CREATE, atomic: str | None = None) -> Change:
    record = {"name": name, "type": "TXT", "values": list(values) or None}
    before = {} if action is Action.CREATE else record
    return Change(Ref("kv", "route53_record", "global", name), action, "", params=record, before=before, atomic=atomic)


def test_an_update_counts_what_was_and_what_is_wanted() -> None:
    assert weigh(change("a", "12345", "678")) == Weight(2, 8)
    assert weigh(change("a", "12345", "678", action=Action.UPDATE)) == Weight(4, 16)
    assert weigh(change("alias")) == Weight(1, 0)


def test_what_does_not_fit_waits_for_the_next_batch() -> None:
    """1,000 elements with those of the owner record: 998 of ours."""
    many = [change(f"n{number}") for number in range(1_500)]
    assert cut(many).batch == tuple(many[: MOST_ELEMENTS - 2])
    long = [change(name, "x" * 20_000) for name in ("a", "b")]
    assert cut(long) == cut(long[:1])


def test_a_record_that_no_batch_takes_is_named_and_the_others_go() -> None:
    guilty, innocent = change("guilty", "x" * (MOST_CHARACTERS + 1)), change("innocent", "x")
    result = cut([guilty, innocent])
    assert result.batch == (innocent,)
    assert [beyond.changes for beyond in result.beyond] == [(guilty,)]
    assert result.beyond[0].message == "guilty holds 32,001 characters in 1 record, more than one batch takes"
    assert "Shorten its value" in result.beyond[0].mend


def test_a_set_that_must_change_at_once_and_can_t_is_refused_whole() -> None:
    whole = [change(f"n{number}", atomic="kv A") for number in range(1_000)]
    result = cut(whole)
    assert result.batch == ()
    assert result.beyond[0].changes == tuple(whole)
    assert "change its policy" in result.beyond[0].mend


@given(
    st.lists(
        st.tuples(st.integers(0, 40_000), st.sampled_from([None, None, "one A", "two A"]), st.sampled_from(Action)),
        max_size=40,
    )
)
def test_batch_after_batch_everything_goes_once(drawn: list[tuple[int, str | None, Action]]) -> None:
    calls = (Action.CREATE, Action.UPDATE, Action.DELETE)
    left = [
        change(str(number), "x" * size, action=action if action in calls else Action.CREATE, atomic=atomic)
        for number, (size, atomic, action) in enumerate(drawn)
    ]
    beyond = {each.ref for found in cut(left).beyond for each in found.changes}
    left = [each for each in left if each.ref not in beyond]
    while left:
        batch = cut(left).batch
        assert batch
        weights = [weigh(each) for each in batch]
        assert sum(weight.elements for weight in weights) <= MOST_ELEMENTS
        assert sum(weight.characters for weight in weights) <= MOST_CHARACTERS
        rest = [each for each in left if each not in batch]
        assert not {each.atomic for each in batch if each.atomic} & {each.atomic for each in rest if each.atomic}
        left = rest
