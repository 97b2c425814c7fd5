"""What keeps people safe: plans that were kept to be signed, the stop button, and drift that was found."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q

from deployments.models.record import Operation, Stack


class SavedPlan(models.Model):
    """One plan as somebody saw it. Deploying it is refused where desire or world have moved since.

    document   the manifest that it plans, in its canonical form; None: destroying
    digest     over everything that it would change, the consent included
    body       what the API tells of it: changes, waiting, problems, guards, preflight, lines
    """

    service_name = models.CharField(max_length=40)
    account_name = models.CharField(max_length=40)
    document: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(null=True)
    consent: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    digest = models.CharField(max_length=64)
    body: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(get_user_model(), models.SET_NULL, null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        # the plans of a service, newest first; old ones are forgotten by age
        indexes = [
            models.Index(fields=["service_name", "-id"], name="saved_plan_by_service"),
            models.Index(fields=["created_at"], name="saved_plan_by_age"),
        ]

    def __str__(self) -> str:
        return f"plan {self.pk} of {self.service_name}"


class Pause(models.Model):
    """The stop button, pressed: no change is begun in AWS while this row stands; of one stack, or (None) of all."""

    stack = models.ForeignKey(Stack, models.CASCADE, null=True, blank=True, related_name="pauses")
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(get_user_model(), models.SET_NULL, null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stack"], nulls_distinct=False, name="pause_once")]

    def __str__(self) -> str:
        return f"{self.stack or 'everything'} is paused"


class DriftState(models.TextChoices):
    FOUND = "found", "found"
    REPAIRED = "repaired", "repaired"
    VANISHED = "vanished", "vanished"


class Drift(models.Model):
    """One difference between the world and the approved release that nobody asked for, from when it was found.

    action     what a repair would do: create, update, …; "" for a problem that only a person can mend
    waits_for  why it is not repaired by itself; "" where it is
    state      found; repaired (by an operation of ours); vanished (gone by itself, or by another release)
    """

    stack = models.ForeignKey(Stack, models.CASCADE, related_name="drift")
    kind = models.CharField(max_length=40)
    scope = models.CharField(max_length=25)
    name = models.CharField(max_length=400)
    action = models.CharField(max_length=10, blank=True)
    reason = models.CharField(max_length=300)
    diff: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)
    waits_for = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=DriftState.choices, default=DriftState.FOUND)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    operation = models.ForeignKey(Operation, models.SET_NULL, null=True, blank=True, related_name="repairs")

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "drift"
        constraints = [
            models.UniqueConstraint(
                fields=["stack", "kind", "scope", "name"], condition=Q(state="found"), name="drift_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.scope}): {self.reason}"
