"""A question before a dangerous act: what it does, then a reason and a typed name. One page for all of them.

Decides nothing: the act itself is refused by its action, here only the answers are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse

from controlplane.dashboard.page import page
from deployments.actions.reason import LONGEST


@dataclass(frozen=True)
class Question:
    """typed: the name that must be typed, "" where none. facts: (what, value). diff: what it changes, as plans show it.
    keep: fields that the answer carries along. why: whether a reason is asked for."""

    title: str
    says: Sequence[str]
    button: str
    back: str
    typed: str = ""
    why: bool = True
    danger: bool = True
    facts: Sequence[tuple[str, str]] = ()
    diff: Sequence[Mapping[str, Any]] = ()
    keep: Mapping[str, str] = field(default_factory=dict)


def answered(request: HttpRequest, question: Question) -> bool:
    """Whether all that was asked for is there; the action itself judges the reason."""
    if request.method != "POST":
        return False
    return request.POST.get("typed", "") == question.typed and bool(reason(request) or not question.why)


def reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()[: LONGEST + 1]


def ask(request: HttpRequest, question: Question, *, section: str) -> HttpResponse:
    """The page; with what is wrong, where an answer was."""
    asked_again = request.method == "POST"
    typed = request.POST.get("typed", "")[:400]
    context = {
        "question": question,
        "typed": typed,
        "reason": reason(request),
        "longest": LONGEST,
        "mistyped": asked_again and typed != question.typed,
        "reasonless": asked_again and question.why and not reason(request),
    }
    return page(request, "dashboard/ask.html", context, section=section, status=400 if asked_again else 200)
