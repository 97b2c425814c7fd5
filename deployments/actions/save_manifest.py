"""Save a manifest as the draft of its service: creates the service or replaces its draft. Never touches AWS."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import IntegrityError, transaction

from deployments import manifests
from deployments.actions.actor import Actor
from deployments.actions.draft import check_unchanged, locked
from deployments.actions.refused import ActionRefused
from deployments.manifest import Manifest
from deployments.models import Service
from regions.models import Account

log = structlog.get_logger()


@dataclass(frozen=True)
class SaveManifest:
    """`service` None: a new one. `expected` is the state that the author saw (If-Match); None: whatever stands."""

    manifest: Manifest
    actor: Actor
    service: Service | None = None
    expected: str | None = None

    def check(self) -> None:
        self._check_access()
        self._check_hostname()
        taken = Service.objects.filter(name=self.manifest.name)
        if self.service is None:
            if taken.exists():
                raise ActionRefused(
                    409,
                    "name_taken",
                    f'There is a service "{self.manifest.name}" already.',
                    "Choose another name, or replace that one with PUT.",
                )
            return
        if self.manifest.name != self.service.name:
            raise ActionRefused(
                409,
                "name_fixed",
                f'"{self.service.name}" can\'t become "{self.manifest.name}": everything in AWS carries its name.',
                "Create a second service under the new name, and destroy this one.",
            )
        check_unchanged(self.service, self.expected)

    def _check_access(self) -> None:
        """A new service, or one that moves, needs the right in its account; else the right on the service is enough."""
        account = Account.objects.filter(name=self.manifest.account).first()
        if self.service is not None:
            self.actor.check(self.service)
        if self.service is None or (account is not None and account.pk != self.service.account_id):
            self.actor.check(account)

    def _check_hostname(self) -> None:
        hostname = self.manifest.hostname
        other = Service.objects.filter(hostname=hostname).exclude(name=self.manifest.name).first() if hostname else None
        if other is not None:
            raise ActionRefused(
                409,
                "hostname_taken",
                f'hostname: "{hostname}" is the name of the service "{other.name}".',
                "Choose another hostname, or take it away from that service first.",
            )

    def execute(self) -> Service:
        try:
            with transaction.atomic():
                service = locked(self.service) if self.service else None
                SaveManifest(self.manifest, self.actor, service, self.expected).check()
                saved = manifests.save(self.manifest, service)
        except IntegrityError:  # somebody took the name or the hostname in this very moment
            self.check()
            raise
        log.info(
            "service.saved", service=saved.name, revision=saved.revision, actor=str(self.actor), via=self.actor.via
        )
        return saved
