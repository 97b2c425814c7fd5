"""The world of tests of doors, made of plain functions: an account, its regions, people, and one service.

Administrator: may say who and where. Operator: may act. Viewer: may look. Granted: so for a part. Stranger: nothing.
Nobody: anonymous.
"""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.utils import timezone
from rest_framework.test import APIClient

from controlplane import tokens
from deployments import manifests
from deployments.actions.actor import Actor
from deployments.actions.save_manifest import SaveManifest
from deployments.actions.upload_artifact import UploadArtifact
from deployments.manifest import render
from deployments.models import Grant, Operation, Release, Replica, Resource, Service, Stack
from regions.models import Account, AccountRegion, Endpoint, Flip, HostedZone, OptIn, Region, Status

REGIONS = ("us-west-2", "eu-central-1", "ap-southeast-1", "ap-northeast-1")
COMMAND = Actor(None, "command")


def account(name: str = "demo", account_id: str = "000000000000", *, zone: str = "example.test") -> Account:
    """An account that may use `REGIONS` and holds one hosted zone."""
    made = Account.objects.create(name=name, account_id=account_id)
    for code in REGIONS:
        region, _ = Region.objects.get_or_create(code=code)
        AccountRegion.objects.create(account=made, region=region, opt_in=OptIn.DEFAULT)
    HostedZone.objects.create(account=made, name=zone, zone_id=f"Z{account_id}")
    return made


def administrator(name: str = "administrator") -> User:
    """The role admin: no superuser."""
    return _person(name, "admin")


def operator(name: str = "operator") -> User:
    return _person(name, "operator")


def viewer(name: str = "viewer") -> User:
    return _person(name, "viewer")


def stranger(name: str = "stranger") -> User:
    """May log in, and nothing else."""
    return _person(name)


def granted(role: str, about: Account | Service, name: str = "guest") -> User:
    """A role in one account or for one service."""
    user = User.objects.filter(username=name).first() or _person(name)
    place = {"account": about} if isinstance(about, Account) else {"service": about}
    Grant.objects.create(user=user, role=Group.objects.get(name=role), **place)
    return user


def _person(name: str, *roles: str) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def client_of(user: User | None, scope: str = "admin") -> APIClient:
    """A program with a fresh token of this user, or without any."""
    client = APIClient(raise_request_exception=False)
    if user is not None:
        _, plain = tokens.issue(user, name="test", scope=scope)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {plain}")
    return client


def zipped(**files: str) -> bytes:
    """A zip; `get_key="…"` is the file get_key.py."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in (files or {"get_key": "def main(event, context): ..."}).items():
            archive.writestr(zipfile.ZipInfo(f"{name}.py", (1980, 1, 1, 0, 0, 0)), text)
    return buffer.getvalue()


SHA256 = "28d4bf7d5b5b41ef2a1b8b3f7b0c1df8b7a5d8cc53e8f3ad4f9a5ffb8ed5f4b0"


def manifest(name: str = "keyvalue", **changes: Any) -> dict[str, Any]:
    """A table and a function with a route, in two regions."""
    return {
        "name": name,
        "hostname": f"{name}.example.test",
        "regions": ["us-west-2", "eu-central-1"],
        "components": [
            {"kind": "table", "name": "keyvalues", "key": {"key": "S"}},
            {
                "kind": "function",
                "name": "get-key",
                "artifact": f"sha256:{SHA256}",
                "handler": "get_key.main",
                "runtime": "python3.12",
                "environment": {"KEY_TABLE": "${keyvalues.name}"},
                "routes": ["GET /{key}"],
            },
        ],
        **changes,
    }


def table_only(name: str = "ledger", **changes: Any) -> dict[str, Any]:
    """A service without code, routes and host name: deployable without an upload."""
    return {
        "name": name,
        "regions": ["us-west-2", "eu-central-1"],
        "components": [{"kind": "table", "name": "entries", "key": {"id": "S"}}],
        **changes,
    }


def service(document: dict[str, Any] | None = None) -> Service:
    """A saved draft; with an upload for each artifact that it names."""
    wanted = document or table_only()
    return SaveManifest(manifests.read(wanted), COMMAND).execute()


def uploaded(draft: Service) -> Service:
    """The draft of `manifest()` with its artifact uploaded and named."""
    artifact = UploadArtifact(draft, io.BytesIO(zipped()), COMMAND).execute()
    document = manifests.document_of(draft)
    for component in document["components"]:
        if component["kind"] == "function":
            component["artifact"] = f"sha256:{artifact.sha256}"
    return SaveManifest(manifests.read(document), COMMAND, draft).execute()


def deployed(draft: Service) -> Stack:
    """As after a successful deploy: a release, a table in the inventory of each region, watched replicas where it has
    a host name."""
    wanted = manifests.manifest_of(draft)
    zone = HostedZone.objects.filter(account=draft.account).first() if wanted.hostname else None
    release = Release.objects.create(
        service_name=draft.name, number=1, manifest=render(wanted), zone_id=zone.zone_id if zone else ""
    )
    stack = Stack.objects.create(name=draft.name, account=draft.account, service=draft, release=release)
    Operation.objects.create(
        stack=stack, verb="deploy", title=f"Deploy {draft.name} r1", release=release, status="succeeded"
    )
    for code in wanted.region_codes:
        for component in wanted.components:
            if component.kind == "table":
                Resource.objects.create(
                    stack=stack, kind="dynamodb_table", scope=code, name=component.name, state="live"
                )
        if wanted.hostname:
            watched(stack, code, f"{code}.{wanted.hostname}", release)
    return stack


def watched(stack: Stack, code: str, hostname: str, release: Release, *, status: str = Status.UP) -> Replica:
    now = timezone.now()
    endpoint = Endpoint.objects.create(
        region=Region.objects.get(code=code),
        account=stack.account,
        name=stack.name,
        url=f"https://{hostname}/",
        status=status,
        since=now - timedelta(minutes=5),
        latency_ms=12.5,
        probed_at=now,
        why="the last 3 probes were good",
    )
    flip(endpoint, now - timedelta(minutes=5), status)
    return Replica.objects.create(stack=stack, endpoint=endpoint, hostname=hostname, in_rotation=True, release=release)


def flip(endpoint: Endpoint, at: datetime, status: str) -> Flip:
    return Flip.objects.create(endpoint=endpoint, at=at, status=status)
