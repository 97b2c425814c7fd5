"""A plan as lines for people and as JSON for programs. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from deployments.plan.model import Action, Change, Plan, Ref, Waiting

SIGN = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.DELETE: "−",
    Action.RETAIN: "=",
    Action.FORGET: "·",
}


def lines(plan: Plan) -> list[str]:
    """A summary, then a line a change with its differences below, then what is under way and what stops us."""
    if plan.empty:
        return ["No changes: everything is as it should be."]
    return [summary(plan), *_changes(plan), *_underway(plan), *_problems(plan)]


def summary(plan: Plan) -> str:
    counts = {action: sum(change.action is action for change in plan.changes) for action in Action}
    return ", ".join(f"{count} to {action}" for action, count in counts.items() if count) or "nothing to change"


def waiting_text(waiting: Waiting) -> str:
    """ "waits for … of …" in the words of an operator."""
    what = f"{waiting.ref.kind} {waiting.ref.name} ({waiting.ref.scope}) " if waiting.ref else ""
    attribute = f"{waiting.attribute} of " if waiting.attribute else ""
    until = f", until {datetime.fromtimestamp(waiting.until, UTC):%H:%M:%S} UTC" if waiting.until else ""
    return f"{attribute}{what}{waiting.why}{until}"


def as_json(plan: Plan) -> dict[str, Any]:
    """The shape of the REST API."""
    return {
        "changes": [change_json(change) for change in plan.changes],
        "waiting": [
            *({**ref_json(ref), "why": waiting_text(waiting), "on": []} for ref, waiting in plan.underway),
            *(
                {
                    **ref_json(change.ref),
                    "why": "; ".join(waiting_text(w) for w in change.waiting),
                    "on": [ref_json(ref) for ref in dict.fromkeys(w.ref for w in change.waiting if w.ref)],
                }
                for change in plan.changes
                if change.waiting
            ),
        ],
        "problems": [
            {**ref_json(problem.ref), "code": problem.code, "message": problem.message, "mend": problem.mend}
            for problem in plan.problems
        ],
    }


def change_json(change: Change) -> dict[str, Any]:
    return {
        "action": change.action.value,
        **ref_json(change.ref),
        "reason": change.reason,
        "diff": [{"path": d.path, "before": d.before, "after": d.after} for d in change.differences],
    }


def ref_json(ref: Ref) -> dict[str, str]:
    return {"kind": ref.kind, "region": ref.scope, "name": ref.name}


def _changes(plan: Plan) -> Iterator[str]:
    for change in plan.changes:
        yield f"{SIGN[change.action]} {change.ref.scope:<16} {change.ref.kind:<26} {change.ref.name}  ({change.reason})"
        for difference in change.differences:
            yield f"    {difference.path}: {_short(difference.before)} → {_short(difference.after)}"


def _underway(plan: Plan) -> Iterator[str]:
    for ref, waiting in plan.underway:
        yield f"… {ref.scope:<16} {ref.kind:<26} {ref.name}  ({waiting.why})"


def _problems(plan: Plan) -> Iterator[str]:
    for problem in plan.problems:
        yield f"! {problem.ref.scope:<16} {problem.ref.kind:<26} {problem.ref.name}  {problem.message}. {problem.mend}"


def _short(value: Any, most: int = 100) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return text if len(text) <= most else text[: most - 1] + "…"
