"""Refuses what AWS refuses and ministack accepts, and gives back what it loses.

The gate calls `refuse` before ministack sees a call and `amend` on its answer. Each rule is a function in the file of
its service (`route53_records.py`, `acm.py`, …), found by service and action. `install` patches ministack in process
where a refusal at the edge is not enough. Nothing here serves, routes or waits.
"""

from __future__ import annotations

import importlib
import pkgutil

from ministack.core.responses import request_scope

from localcloud.call import Answer, Call, error
from localcloud.strict import rules

_installed = False


def install() -> None:
    """Load every rule and patch ministack, once a process, before it serves."""
    global _installed
    if _installed:
        return
    _installed = True
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
        loaded = importlib.import_module(f"{__name__}.{module}")
        if hasattr(loaded, "patch"):
            loaded.patch()


async def refuse(call: Call) -> Answer | None:
    """The answer that AWS would give instead of doing it, None where it would do it."""
    with request_scope(call.account, call.region):
        for rule in rules.rules_for(call):
            found = rule(call)
            if isinstance(found, rules.Refusal):
                return error(call, found.code, found.message, found.status)
            if found is not None:
                return found
    return None


async def amend(call: Call, answer: Answer) -> Answer:
    """ministack's answer as AWS would give it."""
    amendments = rules.AMENDMENTS.get((call.service, call.action))
    if amendments:
        with request_scope(call.account, call.region):
            for change in amendments:
                answer = change(call, answer)
    return answer
