"""Upload an artifact: a zip with a function's code, checked, and kept under the hash of its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import structlog
from django.core.files.base import File
from django.db import transaction

from deployments import artifacts
from deployments.actions.actor import Actor
from deployments.actions.draft import locked
from deployments.actions.refused import ActionRefused
from deployments.artifacts import ArtifactError
from deployments.models import Artifact, Service

log = structlog.get_logger()


@dataclass(frozen=True)
class UploadArtifact:
    """Uploading what is there already changes nothing and answers alike."""

    service: Service
    file: BinaryIO
    actor: Actor

    def check(self) -> None:
        self.actor.check(self.service)

    def execute(self) -> Artifact:
        self.check()
        try:
            info = artifacts.inspect(self.file)
        except ArtifactError as error:
            raise ActionRefused(400, "invalid_artifact", f"file: {error.message}", error.mend) from None
        with transaction.atomic():
            service = locked(self.service)
            known = Artifact.objects.filter(service=service, sha256=info.sha256).first()
            if known is not None:
                return known
            self.file.seek(0)
            artifact = Artifact(
                service=service,
                sha256=info.sha256,
                size_bytes=info.size_bytes,
                names=list(info.names),
                uploaded_by=self.actor.user,
            )
            artifact.file.save(f"{info.sha256}.zip", File(self.file), save=False)
            artifact.save()
        log.info(
            "artifact.uploaded",
            service=service.name,
            sha256=info.sha256,
            size_bytes=info.size_bytes,
            actor=str(self.actor),
            via=self.actor.via,
        )
        return artifact
