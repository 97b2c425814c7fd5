"""The approved: what a deploy froze. The world is compared with this, never with the draft."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import models


class Release(models.Model):
    """One manifest, approved at one time by one person; never changed, and kept after its service is gone.

    Of a foundation it is what the services of the account need of it (`routing.switches.Foundation`).
    """

    service_name = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    manifest: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    zone_id = models.CharField(max_length=40, blank=True, help_text="The hosted zone that its records go to.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(get_user_model(), models.SET_NULL, null=True, blank=True)

    class Meta:
        ordering = ["service_name", "-number"]
        constraints = [models.UniqueConstraint(fields=["service_name", "number"], name="release_number_once")]

    def __str__(self) -> str:
        return f"{self.service_name} r{self.number}"
