"""A service that serves users in three regions of a world in a dict: deployed by the engine, its replicas up."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from deployments.actions.deploy import Deploy
from deployments.actions.save_manifest import SaveManifest
from deployments.apply import Later, Outcome, Succeeded
from deployments.manifests import document_of, read
from deployments.models import Service, Stack
from deployments.providers.memory import Memory
from regions.models import Endpoint, Status
from tests import builders
from tests.deployments import worlds

REGIONS = ["us-west-2", "eu-central-1", "ap-southeast-1"]
HOST = "keyvalue.example.test"


def serving(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> tuple[Service, Memory]:
    """The service, and the world that plans are made against from now on."""
    world = Memory()
    monkeypatch.setattr("deployments.actions.plan_service.provider_for", lambda stack: world)
    builders.account()
    manifest = builders.manifest(**{"regions": REGIONS, "safety": {"drain_s": 0}, **changes})
    service = builders.uploaded(builders.service(manifest))
    Deploy(service, builders.COMMAND).execute()
    assert converge(world) == Succeeded()
    Endpoint.objects.update(status=Status.UP, since=timezone.now(), probed_at=timezone.now())
    return found(), world


def converge(world: Memory, clock: worlds.Clock | None = None) -> Outcome | None:
    """Look until the open operation has ended, and tell how."""
    clock = clock or worlds.Clock()
    stack = Stack.objects.get(name="keyvalue")
    for _ in range(50):
        outcome = worlds.look(stack, world, clock)
        if not isinstance(outcome, Later):
            return outcome
        clock.sleep(outcome.at - clock.now)
    raise AssertionError(f"never ended: {outcome}")


def found() -> Service:
    return Service.objects.select_related("account", "stack__release").get(name="keyvalue")


def edit(**fields: Any) -> Service:
    """Save the draft with these fields."""
    SaveManifest(read({**document_of(found()), **fields}), builders.COMMAND, found()).execute()
    return found()


def turn(region: str, status: str) -> None:
    """The verdict on a region's replica, just now."""
    Endpoint.objects.filter(region__code=region).update(status=status, since=timezone.now(), probed_at=timezone.now())
