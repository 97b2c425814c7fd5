"""Every rule says what it holds, and on which AWS page."""

from __future__ import annotations

from localcloud import strict
from localcloud.strict import route53_batches, rules

strict.install()
FUNCTIONS = {function for held in rules.RULES.values() for function in held}


def test_every_rule_has_a_sentence_and_a_page() -> None:
    assert len(FUNCTIONS) > 60
    for function in FUNCTIONS:
        assert (function.__doc__ or "").strip(), function
        assert rules.PAGES[f"{function.__module__}.{function.__name__}"].startswith("https://docs.aws.amazon.com/")


def test_every_check_of_a_batch_has_its_page() -> None:
    for check in route53_batches.CHECKS:
        assert (check.__doc__ or "").startswith("https://docs.aws.amazon.com/"), check
