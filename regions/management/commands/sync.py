"""`manage.py sync [ACCOUNT]`: read regions, availability zones and hosted zones from AWS; tell what is new."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from regions.models import Account
from regions.syncing import synced
from regions.terminal import OperatorCommand


class Command(OperatorCommand):
    help = "Sync one account, or all, from AWS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", nargs="?", help="its name; without: every account")

    def handle(self, *args: Any, **options: Any) -> None:
        accounts = Account.objects.filter(name=options["account"]) if options["account"] else Account.objects.all()
        if options["account"] and not accounts:
            raise CommandError(f'there is no account "{options["account"]}"')
        reports = [synced(account) for account in accounts]
        for report in reports:
            (self.stderr if report.error else self.stdout).write(str(report))
        if any(report.error for report in reports):
            raise CommandError("not every account could be read")
