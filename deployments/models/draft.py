"""The draft: what people edit. Editing never calls AWS; deploying freezes it as a Release."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from regions.models import Account, Region

NAME = RegexValidator(r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", "lower-case letters, digits and hyphens, at most 40")


class Service(models.Model):
    """One service as it should be: what its manifest says beside components and regions.

    `revision` grows with every edit, of the components and placements too: it is the ETag of the draft.
    """

    name = models.CharField(max_length=40, unique=True, validators=[NAME])
    account = models.ForeignKey(Account, models.PROTECT, related_name="services")
    hostname = models.CharField(max_length=253, unique=True, null=True, blank=True)
    zone = models.CharField(max_length=253, blank=True, help_text="Default: the longest zone that holds the hostname.")
    stage = models.CharField(max_length=20, blank=True)
    tags: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict, blank=True)
    slo: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    routing: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    health_check: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    safety: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        permissions = [
            ("operate", "May plan, deploy, cancel, retry, pause and destroy"),
            ("override_guards", "May deploy what a safety guard refuses, with a reason"),
        ]

    def __str__(self) -> str:
        return self.name


class Component(models.Model):
    """One part of a service; `params` is validated by the schema of its kind's file in `components/`."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="components")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=40, validators=[NAME])
    params: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["service", "name"], name="component_name_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Placement(models.Model):
    """A service in a region: a replica that should be."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="placements")
    region = models.ForeignKey(Region, models.PROTECT, related_name="placements")
    position = models.PositiveSmallIntegerField(default=0)
    overrides: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["service", "region"], name="placement_once")]

    def __str__(self) -> str:
        return f"{self.service} in {self.region}"


class Artifact(models.Model):
    """One uploaded zip of a service, known by the hash of its bytes."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="artifacts")
    sha256 = models.CharField(max_length=64)
    file = models.FileField(upload_to="artifacts/%Y/%m/")
    size_bytes = models.PositiveBigIntegerField()
    names: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    uploaded_by = models.ForeignKey(get_user_model(), models.SET_NULL, null=True, blank=True)
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-uploaded_at"]
        constraints = [models.UniqueConstraint(fields=["service", "sha256"], name="artifact_once")]

    def __str__(self) -> str:
        return f"sha256:{self.sha256[:12]}"


@receiver(post_delete, sender=Artifact)
def _delete_file(instance: Artifact, **_: Any) -> None:
    """Its file goes when its row is gone for good; a row that a rollback brings back still has it."""
    transaction.on_commit(lambda: instance.file.delete(save=False), robust=True)
