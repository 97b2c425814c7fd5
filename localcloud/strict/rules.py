"""The table of rules that the strict layer consults, by service and action.

A rule module registers its functions here when it is imported; `strict.refuse` and `strict.amend` look them up for each
call. A rule reads ministack's state and says no; at most it brings up to date what has become due.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from localcloud.call import Answer, Call

ANY = "*"


@dataclass(frozen=True)
class Refusal:
    """What AWS answers instead; several messages are Route 53's list for one batch."""

    code: str
    message: str | tuple[str, ...]
    status: int = 400


Rule = Callable[[Call], Refusal | Answer | None]
Amendment = Callable[[Call, Answer], Answer]

RULES: dict[tuple[str, str], list[Rule]] = {}
AMENDMENTS: dict[tuple[str, str], list[Amendment]] = {}
PAGES: dict[str, str] = {}  # rule's name → the AWS page that it stands on


def rule(service: str, *actions: str, page: str) -> Callable[[Rule], Rule]:
    """Register a rule for these actions of a service (`ANY` for all), with the AWS page that says so."""

    def register(function: Rule) -> Rule:
        for action in actions:
            RULES.setdefault((service, action), []).append(function)
        PAGES[f"{function.__module__}.{function.__name__}"] = page
        return function

    return register


def amendment(service: str, *actions: str) -> Callable[[Amendment], Amendment]:
    """Register a function that sees, and may replace, ministack's answers to these actions."""

    def register(function: Amendment) -> Amendment:
        for action in actions:
            AMENDMENTS.setdefault((service, action), []).append(function)
        return function

    return register


def rules_for(call: Call) -> list[Rule]:
    """General rules first, then the service's, then the action's."""
    return [
        found for key in ((ANY, ANY), (call.service, ANY), (call.service, call.action)) for found in RULES.get(key, ())
    ]


def with_json(answer: Answer, value: dict[str, Any]) -> Answer:
    """The answer with another JSON body; checksum headers of the old body are dropped."""
    body = json.dumps(value).encode()
    dropped = (b"content-length", b"x-amz-crc32")
    headers = [(name, held) for name, held in answer.headers if name.lower() not in dropped]
    return replace(answer, headers=[*headers, (b"content-length", str(len(body)).encode())], body=body)
