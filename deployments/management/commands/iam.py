"""`manage.py iam`: print the policy that an account's role needs, or its trust policy. Asks AWS nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from deployments.providers.aws import policy
from deployments.schema import LABEL
from deployments.worlds import installation
from regions.models import Account
from regions.terminal import OperatorCommand

ANYONE = "arn:aws:iam::ACCOUNT-OF-THE-WORKERS:role/ROLE-OF-THE-WORKERS"


class Command(OperatorCommand):
    help = (
        "Print the IAM policy that an account's role needs, as JSON: one document, or a list where one managed policy "
        "would be too long. Narrowed to names and zones where you give them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", metavar="NAME", help="an account of ours: fills in its id and external id")
        parser.add_argument(
            "--service", action="append", default=[], metavar="NAME", help="only for this service; again for more"
        )
        parser.add_argument(
            "--zone", action="append", default=[], metavar="ID", help="only for this hosted zone; again for more"
        )
        parser.add_argument("--trust", action="store_true", help="print the role's trust policy instead")
        parser.add_argument(
            "--principal", default=ANYONE, metavar="ARN", help="with --trust: the workers' own identity"
        )
        parser.add_argument(
            "--into", metavar="FOLDER", help="write a file for each document, and print how to attach them"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        account = _account(options["account"])
        if options["trust"]:
            documents = [policy.trust(options["principal"], account.external_id if account else "")]
        else:
            documents = policy.documents(_bounds(account, options["service"], options["zone"]))
        if len(documents) > policy.MOST_POLICIES:
            raise CommandError(
                f"this takes {len(documents)} managed policies, and a role has {policy.MOST_POLICIES} at most: "
                "name fewer services, or none, which narrows by our mark instead"
            )
        if options["into"]:
            self._write(Path(options["into"]), documents, trust=options["trust"])
        else:
            self.stdout.write(_text(documents[0] if len(documents) == 1 else documents))

    def _write(self, folder: Path, documents: list[policy.Document], *, trust: bool) -> None:
        names = ["antipode-trust"] if trust else [f"antipode-{number}" for number in range(1, len(documents) + 1)]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, document in zip(names, documents, strict=True):
                (folder / f"{name}.json").write_text(f"{_text(document)}\n", encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{folder}: {error.strerror}") from None
        for name in names:
            file = f"file://{folder}/{name}.json"
            if trust:
                self.stdout.write(f"aws iam create-role --role-name antipode --assume-role-policy-document {file}")
            else:
                self.stdout.write(
                    f"aws iam attach-role-policy --role-name antipode --policy-arn $(aws iam create-policy "
                    f"--policy-name {name} --policy-document {file} --query Policy.Arn --output text)"
                )


def _account(name: str | None) -> Account | None:
    if name is None:
        return None
    account = Account.objects.filter(name=name).first()
    if account is None:
        names = ", ".join(Account.objects.values_list("name", flat=True)[:20])
        raise CommandError(f'there is no account "{name}"; there are: {names or "none"}')
    return account


def _bounds(account: Account | None, services: list[str], zones: list[str]) -> policy.Bounds:
    """Names go into ARN patterns: one with a * in it would widen what it is there to narrow."""
    for service in services:
        if not re.fullmatch(LABEL, service):
            raise CommandError(f'"{service}" is no name of a service: lower case letters, digits and hyphens')
    for zone in zones:
        if not re.fullmatch(r"[A-Z0-9]{1,32}", zone):
            raise CommandError(f'"{zone}" is no id of a hosted zone, such as Z0123456789ABCDEFGHIJ')
    return policy.Bounds(
        owner=str(installation().pk),
        account_id=account.account_id if account else "",
        services=tuple(sorted(set(services))),
        zones=tuple(sorted(set(zones))),
    )


def _text(document: Any) -> str:
    return json.dumps(document, indent=2)
