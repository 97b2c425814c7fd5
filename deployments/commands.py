"""What the commands share: finding a service, telling refusals and plans, and following an operation in a terminal.

Follows by reading rows; Ctrl-C leaves, and the operation goes on without the one who watched.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from deployments import queries
from deployments.actions.actor import Actor
from deployments.actions.refused import ActionRefused
from deployments.manifest import ManifestError
from deployments.models import Operation, Service
from deployments.preview import PlanView
from regions.models import Account

COMMAND = Actor(None, "command")
ASK_EVERY_S = 0.3
COLOURS = {"+": "green", "~": "yellow", "−": "red", "=": "cyan", "!": "bold red", "?": "yellow", "…": "dim"}


def find(name: str) -> Service:
    """The service; CommandError with the names that there are."""
    service = queries.services().filter(name=name).first()
    if service is None:
        names = ", ".join(Service.objects.values_list("name", flat=True)[:20])
        raise CommandError(f'there is no service "{name}"; there are: {names or "none"}')
    return service


def find_account(name: str | None) -> Account:
    """The account of that name, or the only one."""
    accounts = list(Account.objects.all())
    found = [account for account in accounts if name in (None, account.name)]
    if len(found) != 1:
        names = ", ".join(account.name for account in accounts)
        raise CommandError(
            f"name the account: {names}" if found else f'there is no account "{name}"; there are: {names or "none"}'
        )
    return found[0]


def switched(parser: CommandParser) -> None:
    """What evacuate and restore are asked with."""
    parser.add_argument("region", help="a region's code, such as eu-central-1")
    parser.add_argument("--service", metavar="NAME", help="of this service alone, by its own switch")
    parser.add_argument("--account", metavar="NAME", help="where several are registered: which")
    parser.add_argument("--reason", required=True, help="goes on the audit log, and into the switch's object")
    parser.add_argument("--override-guard", action="append", default=[], metavar="NAME", help="though this one refuses")


@contextmanager
def refusals() -> Iterator[None]:
    """Tell a refused action as a command does: what, each problem, and the mend."""
    try:
        yield
    except ActionRefused as error:
        told = ("; ".join(filter(None, (one["message"], one["mend"]))) for one in error.more.get("errors", ()))
        problems = [f"  {one['field']}: {text}" for one, text in zip(error.more.get("errors", ()), told, strict=True)]
        raise CommandError("\n".join([error.detail, *problems, error.mend])) from None


def problems_of(error: ManifestError) -> str:
    return "\n".join(f"{problem}; {problem.mend}" for problem in error.problems)


def show(view: PlanView) -> None:
    """A plan as coloured lines, on a terminal as in a pipe: changes, guards, preflight, then what to sign."""
    console = Console(highlight=False, soft_wrap=True)
    for line in view.lines():
        console.print(Text(line, style=COLOURS.get(line[:1], "")))
    if view.wait_s >= 1:
        console.print(f"AWS's API rates alone will cost about {view.wait_s:.0f} s.")
    for guard in view.guards:
        if guard.refuses:
            console.print(Text(guard.override))
    console.print(f"plan {view.id}, digest {view.digest}")


def follow(operation: Operation) -> None:
    """Show how far the operation is until it has ended; CommandError, with the mend, where it did not succeed."""
    console = Console(highlight=False, soft_wrap=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    try:
        with Progress(*columns, TextColumn("{task.fields[waiting]}"), console=console, transient=True) as bar:
            task = bar.add_task(operation.title, total=None, waiting="")
            while not (now := queries.progress(operation.pk)).finished:
                bar.update(task, total=now.total or None, completed=now.done, waiting=now.waiting_for[:80])
                time.sleep(ASK_EVERY_S)
    except KeyboardInterrupt:
        console.print(f"Operation {operation.pk} goes on without you: /operations/{operation.pk}/")
        return
    if now.status != "succeeded":
        told = "\n".join(part for part in (now.error, now.mend) if part)
        raise CommandError(f"operation {operation.pk} {now.status}{': ' if told else ''}{told}")
    console.print(f"{operation.title}: succeeded, {now.done} changes.")
