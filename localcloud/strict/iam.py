"""IAM: names, sizes and documents of roles. Deletion conflicts and absent roles are ministack's own and right."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from ministack.services import iam as store

from localcloud.call import Answer, Call
from localcloud.strict.rules import Refusal, amendment, rule

_API = "https://docs.aws.amazon.com/IAM/latest/APIReference"
_QUOTAS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
_GRAMMAR = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"
_NAME = re.compile(r"[\w+=,.@-]+")
_MOST_INLINE = 10_240
_MOST_TRUST = 2_048


def _pattern(field: str, value: str) -> Refusal:
    return Refusal(
        "ValidationError", f"The specified value for {field} is invalid: {value!r}. It must contain only [\\w+=,.@-]."
    )


def _too_long(field: str, value: str, most: int) -> Refusal:
    return Refusal(
        "ValidationError",
        f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must have "
        f"length less than or equal to {most}",
    )


def _document(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) and value.get("Statement") else None


def _statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    held = document["Statement"]
    return held if isinstance(held, list) else [held]


@rule("iam", "CreateRole", page=f"{_API}/API_CreateRole.html")
def a_role_has_a_short_plain_name(call: Call) -> Refusal | None:
    """RoleName: letters, digits and `_+=,.@-`, at most 64."""
    name = call.params.get("RoleName", "")
    if len(name) > 64:
        return _too_long("roleName", name, 64)
    return None if _NAME.fullmatch(name) else _pattern("roleName", name)


@rule("iam", "PutRolePolicy", page=f"{_API}/API_PutRolePolicy.html")
def a_policy_has_a_short_plain_name(call: Call) -> Refusal | None:
    """PolicyName: letters, digits and `_+=,.@-`, at most 128."""
    name = call.params.get("PolicyName", "")
    if len(name) > 128:
        return _too_long("policyName", name, 128)
    return None if _NAME.fullmatch(name) else _pattern("policyName", name)


@rule("iam", "CreateRole", page=f"{_API}/API_CreateRole.html")
def a_roles_settings_are_in_range(call: Call) -> Refusal | None:
    """Description ≤ 1,000 characters, session 1–12 hours, at most 50 tags."""
    if len(call.params.get("Description", "")) > 1_000:
        return _too_long("description", "…", 1_000)
    session = str(call.params.get("MaxSessionDuration", 3_600))
    if not session.isdigit() or not 3_600 <= int(session) <= 43_200:
        return Refusal("ValidationError", f"MaxSessionDuration {session} is not between 3600 and 43200.")
    if len(call.params.get("Tags", [])) > 50:
        return Refusal("LimitExceeded", "Cannot exceed quota for TagsPerRole: 50", 409)
    return None


@rule("iam", "CreateRole", "UpdateAssumeRolePolicy", page=_GRAMMAR)
def a_trust_policy_names_who_may_assume(call: Call) -> Refusal | None:
    """A JSON document whose statements have Effect, Principal and an sts action, and no Resource."""
    field = "AssumeRolePolicyDocument" if call.action == "CreateRole" else "PolicyDocument"
    document = _document(call.params.get(field, ""))
    if document is None:
        return Refusal("MalformedPolicyDocument", "This policy contains invalid Json")
    for statement in _statements(document):
        if "Resource" in statement:
            return Refusal("MalformedPolicyDocument", "Has prohibited field Resource")
        if "Principal" not in statement:
            return Refusal("MalformedPolicyDocument", "Missing required field Principal")
        if statement.get("Effect") not in ("Allow", "Deny") or not (
            statement.get("Action") or "NotAction" in statement
        ):
            return Refusal("MalformedPolicyDocument", "Missing required field Effect or Action")
        actions = statement.get("Action", [])
        for action in [actions] if isinstance(actions, str) else actions:
            if not str(action).lower().startswith("sts:") and action != "*":
                return Refusal("MalformedPolicyDocument", "AssumeRole policy may only specify STS AssumeRole actions.")
    return None


@rule("iam", "CreateRole", "UpdateAssumeRolePolicy", page=_QUOTAS)
def a_trust_policy_is_small(call: Call) -> Refusal | None:
    """At most 2,048 characters, white space left out."""
    text = call.params.get("AssumeRolePolicyDocument") or call.params.get("PolicyDocument", "")
    if len(re.sub(r"\s", "", text)) > _MOST_TRUST:
        return Refusal("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {_MOST_TRUST}", 409)
    return None


@rule("iam", "PutRolePolicy", page=_GRAMMAR)
def an_inline_policy_is_well_formed(call: Call) -> Refusal | None:
    """A JSON document whose statements have Effect, Action and Resource, and no Principal."""
    if call.params.get("RoleName") not in store._roles:
        return None
    document = _document(call.params.get("PolicyDocument", ""))
    if document is None:
        return Refusal("MalformedPolicyDocument", "Syntax errors in policy.")
    for statement in _statements(document):
        if "Principal" in statement:
            return Refusal("MalformedPolicyDocument", "Policy document should not specify a principal.")
        if not statement.get("Resource") and "NotResource" not in statement:
            return Refusal("MalformedPolicyDocument", "Policy statement must contain resources.")
        if not statement.get("Action") and "NotAction" not in statement:
            return Refusal("MalformedPolicyDocument", "Policy statement must contain actions.")
        if statement.get("Effect") not in ("Allow", "Deny"):
            return Refusal("MalformedPolicyDocument", "Syntax errors in policy.")
    return None


@rule("iam", "PutRolePolicy", page=_QUOTAS)
def a_roles_inline_policies_are_small(call: Call) -> Refusal | None:
    """All inline policies of a role together have at most 10,240 characters, white space left out."""
    role = store._roles.get(call.params.get("RoleName", ""))
    if role is None:
        return None
    held = role["InlinePolicies"] | {call.params.get("PolicyName", ""): call.params.get("PolicyDocument", "")}
    size = sum(len(re.sub(r"\s", "", one if isinstance(one, str) else json.dumps(one))) for one in held.values())
    if size > _MOST_INLINE:
        return Refusal(
            "LimitExceeded", f"Maximum policy size of {_MOST_INLINE} bytes exceeded for role {role['RoleName']}", 409
        )
    return None


@rule("iam", "AttachRolePolicy", page=f"{_API}/API_AttachRolePolicy.html")
def an_attached_policy_exists(call: Call) -> Refusal | None:
    """A managed policy is there before a role gets it."""
    arn = call.params.get("PolicyArn", "")
    if store.policy_known(arn):
        return None
    return Refusal("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", 404)


@amendment("iam", "CreateRole")
def a_roles_birth_is_noted(call: Call, answer: Answer) -> Answer:
    """For the time in which Lambda can't yet assume it; CreateDate has whole seconds only."""
    role = store._roles.get(call.params.get("RoleName", ""))
    if role is not None and answer.status == 200:
        role["_created_s"] = time.time()
    return answer
