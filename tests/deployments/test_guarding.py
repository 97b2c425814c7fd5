"""The worker judges guards again before records change: the world may have moved since the deploy was accepted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from deployments.actions.deploy import Deploy
from deployments.actions.overriding import Override
from deployments.actions.retry import Retry
from deployments.apply import Failed, Succeeded
from deployments.guarding import HOLD_S
from deployments.models import Operation
from deployments.providers.memory import Memory
from regions.models import Endpoint, Status
from tests import builders
from tests.deployments import served, worlds

pytestmark = pytest.mark.django_db

ONE_LESS = ["us-west-2", "eu-central-1"]


@dataclass
class Probed(worlds.Clock):
    """Time in which probes go on: verdicts stay fresh, and `then` may turn them."""

    then: Callable[[float], None] = lambda passed: None
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.now

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.then(self.now - self.began)
        Endpoint.objects.update(probed_at=datetime.fromtimestamp(self.now, UTC))


def turn_down(*regions: str) -> None:
    for region in regions:
        served.turn(region, Status.DOWN)


def regions_of(world: Memory) -> set[str]:
    return {key[2] for key in world.records if key[0] == served.HOST and key[1] == "A"}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Memory:
    return served.serving(monkeypatch)[1]


def test_a_region_whose_neighbours_fell_ill_meanwhile_stays_in_rotation(world: Memory) -> None:
    """Held for a minute, then a person is asked; nothing that the records need was taken away."""
    Deploy(served.edit(regions=ONE_LESS), builders.COMMAND).execute()
    turn_down(*ONE_LESS)

    clock = Probed()
    outcome = served.converge(world, clock)

    assert isinstance(outcome, Failed)
    assert outcome.error.startswith("the guard last_healthy refuses: ap-southeast-1 would leave rotation")
    assert "--override-guard last_healthy" in outcome.mend
    assert clock.now - clock.began >= HOLD_S
    assert regions_of(world) == set(served.REGIONS)
    there = {thing.ref.kind for thing in world.things.values() if thing.ref.scope == "ap-southeast-1"}
    assert {"lambda_function", "apigatewayv2_domain"} <= there


def test_once_a_neighbour_is_well_again_the_worker_goes_on(world: Memory) -> None:
    Deploy(served.edit(regions=ONE_LESS), builders.COMMAND).execute()
    turn_down(*ONE_LESS)

    outcome = served.converge(
        world, Probed(then=lambda passed: served.turn("us-west-2", "up") if passed > 20 else None)
    )

    assert outcome == Succeeded()
    assert regions_of(world) == set(ONE_LESS)


def test_what_was_overridden_for_the_deploy_is_overridden_for_the_worker(world: Memory) -> None:
    turn_down(*ONE_LESS)
    override = Override(("last_healthy",), "they are ill anyway")
    Deploy(served.edit(regions=ONE_LESS), builders.COMMAND, override=override).execute()

    assert served.converge(world, Probed()) == Succeeded()
    assert regions_of(world) == set(ONE_LESS)


def test_a_retry_keeps_the_override_only_of_who_may(world: Memory) -> None:
    turn_down(*ONE_LESS)
    override = Override(("last_healthy",), "they are ill anyway")
    first = Deploy(served.edit(regions=ONE_LESS), builders.COMMAND, override=override).execute()
    Operation.objects.filter(pk=first.pk).update(status="failed")

    again = Retry(Operation.objects.get(pk=first.pk), builders.COMMAND).execute()
    assert again.override == first.override


def test_the_old_region_goes_only_once_the_new_one_is_known_to_be_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan may replace the last region: who joins first has to answer."""
    _, world = served.serving(monkeypatch, regions=["us-west-2"])
    Deploy(served.edit(regions=["eu-central-1"]), builders.COMMAND).execute()
    seen: list[set[str]] = []

    def then(passed: float) -> None:
        seen.append(regions_of(world))
        if passed > 30:
            served.turn("eu-central-1", "up")

    assert served.converge(world, Probed(then=then)) == Succeeded()
    assert {"us-west-2", "eu-central-1"} in seen
    assert all(seen), "the name never loses all its answers"
    assert regions_of(world) == {"eu-central-1"}
