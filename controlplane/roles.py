"""The three roles, as Django groups: made and kept at each migration. What each may do is this table and nothing else.

viewer    looks
operator  looks, edits drafts, acts (plan, deploy, pause, adopt, …)
admin     all of that, overrides safety guards, and says who and where: accounts, regions, grants, tokens, users

A role everywhere is membership in its group; in one account or for one service it is a Grant of the group.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, Permission

VIEWER = (
    "audit.view_entry",
    "deployments.view_artifact",
    "deployments.view_component",
    "deployments.view_drift",
    "deployments.view_operation",
    "deployments.view_pause",
    "deployments.view_placement",
    "deployments.view_release",
    "deployments.view_replica",
    "deployments.view_resource",
    "deployments.view_savedplan",
    "deployments.view_service",
    "deployments.view_stack",
    "deployments.view_step",
    "regions.view_account",
    "regions.view_accountregion",
    "regions.view_endpoint",
    "regions.view_flip",
    "regions.view_hostedzone",
    "regions.view_region",
    "regions.view_zone",
)
OPERATOR = (
    *VIEWER,
    "deployments.operate",
    "deployments.add_artifact",
    "deployments.add_component",
    "deployments.add_placement",
    "deployments.add_service",
    "deployments.change_component",
    "deployments.change_placement",
    "deployments.change_service",
    "deployments.delete_component",
    "deployments.delete_placement",
    "regions.add_endpoint",
    "regions.change_endpoint",
    "regions.delete_endpoint",
)
ADMIN = (
    *OPERATOR,
    "deployments.override_guards",
    "deployments.add_grant",
    "deployments.change_grant",
    "deployments.delete_grant",
    "deployments.view_grant",
    "regions.add_account",
    "regions.change_account",
    "regions.delete_account",
    "regions.add_region",
    "regions.change_region",
    "regions.delete_region",
    "auth.add_user",
    "auth.change_user",
    "auth.delete_user",
    "auth.view_user",
    "auth.add_group",
    "auth.change_group",
    "auth.delete_group",
    "auth.view_group",
    "controlplane.add_token",
    "controlplane.delete_token",
    "controlplane.view_token",
)
ROLES = {"viewer": VIEWER, "operator": OPERATOR, "admin": ADMIN}


def keep(**_: Any) -> None:
    """Make the groups, and give each exactly its permissions. Asks twice and writes nothing where they are so."""
    known = {
        f"{app}.{codename}": pk
        for pk, app, codename in Permission.objects.values_list("pk", "content_type__app_label", "codename")
    }
    for name, permissions in ROLES.items():
        group, _created = Group.objects.get_or_create(name=name)
        wanted = set(_keys(permissions, known))
        if set(group.permissions.values_list("pk", flat=True)) != wanted:
            group.permissions.set(wanted)


def _keys(permissions: Iterable[str], known: dict[str, int]) -> Iterable[int]:
    """Half-way through the migrations some of them don't exist yet; the last pass has them all."""
    return (known[permission] for permission in permissions if permission in known)
