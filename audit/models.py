"""The audit log: one row a change. Rows come from triggers of the database and from `record`; none is ever changed."""

from __future__ import annotations

from typing import Any

from django.db import models


class Entry(models.Model):
    """One thing that happened: who, when, from where, what it was before and after.

    action      "<what>.<did>": service.changed, operation.succeeded, drift.found, region.evacuated
    actor       who, as it was written then: it stays when the user is gone. "" where nobody said
    via         api, page, admin, command, worker; "database" where the row was changed past all of our doors, by the
                `actor` that connected
    about       kind and key of the row: ("deployments_service", "12"); `name` is what people call it
    service, account   which service and account it concerns, "" where none: what may be seen is scoped by them
    before, after      the columns that changed, without secrets; of a new or deleted row those that say something
    details     what else is known: a reason, the token that was used
    """

    at = models.DateTimeField(db_index=True)
    action = models.CharField(max_length=60)
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=160, blank=True)
    via = models.CharField(max_length=20)
    address = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    table = models.CharField(max_length=63, blank=True)
    key = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=400, blank=True)
    service = models.CharField(max_length=60, blank=True)
    account = models.CharField(max_length=40, blank=True)
    before: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(null=True)
    after: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(null=True)
    details: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "entries"
        # who looks at one service or account, at one kind of action or one person, reads the newest first
        indexes = [
            models.Index(fields=["service", "-id"], name="audit_by_service"),
            models.Index(fields=["action", "-id"], name="audit_by_action"),
            models.Index(fields=["account", "-id"], name="audit_by_account"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["request_id"], condition=~models.Q(request_id=""), name="audit_by_request"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.name}"
