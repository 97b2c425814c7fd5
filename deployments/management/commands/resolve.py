"""`manage.py resolve NAME --from Kyiv [--ip …] [--down eu-west-1]`: what Route 53 would answer, and why."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from deployments.commands import find, refusals
from deployments.manifests import region_codes
from deployments.resolving import resolve
from deployments.routing.policy import TYPES
from deployments.whereabouts import FIELDS, NowhereError, user_from
from regions.places import LATENCY_ERROR
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "What Route 53 would answer a user of a service, by the records that stand, and why."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the service")
        parser.add_argument("--from", help='a city: Kyiv, or "Portland, US"')
        parser.add_argument("--lat", help="degrees; with --lon")
        parser.add_argument("--lon", help="degrees; with --lat")
        parser.add_argument("--ip", help="an address: by its country, and for IP-based records")
        parser.add_argument("--country", help="two letters of ISO 3166-1: its largest city")
        parser.add_argument("--subdivision", help="with --country: CA of US")
        parser.add_argument("--down", action="append", default=[], help="count this region as down; may be repeated")
        parser.add_argument("--type", choices=TYPES, default=TYPES[0])

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals():
            service = find(options["name"])
        release = service.stack.release if hasattr(service, "stack") else None
        if release is None or not release.manifest.get("hostname"):
            raise CommandError(f"Nothing of {service.name} is released under a host name: deploy it first.")
        placed = region_codes(release.manifest)
        if unknown := [code for code in options["down"] if code not in placed]:
            raise CommandError(f"{unknown[0]} is no region of {service.name}; it is in {', '.join(placed)}.")
        try:
            user = user_from({field: options[field] for field in FIELDS if options[field] is not None})
        except NowhereError as error:
            raise CommandError(str(error)) from None
        hostname = release.manifest["hostname"]
        found = resolve(service.stack, hostname, options["type"], user, timezone.now(), down=options["down"])
        for sentence in found.answer.why:
            self.stdout.write(sentence)
        for share, each in found.chances:
            told = ", ".join(each.values) or each.outcome
            self.stdout.write(f"{share:.0%}  {each.region or '–'}  {told}")
        if found.latency_ms is not None:
            within = f"half of such estimates are within {LATENCY_ERROR['median']:.0%}"
            self.stdout.write(f"about {found.latency_ms:.0f} ms to {found.answer.region} ({within})")
