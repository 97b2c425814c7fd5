"""Access: which role a user has in a part of the world. What a role may do are the permissions of its group."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q

from deployments.models.draft import Service
from regions.models import Account


class Grant(models.Model):
    """One role of one user in one account, or for one service. A role everywhere is membership in its group."""

    user = models.ForeignKey(get_user_model(), models.CASCADE, related_name="grants")
    role = models.ForeignKey(Group, models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, models.CASCADE, null=True, blank=True, related_name="+")
    service = models.ForeignKey(Service, models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["user", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(account__isnull=False, service__isnull=True)
                | Q(account__isnull=True, service__isnull=False),
                name="grant_is_of_an_account_or_a_service",
                violation_error_message="Name either an account or a service.",
            ),
            models.UniqueConstraint(
                fields=["user", "role", "account", "service"], nulls_distinct=False, name="grant_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} of {self.service or self.account}"
