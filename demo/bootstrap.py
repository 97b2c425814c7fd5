"""Brings a demo's database and local cloud to their first state, any number of times: run in a process of its own.

Migrations, an administrator and a viewer with fresh tokens, the account `demo` with its hosted zone `example.test` and
its regions. Never deploys: the service goes the way of every program, over the REST API (service.py).
"""

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import django
from botocore.config import Config

from demo.files import write_private

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from regions.models import Account

ACCOUNT_ID = "000000000000"
ZONE = "example.test"
USERNAME = "admin"


def main(password_file: Path, tokens_file: Path) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")
    django.setup()
    from django.core.management import call_command  # Django is ready only now

    from audit.context import acting

    call_command("migrate", interactive=False, verbosity=0)
    with acting("command", actor="make demo"):
        _first_state(password_file, tokens_file)


def _first_state(password_file: Path, tokens_file: Path) -> None:
    from django.contrib.auth.models import Group

    from regions.sync import sync

    admin = _user(USERNAME, password_file.read_text().strip(), may_act=True)
    viewer = _user("viewer", None, may_act=False)
    viewer.groups.set(Group.objects.filter(name="viewer"))
    _hosted_zone()
    account = _account()
    sync(account)
    _addresses(account)
    write_private(tokens_file, json.dumps({"token": _token(admin, "admin"), "viewer_token": _token(viewer, "read")}))


def _user(name: str, password: str | None, *, may_act: bool) -> "User":
    from django.contrib.auth.models import User

    user, _ = User.objects.get_or_create(username=name)
    user.is_staff = user.is_superuser = may_act
    user.is_active = True
    user.set_password(password)  # None: nobody can log in by password
    user.save()
    return user


def _token(user: "User", scope: str) -> str:
    """A token of this start; those of earlier starts end with it."""
    from controlplane.models import Token
    from controlplane.tokens import issue

    Token.objects.filter(user=user, name="make demo").delete()
    return issue(user, name="make demo", scope=scope)[1]


def _account() -> "Account":
    from regions.models import Account

    account, _ = Account.objects.update_or_create(
        name="demo",
        defaults={"account_id": ACCOUNT_ID, "endpoint_url": os.environ["LOCALCLOUD_URL"], "obey_api_rates": False},
    )
    return account


def _addresses(account: "Account") -> None:
    """Where each region listens on this machine, as there is no DNS; the last start may have had other ports."""
    from regions.models import AccountRegion, Endpoint

    url = os.environ["LOCALCLOUD_URL"]
    with urllib.request.urlopen(f"{url}/_localcloud/regions", timeout=10) as response:
        listens = json.load(response)
    for code, doors in listens.items():
        here = {"account": account, "region__code": code}
        AccountRegion.objects.filter(**here).update(http_url=f"{url}/_at", https_address=doors["https"])
        Endpoint.objects.filter(**here).exclude(connect_to="").update(connect_to=doors["https"])


def _hosted_zone() -> None:
    route53 = boto3.client(
        "route53",
        endpoint_url=os.environ["LOCALCLOUD_URL"],
        config=Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3}),
    )
    found = route53.list_hosted_zones_by_name(DNSName=ZONE, MaxItems="1")["HostedZones"]
    if not any(zone["Name"] == f"{ZONE}." for zone in found):
        route53.create_hosted_zone(Name=ZONE, CallerReference=f"antipode-demo-{ZONE}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
