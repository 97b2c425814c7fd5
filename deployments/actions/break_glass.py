"""The break-glass sheet of a region: the exact lines that do by hand what evacuate and restore do, for when nothing of
ours runs. Read from rows while they can be read; kept as a file where the settings name a folder for it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog
from django.conf import settings
from django.utils import timezone

from deployments import evacuations
from deployments.actions.switching import by_hand
from deployments.models import Replica
from deployments.routing.switches import Switch
from regions.models import Account

log = structlog.get_logger()


@dataclass(frozen=True)
class Sheet:
    """The commands of one account and region. `of`: the service, or "" for all that share the region's switch."""

    account: str
    of: str
    evacuate: tuple[str, ...]
    restore: tuple[str, ...]
    look: tuple[str, ...]


def sheets(accounts: Iterable[Account], region: str) -> list[Sheet]:
    """One for each switch that a region has in these accounts."""
    return [_sheet(account, switch) for account in accounts for switch in evacuations.switches(account, region)]


def text(region: str, found: Iterable[Sheet]) -> str:
    """The sheet as Markdown, to be printed and kept."""
    lines = [
        f"# Break-glass sheet: {region}",
        "",
        f"As of {timezone.now():%Y-%m-%d %H:%M:%S} UTC. These lines need the AWS CLI and credentials that may write to "
        "the switch buckets; they need neither Antipode nor Route 53's API.",
        "",
        "* Out of rotation: run **either** line of “Evacuate”. One object is enough; run both.",
        "* Back in rotation: run **both** lines of “Restore”. One that is left keeps the region out.",
        "* It takes effect within 76 s: 10 s until the checkers look, 6 s at most for their look, 60 s of DNS TTL.",
        "* Where all regions are out, Route 53 answers with all of them.",
    ]
    for sheet in found:
        name = sheet.of or "everything that shares the region's switch"
        lines += ["", f"## {name} (account {sheet.account})", "", "Evacuate:", "", "```sh", *sheet.evacuate, "```"]
        lines += ["", "Restore:", "", "```sh", *sheet.restore, "```", "", "See whether it worked:", "", "```sh"]
        lines += [*sheet.look, "```"]
    return "\n".join(lines) + "\n"


def keep(account: Account) -> None:
    """Write the sheets of an account's regions where the settings say; quietly nothing where they don't."""
    folder = settings.BREAK_GLASS_DIR
    if not folder:
        return
    regions = Replica.objects.filter(stack__account=account).values_list("endpoint__region__code", flat=True)
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for region in sorted(set(regions)):
            _write(Path(folder) / f"{account.name}-{region}.md", text(region, sheets([account], region)))
    except OSError as error:
        log.warning("break_glass.not_kept", folder=folder, error=str(error))


def _sheet(account: Account, switch: Switch) -> Sheet:
    objects = evacuations.objects(account, [switch])
    rows = Replica.objects.filter(stack__account=account, endpoint__region__code=switch.region)
    if switch.service:
        rows = rows.filter(stack__name=switch.service)
    names = sorted({name.partition(".")[2] for name in rows.values_list("hostname", flat=True)})
    return Sheet(
        account.name,
        switch.service or "",
        tuple(by_hand(each, set_it=True) for each in objects),
        tuple(by_hand(each, set_it=False) for each in objects),
        tuple(f"dig +short {name} A" for name in names),
    )


def _write(path: Path, content: str) -> None:
    """Whole or not at all."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(content)
    os.chmod(file.name, 0o644)  # it holds no secret, and whoever is on call must be able to read it
    Path(file.name).replace(path)
