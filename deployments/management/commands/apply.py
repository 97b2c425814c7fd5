"""`manage.py apply -f service.yaml`: save a manifest as the draft of its service.

A component may say `directory:` in place of `artifact:`; that folder is zipped and uploaded here, where it is.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from deployments import artifacts, manifests
from deployments.actions.save_manifest import SaveManifest
from deployments.actions.upload_artifact import UploadArtifact
from deployments.artifacts import ArtifactError
from deployments.commands import COMMAND, problems_of, refusals
from deployments.manifest import ManifestError
from deployments.manifest.load import load
from deployments.models import Service
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Save a manifest (YAML or JSON) as the draft of its service. Nothing changes in AWS before it is deployed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("-f", "--file", required=True, help="the manifest; - is standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        source, folder = _read(options["file"])
        try:
            document = load(source)
            zips = _zipped(document, folder)
            manifest = manifests.read(document)
        except ManifestError as error:
            raise CommandError(problems_of(error)) from None
        except ArtifactError as error:
            raise CommandError(f"{error.message}; {error.mend}") from None
        known = Service.objects.select_related("account").filter(name=manifest.name).first()
        with refusals():
            service = SaveManifest(manifest, COMMAND, known).execute()
            for content in zips.values():
                UploadArtifact(service, io.BytesIO(content), COMMAND).execute()
        self.stdout.write(f"{service.name}: saved, {len(zips)} artifacts uploaded; manage.py plan {service.name}")


def _read(file: str) -> tuple[bytes, Path]:
    if file == "-":
        return sys.stdin.buffer.read(), Path.cwd()
    try:
        return Path(file).read_bytes(), Path(file).resolve().parent
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None


def _zipped(document: Any, folder: Path) -> dict[str, bytes]:
    """Zip each component's directory (relative to the manifest) once, and name the zip in its place."""
    zips: dict[str, bytes] = {}
    made: dict[Path, str] = {}
    components = document.get("components") if isinstance(document, dict) else None
    for component in components if isinstance(components, list) else ():
        if isinstance(component, dict) and isinstance(component.get("directory"), str) and "artifact" not in component:
            path = (folder / component.pop("directory")).resolve()
            if path not in made:
                content = artifacts.make_zip(path)
                made[path] = artifacts.inspect(content).sha256
                zips[made[path]] = content
            component["artifact"] = f"sha256:{made[path]}"
    return zips
