"""The record: what was made (the inventory), what was done (operations and their steps), who holds what (leases)."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q

from deployments.models.approved import Release
from deployments.models.draft import Service
from deployments.plan import model as plan
from regions.models import Account, Endpoint


class Installation(models.Model):
    """This installation: its id is the mark on everything that we make in AWS. One row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    only = models.BooleanField(default=True, unique=True, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(only=True), name="one_installation")]

    def __str__(self) -> str:
        return str(self.id)


class Stack(models.Model):
    """What is planned as one: a service, or what all services of an account stand on (its foundation). Outlives its
    service until nothing of it is left in AWS.

    foundation    it is an account's: switch buckets and the switches of regions; it has no service
    ramps         regions that come back step by step, and the per cent of their users that they have now
    release       the approved one; None: nothing should exist (never deployed, or destroyed)
    next_look_at  when a worker should look at it again; None: nothing is expected
    converged     the approved release was reached, whole: from then on a difference is drift, and may be repaired
    drift_due_at  when it should be looked at for drift again; None: not deployed
    drift_error   why the last look for drift told nothing; "" where it told
    """

    name = models.CharField(max_length=60, unique=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="stacks")
    service = models.OneToOneField(Service, models.SET_NULL, null=True, blank=True, related_name="stack")
    foundation = models.BooleanField(default=False)
    release = models.ForeignKey(Release, models.PROTECT, null=True, blank=True, related_name="+")
    ramps: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict)
    next_look_at = models.DateTimeField(null=True, blank=True)
    converged = models.BooleanField(default=False)
    drift_due_at = models.DateTimeField(null=True, blank=True)
    drift_checked_at = models.DateTimeField(null=True, blank=True)
    drift_error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["account"], condition=Q(foundation=True), name="one_foundation_an_account")
        ]
        # beat asks each 5 s which stacks are due
        indexes = [
            models.Index(fields=["next_look_at"], name="stack_due"),
            models.Index(fields=["drift_due_at"], name="stack_drift_due"),
        ]

    def __str__(self) -> str:
        return self.name


class Lease(models.Model):
    """Who may work on something now ("stack:12", "zone:Z1"): a row with a growing fence, never a session-level lock."""

    name = models.CharField(max_length=80, primary_key=True)
    holder = models.CharField(max_length=120, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} by {self.holder or 'nobody'}"


class Resource(models.Model):
    """One row of the inventory: something that we made, or are about to make, in AWS; `plan.model.Known` as a row."""

    stack = models.ForeignKey(Stack, models.CASCADE, related_name="resources")
    kind = models.CharField(max_length=40)
    scope = models.CharField(max_length=25)
    name = models.CharField(max_length=400)
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in plan.State])
    physical_id = models.CharField(max_length=600, blank=True)
    token = models.CharField(max_length=64, blank=True, help_text="Idempotency token of the create.")
    params: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    context: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    outputs: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    edges: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    lane = models.CharField(max_length=80, null=True, blank=True)
    group = models.CharField(max_length=300, null=True, blank=True)
    shape = models.CharField(max_length=40, null=True, blank=True)
    drain_s = models.PositiveIntegerField(default=0)
    hold_until = models.DateTimeField(null=True, blank=True)
    not_ready_since = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["stack", "scope", "kind", "name"]
        constraints = [models.UniqueConstraint(fields=["stack", "kind", "scope", "name"], name="resource_once")]

    def __str__(self) -> str:
        return str(self.ref)

    @property
    def ref(self) -> plan.Ref:
        """Queries nothing if the stack was selected along."""
        return plan.Ref(self.stack.name, self.kind, self.scope, self.name)


class Replica(models.Model):
    """A service in a region as it is released: links what is watched there to the stack it belongs to."""

    stack = models.ForeignKey(Stack, models.CASCADE, related_name="replicas")
    endpoint = models.OneToOneField(Endpoint, models.CASCADE, related_name="replica")
    hostname = models.CharField(max_length=253)
    in_rotation = models.BooleanField(default=False, help_text="Its routing record stands, as last seen.")
    release = models.ForeignKey(Release, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["stack", "endpoint__region__code"]

    def __str__(self) -> str:
        return self.hostname


class OperationStatus(models.TextChoices):
    QUEUED = "queued", "queued"
    RUNNING = "running", "running"
    SUCCEEDED = "succeeded", "succeeded"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"


ASIDE = ("evacuate", "restore")
"""Verbs whose operations are done when they are written: no worker has to do with them."""

OPEN = (OperationStatus.QUEUED, OperationStatus.RUNNING)


class Operation(models.Model):
    """One thing that somebody asked for (deploy, destroy), followed until its plan is empty.

    consent   components whose data may be destroyed
    rollout   which serving regions were updated and not yet proven healthy: {"proving": {region: since}, …}
    skips     steps that a person left out: [{"ref", "action", "reason", "by"}, …]
    override  the guards that a person overrode, and why: {"guards": […], "reason": …, "by": …}
    plan      the digest of the plan that was signed; "" where none was
    error, mend   why it failed, in one line each
    """

    stack = models.ForeignKey(Stack, models.CASCADE, related_name="operations")
    verb = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    release = models.ForeignKey(Release, models.PROTECT, null=True, blank=True, related_name="operations")
    status = models.CharField(max_length=10, choices=OperationStatus.choices, default=OperationStatus.QUEUED)
    consent: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    rollout: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    skips: models.JSONField[list[dict[str, str]], list[dict[str, str]]] = models.JSONField(default=list)
    override: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    plan = models.CharField(max_length=64, blank=True)
    cancel_requested = models.BooleanField(default=False)
    error = models.TextField(blank=True)
    mend = models.TextField(blank=True)
    requested_by = models.ForeignKey(get_user_model(), models.SET_NULL, null=True, blank=True)
    requested_via = models.CharField(max_length=20, default="api")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["stack"], condition=Q(status__in=["queued", "running"]), name="one_open_operation_a_stack"
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def open(self) -> bool:
        return self.status in OPEN


class StepStatus(models.TextChoices):
    WAITING = "waiting", "waiting"
    RUNNING = "running", "running"
    SUCCEEDED = "succeeded", "succeeded"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"
    SKIPPED = "skipped", "skipped"


class Step(models.Model):
    """The journal: one change of an operation. Saved as running before its AWS call, with the outcome after.

    A step found running by a new holder of the stack has an unknown outcome; the look that follows tells.
    """

    operation = models.ForeignKey(Operation, models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=40)
    scope = models.CharField(max_length=25)
    name = models.CharField(max_length=400)
    action = models.CharField(max_length=10)
    reason = models.CharField(max_length=300, blank=True)
    diff: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)
    status = models.CharField(max_length=10, choices=StepStatus.choices, default=StepStatus.WAITING)
    waiting_for = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=120, blank=True)
    error = models.TextField(blank=True)
    mend = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["operation", "kind", "scope", "name", "action"], name="step_once")
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.kind} {self.scope} {self.name}"


class HostnameOwner(models.Model):
    """The generation of a hostname's owner record. Never restarts, and outlives its service.

    generation  the last that is known to stand in Route 53 (0: none yet)
    sending     the generation of a batch whose outcome is not known yet; written before the batch is sent
    present     whether the TXT record stands
    stack       whose records it guards
    """

    hostname = models.CharField(max_length=253, unique=True)
    stack = models.ForeignKey(Stack, models.SET_NULL, null=True, blank=True, related_name="hostnames")
    zone_id = models.CharField(max_length=40)
    generation = models.PositiveBigIntegerField(default=0)
    sending = models.PositiveBigIntegerField(null=True, blank=True)
    present = models.BooleanField(default=False)

    class Meta:
        ordering = ["hostname"]

    def __str__(self) -> str:
        return f"{self.hostname} generation {self.generation}"
