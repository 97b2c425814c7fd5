"""Access: API tokens. Only their hashes are kept."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.db import models


class TokenScope(models.TextChoices):
    """What a token may do of what its user may do."""

    READ = "read", "read"
    OPERATE = "operate", "operate"
    ADMIN = "admin", "administer"


class Token(models.Model):
    """One bearer token of a user: shown once, kept as a hash, expiring, revocable."""

    user = models.ForeignKey(get_user_model(), models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80, help_text="What uses it.")
    scope = models.CharField(
        max_length=10,
        choices=TokenScope.choices,
        default=TokenScope.OPERATE,
        help_text="What it may do, of what its user may do.",
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"


class Answer(models.Model):
    """One answer to a POST with an Idempotency-Key, given again when the same request comes again.

    `claim` is the hash of who asked, where, and the key; `status` is null while the first request is under way.
    """

    claim = models.CharField(max_length=64, unique=True)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        # old answers are forgotten by age
        indexes = [models.Index(fields=["created_at"], name="answer_by_age")]

    def __str__(self) -> str:
        return f"{self.status or 'under way'} since {self.created_at:%Y-%m-%d %H:%M:%S}"
