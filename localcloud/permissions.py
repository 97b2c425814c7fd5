"""May API Gateway invoke this function? Read from the function's resource policy. Pure.

Source: Lambda Developer Guide, "Granting function access to AWS services": without a statement for the very alias
that is invoked, API Gateway answers 500.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

GATEWAY = "apigateway.amazonaws.com"


def gateway_may_invoke(policy: Mapping[str, Any], *, resource: str, source_arn: str, account: str) -> bool:
    """`resource` is the function's ARN with the alias that is invoked; `source_arn` the route's execute-api ARN."""
    statements = [
        statement
        for statement in policy.get("Statement", [])
        if statement.get("Resource") == resource and _applies(statement, source_arn, account)
    ]
    effects = {statement.get("Effect") for statement in statements}
    return "Allow" in effects and "Deny" not in effects


def _applies(statement: Mapping[str, Any], source_arn: str, account: str) -> bool:
    principal = statement.get("Principal")
    service = principal.get("Service") if isinstance(principal, dict) else principal
    if service not in (GATEWAY, "*") or statement.get("Action") not in ("lambda:InvokeFunction", "lambda:*", "*"):
        return False
    facts = {"aws:sourcearn": source_arn, "aws:sourceaccount": account}
    for operator, conditions in (statement.get("Condition") or {}).items():
        for key, wanted in conditions.items():
            have = facts.get(key.lower())
            patterns = wanted if isinstance(wanted, list) else [wanted]
            if have is None or not any(_meets(operator, have, pattern) for pattern in patterns):
                return False
    return True


def _meets(operator: str, have: str, pattern: str) -> bool:
    if operator in ("ArnLike", "ArnEquals", "StringLike"):
        return fnmatchcase(have, pattern.replace("[", "[[]"))
    return operator == "StringEquals" and have == pattern
