"""`manage.py plan NAME`: what deploying the draft would change in AWS. Changes nothing; keeps the plan to be signed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from deployments import manifests, plans
from deployments.actions.plan_service import PlanService
from deployments.commands import COMMAND, find, problems_of, refusals, show
from deployments.manifest import Manifest, ManifestError
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Show what deploying a service would change in AWS; `manage.py deploy NAME --plan ID` signs it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="the service; default: the one of the file")
        parser.add_argument("-f", "--file", help="a manifest in place of the draft, not saved; - is standard input")
        parser.add_argument(
            "--destroy-data", action="append", default=[], metavar="COMPONENT", help="its data may be lost"
        )
        parser.add_argument("--destroying", action="store_true", help="what a destroy would change")
        parser.add_argument("--json", action="store_true", help="as the API tells it")

    def handle(self, *args: Any, **options: Any) -> None:
        manifest = _read(options["file"]) if options["file"] else None
        name = options["name"] or (manifest.name if manifest else None)
        if name is None:
            raise CommandError("name a service, or a file with -f")
        if manifest is not None and manifest.name != name:
            raise CommandError(f'the manifest is of "{manifest.name}", not of "{name}"')
        if manifest is not None and options["destroying"]:
            raise CommandError("a destroy has no manifest: leave out -f or --destroying")
        with refusals():
            view = PlanService(find(name), COMMAND, manifest, options["destroy_data"], options["destroying"]).execute()
        if options["json"]:
            self.stdout.write(json.dumps(plans.tell(plans.of(view)), indent=2, default=str, ensure_ascii=False))
        else:
            show(view)


def _read(file: str) -> Manifest:
    try:
        return manifests.read(sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes())
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None
    except ManifestError as error:
        raise CommandError(problems_of(error)) from None
