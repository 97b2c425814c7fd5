"""Which provider a stack's account has: AWS, with the installation's mark and the account's own artifacts."""

from __future__ import annotations

from functools import cache, partial

from django.conf import settings
from django.core.files.storage import default_storage

from deployments.models import Artifact, Installation, Stack
from deployments.providers.aws.provider import AwsProvider
from deployments.providers.protocol import Provider
from regions.aws import limit_with
from regions.limiter import Limiter
from regions.models import Account
from regions.sync import access_of


def provider_for(stack: Stack) -> Provider:
    return provider_of(stack.account)


def provider_of(account: Account) -> Provider:
    """The account's AWS. Artifacts are found now: worker threads of the provider read files, never the database."""
    _limited()
    files = dict(Artifact.objects.filter(service__account=account).values_list("sha256", "file"))
    return AwsProvider(access_of(account), str(installation().pk), partial(_read, files))


def installation() -> Installation:
    """This installation; made once, at the first need."""
    found = Installation.objects.first()
    return found or Installation.objects.get_or_create(only=True)[0]


@cache
def _limited() -> None:
    """All workers of all processes share one limiter per account, in Redis."""
    limit_with(Limiter.at(settings.REDIS_URL))


def _read(files: dict[str, str], sha256: str) -> bytes:
    with default_storage.open(files[sha256]) as file:
        return bytes(file.read())
