"""Injected faults: what should go wrong with the next matching call. Decides; the gate carries out."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from localcloud.call import Answer, Call, error

When = Literal["before", "after"]
Deed = Literal["hang", "drop", "throttle", "error"]

# What each service says when it throttles: (code, HTTP status), from "Common errors" of its API reference.
THROTTLES = {
    "lambda": ("TooManyRequestsException", 429),
    "apigateway": ("TooManyRequestsException", 429),
    "apigatewayv2": ("TooManyRequestsException", 429),
    "ec2": ("RequestLimitExceeded", 503),
    "s3": ("SlowDown", 503),
    "iam": ("Throttling", 400),
    "sts": ("Throttling", 400),
    "route53": ("Throttling", 400),
}
OTHER_THROTTLE = ("ThrottlingException", 400)


class FaultError(ValueError):
    """A fault that was described wrongly; the message says how."""


@dataclass(frozen=True)
class Rule:
    """Which calls, and what to do with them; None matches all. `drop` after: executed, and the answer never comes."""

    do: Deed
    when: When = "before"
    action: str | None = None
    service: str | None = None
    region: str | None = None
    account: str | None = None
    match: str | None = None
    code: str | None = None
    status: int = 500
    times: int | None = 1

    def matches(self, call: Call) -> bool:
        return (
            self.action in (None, call.action)
            and self.service in (None, call.service)
            and self.region in (None, call.region)
            and self.account in (None, call.account)
            and (self.match is None or self.match in call.path or self.match.encode() in call.body)
        )


class Fault:
    """A rule at work: how often it hit, and how many calls it holds now."""

    def __init__(self, number: int, rule: Rule) -> None:
        self.number = number
        self.rule = rule
        self.hits = 0
        self.holding = 0
        self.released = asyncio.Event()

    def describe(self) -> dict[str, Any]:
        return {"id": self.number, **asdict(self.rule), "hits": self.hits, "holding": self.holding}

    def refusal(self, call: Call) -> Answer:
        """The error that the call gets, in its service's wire format."""
        if self.rule.do == "throttle":
            code, status = THROTTLES.get(call.service, OTHER_THROTTLE)
            return error(call, self.rule.code or code, "Rate exceeded", status)
        return error(call, self.rule.code or "InternalFailure", "Injected by a fault.", self.rule.status)


class Faults:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._faults: dict[int, Fault] = {}

    def add(self, described: Mapping[str, Any]) -> Fault:
        """A new fault from JSON; FaultError where it names something unknown."""
        fields = Rule.__dataclass_fields__
        if unknown := set(described) - set(fields):
            raise FaultError(f"unknown: {', '.join(sorted(unknown))}; a fault has {', '.join(fields)}")
        if described.get("do") not in get_args(Deed):
            raise FaultError(f"`do` must be one of {', '.join(get_args(Deed))}")
        if described.get("when", "before") not in get_args(When):
            raise FaultError("`when` must be before or after")
        for name, value in described.items():
            kinds = (int,) if name in ("status", "times") else (str,)
            if value is not None and not (isinstance(value, kinds) and not isinstance(value, bool)):
                raise FaultError(f"`{name}` must be {'a number' if int in kinds else 'a text'}")
        given = {name: value for name, value in described.items() if value is not None or name == "times"}
        fault = Fault(next(self._numbers), Rule(**given))
        self._faults[fault.number] = fault
        return fault

    def hit(self, call: Call, when: When) -> Fault | None:
        """The first fault that strikes this call now; counts it."""
        for fault in self._faults.values():
            left = fault.rule.times is None or fault.hits < fault.rule.times
            if left and fault.rule.when == when and fault.rule.matches(call):
                fault.hits += 1
                return fault
        return None

    def describe(self) -> list[dict[str, Any]]:
        return [fault.describe() for fault in self._faults.values()]

    def clear(self, number: int | None = None) -> None:
        """Remove one fault or all, and let go of the calls that they hold."""
        for gone in [number] if number is not None else list(self._faults):
            if fault := self._faults.pop(gone, None):
                fault.released.set()
