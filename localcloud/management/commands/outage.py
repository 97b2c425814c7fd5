"""`manage.py outage`: take a region of the local cloud down, bring it back, or show what is down."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

ASKING_LIMIT_S = 10.0


class Command(BaseCommand):
    help = (
        "Switch a region of the local cloud off and on: its AWS API and its traffic fail, and writes to its tables "
        "wait until it is back. route53-api is Route 53's API alone: its DNS and health checks go on. blackhole: "
        "connecting times out. 503: refused at once. partition: the region serves, but replication to and from it is "
        "held."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("region", nargs="?", help="a region's code, such as eu-central-1, or route53-api")
        switch = parser.add_mutually_exclusive_group(required=True)
        switch.add_argument("--on", action="store_true", help="the region fails from now on")
        switch.add_argument("--off", action="store_true", help="the region works again")
        switch.add_argument("--list", action="store_true", dest="show", help="show which regions are down")
        parser.add_argument("--mode", choices=("blackhole", "503", "partition"), default="blackhole")

    def handle(self, *_: Any, **options: Any) -> None:
        if options["show"]:
            self._print(_ask(None))
            return
        if not options["region"]:
            raise CommandError("Name the region: manage.py outage eu-central-1 --on")
        self._print(_ask({"region": options["region"], "on": options["on"], "mode": options["mode"]}))

    def _print(self, state: dict[str, Any]) -> None:
        for region, mode in state["outages"].items():
            self.stdout.write(f"{region}  down ({mode}), {state['queued_writes'].get(region, 0)} writes waiting for it")
        if not state["outages"]:
            self.stdout.write("All regions of the local cloud are up.")


def _ask(change: dict[str, Any] | None) -> dict[str, Any]:
    """POST a change, or GET where there is none; the outages that hold then."""
    url = getattr(settings, "LOCALCLOUD_URL", None)
    if not url:
        raise CommandError("No local cloud: LOCALCLOUD_URL is not set. `make demo` starts one.")
    request = urllib.request.Request(
        f"{url.rstrip('/')}/_localcloud/outages",
        data=None if change is None else json.dumps(change).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=ASKING_LIMIT_S) as response:
            state: dict[str, Any] = json.load(response)
    except urllib.error.HTTPError as refusal:
        raise CommandError(json.load(refusal)["error"]) from refusal
    except (urllib.error.URLError, TimeoutError) as problem:
        raise CommandError(f"The local cloud at {url} does not answer: {problem}") from problem
    return state
