"""Where users may not go now: regions taken out of rotation."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q

from deployments.models.record import Stack
from regions.models import Account, Region


class Evacuation(models.Model):
    """A region out of rotation by its switches, since a person said so: for one service with switches of its own, or
    (stack None) for everything of an account there.

    switches      what is written in which bucket: [{"bucket", "region", "key", "written_at", "error"}, …]; one that is
                  not written (or, while restoring, not gone) is tried again until it is
    effective_at  when the first of them was written: from then on the switch's checks see it
    restoring_at  a person asked for the return; restored_at: all of them are gone
    ramp          the return in steps: {"steps": [10, 50], "hold_s": 300, "next_at": …}; {} at once
    override      the guards that a person overrode: {"guards": […], "reason": …, "by": …}
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="evacuations")
    region = models.ForeignKey(Region, models.PROTECT, related_name="evacuations")
    stack = models.ForeignKey(Stack, models.CASCADE, null=True, blank=True, related_name="evacuations")
    reason = models.CharField(max_length=300)
    switches: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)
    override: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(get_user_model(), models.SET_NULL, null=True, blank=True, related_name="+")
    effective_at = models.DateTimeField(null=True, blank=True)
    restore_reason = models.CharField(max_length=300, blank=True)
    restoring_at = models.DateTimeField(null=True, blank=True)
    restored_at = models.DateTimeField(null=True, blank=True)
    restored_by = models.ForeignKey(get_user_model(), models.SET_NULL, null=True, blank=True, related_name="+")
    ramp: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "region", "stack"],
                condition=Q(restored_at=None),
                nulls_distinct=False,
                name="evacuation_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.region} is evacuated for {self.stack or 'everything there'}"
