"""Which tables are watched, as one literal list: what a row is called, which columns count, what is never shown. Pure.

    table → noun and verbs → the action of an entry ("component.changed"; with `state` "operation.succeeded")
    about → name, service and account of an entry, told by joins from the row (`r`) that changed

Migrations turn this list into triggers (`triggers.py`): whoever changes it adds one that installs them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SECRET_KEYS = ("environment",)
"""Below these keys of JSON columns, values are not shown; the keys are."""

CLOCK = ("created_at", "updated_at")

# What `about` joins by; each begins at the row `r`.
_SERVICE = "LEFT JOIN deployments_service s ON s.id = r.service_id LEFT JOIN regions_account a ON a.id = s.account_id"
_STACK = "LEFT JOIN deployments_stack s ON s.id = r.stack_id LEFT JOIN regions_account a ON a.id = s.account_id"
_ACCOUNT = "LEFT JOIN regions_account a ON a.id = r.account_id"
_USER = "LEFT JOIN auth_user u ON u.id = r.user_id"
_PERMISSION = (
    "LEFT JOIN auth_permission p ON p.id = r.permission_id LEFT JOIN django_content_type c ON c.id = p.content_type_id"
)


@dataclass(frozen=True)
class About:
    """SQL over the row `r`: what people call it, and which service and account it concerns."""

    name: str
    service: str = "''"
    account: str = "''"
    joins: str = ""
    noun: str = ""
    """Where the noun depends on the row."""


@dataclass(frozen=True)
class Watched:
    """One table.

    insert, update, delete   the verbs; "" where such a change is nothing to tell
    state     the column that is the verb, when it is new or changes
    marks     column → verb, when it becomes true or is set
    only      the columns that count; () for all but `ignored`
    ignored   columns that are neither counted nor shown
    hidden    columns that are counted and not shown
    when      event → SQL that must hold of OLD and NEW, for tables that are written often
    """

    table: str
    noun: str
    about: About
    insert: str = "created"
    update: str = "changed"
    delete: str = "deleted"
    state: str = ""
    marks: Mapping[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    when: Mapping[str, str] = field(default_factory=dict)


# States of the inventory that a person decided on, or must: the rest is the engine's daily work.
_KEPT = "IN ('retained', 'adopted')"
_BY_A_PERSON = "COALESCE(current_setting('audit.context', true), '') <> ''"

WATCHED = (
    # the desire
    Watched(
        "deployments_service",
        "service",
        About("r.name", "r.name", "a.name", _ACCOUNT),
        ignored=(*CLOCK, "revision"),
    ),
    Watched(
        "deployments_component",
        "component",
        About("r.kind || ' ' || r.name", "s.name", "a.name", _SERVICE),
    ),
    Watched(
        "deployments_placement",
        "placement",
        About(
            "s.name || ' in ' || g.code",
            "s.name",
            "a.name",
            f"{_SERVICE} LEFT JOIN regions_region g ON g.id = r.region_id",
        ),
    ),
    Watched(
        "deployments_artifact",
        "artifact",
        About("'sha256:' || left(r.sha256, 12)", "s.name", "a.name", _SERVICE),
        insert="uploaded",
        ignored=("uploaded_at", "names"),
    ),
    # the approved
    Watched(
        "deployments_release",
        "release",
        About(
            "r.service_name || ' r' || r.number",
            "r.service_name",
            "a.name",
            "LEFT JOIN deployments_service s ON s.name = r.service_name "
            "LEFT JOIN regions_account a ON a.id = s.account_id",
        ),
        insert="approved",
        ignored=CLOCK,
        hidden=("manifest",),
    ),
    Watched(
        "deployments_savedplan",
        "plan",
        About("'plan ' || r.id || ' of ' || r.service_name", "r.service_name", "r.account_name"),
        insert="saved",
        delete="",  # forgotten by age
        ignored=CLOCK,
        hidden=("document", "body"),
    ),
    # what was done about it
    Watched(
        "deployments_operation",
        "operation",
        About("r.title", "s.name", "a.name", _STACK),
        state="status",
        marks={"cancel_requested": "cancel_requested"},
        ignored=(*CLOCK, "started_at", "finished_at", "rollout"),
    ),
    Watched(
        "deployments_pause",
        "service",
        About(
            "COALESCE(s.name, 'everything')",
            "s.name",
            "a.name",
            _STACK,
            noun="CASE WHEN r.stack_id IS NULL THEN 'everything' ELSE 'service' END",
        ),
        insert="paused",
        update="pause_changed",
        delete="resumed",
        ignored=CLOCK,
    ),
    Watched(
        "deployments_drift",
        "drift",
        About("r.kind || ' ' || r.name || ' (' || r.scope || ')'", "s.name", "a.name", _STACK),
        state="state",
        ignored=("found_at", "seen_at", "ended_at"),
        hidden=("diff",),
    ),
    Watched(
        "deployments_resource",
        "resource",
        About("r.kind || ' ' || r.name || ' (' || r.scope || ')'", "s.name", "a.name", _STACK),
        delete="forgotten",
        state="state",
        only=("kind", "scope", "name", "state", "physical_id"),
        when={
            "INSERT": f"NEW.state {_KEPT}",
            "UPDATE": f"OLD.state <> NEW.state AND (OLD.state {_KEPT} OR NEW.state {_KEPT})",
            "DELETE": f"OLD.state {_KEPT} OR {_BY_A_PERSON}",
        },
    ),
    Watched(
        "deployments_evacuation",
        "region",
        About(
            "g.code || ' for ' || COALESCE(s.name, 'everything there')",
            "s.name",
            "a.name",
            "LEFT JOIN deployments_stack s ON s.id = r.stack_id LEFT JOIN regions_account a ON a.id = r.account_id "
            "LEFT JOIN regions_region g ON g.id = r.region_id",
        ),
        insert="evacuated",
        update="evacuation_changed",
        delete="",  # goes with its account
        marks={"restoring_at": "restoring", "restored_at": "restored"},
        only=(
            "account_id",
            "region_id",
            "stack_id",
            "reason",
            "override",
            "restore_reason",
            "restoring_at",
            "restored_at",
        ),
    ),
    # where
    Watched(
        "regions_account",
        "account",
        About("r.name", account="r.name"),
        ignored=("synced_at",),
        hidden=("external_id",),
    ),
    Watched("regions_region", "region", About("r.code")),
    Watched(
        "regions_accountregion",
        "account_region",
        About(
            "a.name || ' ' || g.code",
            account="a.name",
            joins=f"{_ACCOUNT} LEFT JOIN regions_region g ON g.id = r.region_id",
        ),
        delete="",  # goes with its account
        only=("https_address", "http_url"),
        when={"INSERT": "NEW.https_address <> '' OR NEW.http_url <> ''"},
    ),
    Watched(
        "regions_endpoint",
        "endpoint",
        About(
            "r.name || ' ' || g.code",
            account="a.name",
            joins=f"{_ACCOUNT} LEFT JOIN regions_region g ON g.id = r.region_id",
        ),
        only=(
            *("region_id", "account_id", "name", "url", "connect_to", "interval_s", "failure_threshold", "timeout_s"),
            *("latency_objective_ms", "enabled"),
        ),
    ),
    # who
    Watched(
        "deployments_grant",
        "grant",
        About(
            "u.username || ': ' || g.name || ' of ' || COALESCE(s.name, a.name)",
            "s.name",
            "COALESCE(a.name, o.name)",
            f"{_USER} LEFT JOIN auth_group g ON g.id = r.role_id LEFT JOIN regions_account a ON a.id = r.account_id "
            "LEFT JOIN deployments_service s ON s.id = r.service_id "
            "LEFT JOIN regions_account o ON o.id = s.account_id",
        ),
        insert="given",
        delete="taken",
    ),
    Watched(
        "controlplane_token",
        "token",
        About("r.name || ' of ' || u.username", joins=_USER),
        insert="issued",
        marks={"revoked_at": "revoked"},
        ignored=(*CLOCK, "last_used_at"),
        hidden=("digest",),
    ),
    Watched("auth_user", "user", About("r.username"), ignored=("last_login", "date_joined"), hidden=("password",)),
    Watched("auth_group", "group", About("r.name")),
    Watched(
        "auth_user_groups",
        "membership",
        About("u.username || ' in ' || g.name", joins=f"{_USER} LEFT JOIN auth_group g ON g.id = r.group_id"),
        insert="given",
        delete="taken",
    ),
    Watched(
        "auth_user_user_permissions",
        "permission",
        About("u.username || ': ' || c.app_label || '.' || p.codename", joins=f"{_USER} {_PERMISSION}"),
        insert="given",
        delete="taken",
    ),
    Watched(
        "auth_group_permissions",
        "permission",
        About(
            "'group ' || g.name || ': ' || c.app_label || '.' || p.codename",
            joins=f"LEFT JOIN auth_group g ON g.id = r.group_id {_PERMISSION}",
        ),
        insert="given",
        delete="taken",
    ),
)

UNWATCHED = {
    "audit_entry": "the log itself: it refuses changes",
    "controlplane_answer": "answers kept for a day, so that a request sent twice is done once",
    "deployments_hostnameowner": "generations of owner records: the engine's fence",
    "deployments_installation": "one row, made with the installation and never changed",
    "deployments_lease": "who works on something now: renewed each 5 s",
    "deployments_replica": "follows the inventory",
    "deployments_stack": "the engine's diary; what people do to it are operations, pauses and releases",
    "deployments_step": "the journal: it is a log, and as long as it is written at all, deploys wait for it",
    "regions_flip": "verdicts on health, a log of their own",
    "regions_hostedzone": "read from AWS by sync",
    "regions_zone": "read from AWS by sync",
}
"""Tables of ours that nobody's change is told of, and why."""


def actions() -> tuple[str, ...]:
    """The actions that rows' changes are told as, in the order of the list; states come from the rows themselves."""
    told = (
        f"{watched.noun}.{verb}"
        for watched in WATCHED
        for verb in (watched.insert, watched.update, watched.delete, *watched.marks.values())
        if verb
    )
    return tuple(dict.fromkeys(told))
