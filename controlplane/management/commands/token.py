"""`manage.py token USER`: make an API token and print it, this once."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from controlplane import tokens
from controlplane.models import TokenScope
from regions.terminal import OperatorCommand

MOST_DAYS = 365


class Command(OperatorCommand):
    help = "Make an API token for a user and print it; only its hash is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="whose token it is")
        parser.add_argument("--name", default="command", help="what will use it")
        parser.add_argument(
            "--scope",
            choices=TokenScope.values,
            default=TokenScope.OPERATE.value,
            help="what it may do, of what its user may do; operate, if not said",
        )
        parser.add_argument("--days", type=int, default=90, help=f"how long it is good, 1 to {MOST_DAYS}")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f'there is no user "{options["user"]}"')
        if not 1 <= options["days"] <= MOST_DAYS:
            raise CommandError(f"--days {options['days']}: give 1 to {MOST_DAYS}")
        _, plain = tokens.issue(user, name=options["name"][:80], days=options["days"], scope=options["scope"])
        self.stdout.write(plain)
