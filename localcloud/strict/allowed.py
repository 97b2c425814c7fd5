"""May the caller do this? ministack asks before its own calls; a rule that answers in its place asks here."""

from __future__ import annotations

from ministack.core.iam_evaluator import AuthError, enforce

from localcloud.call import Call, access_key
from localcloud.strict.rules import Refusal


def denied(call: Call, resource: str = "*") -> Refusal | None:
    """The refusal of a role whose policies do not allow the call; None where they do, and for administrators."""
    action = f"{call.service}:{call.action}"
    found = enforce(access_key(call), action, call.service, call.region, resource_arn=resource)
    if found is None or isinstance(found, AuthError):
        return None
    message = f"User: {found.principal_arn} is not authorized to perform: {action} on resource: {resource}"
    return Refusal("AccessDenied" if call.service == "route53" else "AccessDeniedException", message, 403)
