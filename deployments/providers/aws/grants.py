"""What a kind needs its account's role to be allowed, and on what: the lines of which `policy.py` makes a policy. Pure.

What a name can narrow, a name narrows: our names begin with their service's. What has no name of its own is narrowed by
our mark where AWS looks at tags (Service Authorization Reference, "Actions, resources, and condition keys", a page for
each service), and is open where it looks at neither.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Grant:
    """Some actions on some things.

    on       ARN patterns; {account} is the account's id, {service}-* a name of ours, {zone} a hosted zone's id
    marked   only in requests that carry our mark among their tags
    ours     only on what carries our mark; left out where a service's name says it already
    when     further conditions: key and value
    inside   AWS checks it inside calls of other names: no call of ours bears its name
    """

    actions: frozenset[str]
    on: tuple[str, ...] = ("*",)
    marked: bool = False
    ours: bool = False
    when: tuple[tuple[str, str], ...] = ()
    inside: bool = False


def grant(
    *actions: str,
    on: str | tuple[str, ...] = "*",
    marked: bool = False,
    ours: bool = False,
    when: tuple[tuple[str, str], ...] = (),
    inside: bool = False,
) -> Grant:
    patterns = (on,) if isinstance(on, str) else on
    return Grant(frozenset(actions), patterns, marked, ours, when, inside)


def service_linked_role(principal: str, name: str) -> Grant:
    """The role that AWS makes for a service of its own at the first use in an account (IAM User Guide,
    "Service-linked roles")."""
    return grant(
        "iam:CreateServiceLinkedRole",
        on=f"arn:aws:iam::{{account}}:role/aws-service-role/{principal}/{name}",
        when=(("iam:AWSServiceName", principal),),
        inside=True,
    )
