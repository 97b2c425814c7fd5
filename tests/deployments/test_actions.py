"""Actions: the same permission behind every door, and no race between two who act at once."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from deployments import manifests
from deployments.actions.actor import Actor, Via
from deployments.actions.cancel import Cancel
from deployments.actions.deploy import Deploy
from deployments.actions.destroy import Destroy
from deployments.actions.draft import etag
from deployments.actions.plan_service import PlanService
from deployments.actions.refused import ActionRefused
from deployments.actions.retry import Retry
from deployments.actions.save_manifest import SaveManifest
from deployments.actions.upload_artifact import UploadArtifact
from deployments.models import Operation, Release, Service, Stack
from regions.models import AccountRegion
from tests import builders

ACTIONS: dict[str, Callable[[Service, Actor], Any]] = {
    "save": lambda service, actor: SaveManifest(manifests.manifest_of(service), actor, service),
    "upload": lambda service, actor: UploadArtifact(service, io.BytesIO(builders.zipped()), actor),
    "plan": lambda service, actor: PlanService(service, actor),
    "deploy": lambda service, actor: Deploy(service, actor),
    "destroy": lambda service, actor: Destroy(service, actor),
    "cancel": lambda service, actor: Cancel(Operation.objects.get(), actor),
    "retry": lambda service, actor: Retry(Operation.objects.get(), actor),
}


@pytest.mark.django_db
@pytest.mark.parametrize("via", ["api", "admin", "page"])
@pytest.mark.parametrize("verb", ACTIONS)
def test_viewer_and_nobody_are_refused_behind_every_door(verb: str, via: Via) -> None:
    """By the action itself, whatever its door has asked before."""
    builders.account()
    stack = builders.deployed(builders.service())
    assert stack.service is not None

    for user in (builders.viewer(), None):
        action = ACTIONS[verb](stack.service, Actor(user, via))
        for attempt in (action.check, action.execute):
            with pytest.raises(ActionRefused) as refused:
                attempt()
            assert (refused.value.status, refused.value.code) == (403, "permission_denied")
    assert Operation.objects.count() == 1


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Run the actions in threads that start together; what each returned or raised."""
    gate, outcomes = threading.Barrier(len(actions)), [None] * len(actions)

    def run(index: int) -> None:
        gate.wait(timeout=30)
        try:
            outcomes[index] = actions[index]()
        except ActionRefused as error:
            outcomes[index] = error  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[index]) for index in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_of_two_deploys_at_once_one_is_refused() -> None:
    """One open operation a stack, whoever comes first."""
    builders.account()
    service = builders.service()

    outcomes = at_once(*[Deploy(service, builders.COMMAND).execute] * 2)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ActionRefused", "Operation"]
    refused = next(outcome for outcome in outcomes if isinstance(outcome, ActionRefused))
    assert (refused.code, refused.more["operation"]) == ("operation_open", Operation.objects.get().pk)
    assert (Stack.objects.count(), Release.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_of_two_edits_of_one_state_one_is_stale() -> None:
    """Nobody's edit is lost silently."""
    builders.account()
    service = builders.service()
    seen = etag(service)
    edits = [
        SaveManifest(manifests.read(builders.table_only(stage=stage)), builders.COMMAND, service, seen).execute
        for stage in ("beta", "prod")
    ]

    outcomes = at_once(*edits)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ActionRefused", "Service"]
    assert next(outcome.code for outcome in outcomes if isinstance(outcome, ActionRefused)) == "stale_write"


@pytest.mark.django_db
def test_draft_stays_readable_where_the_world_moved_on() -> None:
    """A region that AWS took away makes a draft undeployable, not unreadable."""
    builders.account()
    service = builders.service()
    AccountRegion.objects.filter(region__code="us-west-2").delete()

    assert manifests.manifest_of(service).region_codes == ("us-west-2", "eu-central-1")
    with pytest.raises(ActionRefused, match="us-west-2"):
        Deploy(service, builders.COMMAND).execute()


@pytest.mark.django_db
def test_service_that_stands_in_one_account_is_not_deployed_to_another() -> None:
    """It would be left over there."""
    builders.account()
    builders.account("other", "111111111111", zone="other.test")
    stack = builders.deployed(builders.service(builders.table_only(account="demo")))
    moved = SaveManifest(
        manifests.read(builders.table_only(account="other")), builders.COMMAND, stack.service
    ).execute()

    for action in (Deploy(moved, builders.COMMAND), PlanService(moved, builders.COMMAND)):
        with pytest.raises(ActionRefused) as refused:
            action.execute()
        assert refused.value.code == "account_fixed"


@pytest.mark.django_db(transaction=True)
def test_files_of_artifacts_go_with_their_service() -> None:
    """And no sooner: where its deletion is taken back, its code is still there."""
    builders.account()
    service = builders.service()
    artifact = UploadArtifact(service, io.BytesIO(builders.zipped()), builders.COMMAND).execute()
    stored = Path(artifact.file.path)

    with transaction.atomic():
        service.delete()
        transaction.set_rollback(True)
    kept = stored.exists()
    Destroy(Service.objects.get(), builders.COMMAND).execute()

    assert (kept, stored.exists()) == (True, False)


@pytest.mark.django_db(transaction=True)
def test_same_code_of_another_service_stays() -> None:
    builders.account()
    ledger, other = builders.service(), builders.service(builders.table_only("other"))
    upload = [UploadArtifact(each, io.BytesIO(builders.zipped()), builders.COMMAND) for each in (ledger, other)]
    gone, kept = (one.execute() for one in upload)

    Destroy(ledger, builders.COMMAND).execute()

    assert gone.sha256 == kept.sha256
    assert (Path(gone.file.path).exists(), Path(kept.file.path).exists()) == (False, True)


@pytest.mark.django_db
def test_service_reborn_takes_its_old_stack() -> None:
    """With what was retained of it, so that its data is found again."""
    builders.account()
    stack = builders.deployed(builders.service())
    assert stack.service is not None
    stack.service.delete()
    Stack.objects.update(release=None)
    stack.resources.update(state="retained")

    Deploy(builders.service(), builders.COMMAND).execute()

    reborn = Stack.objects.get()
    assert (reborn.pk, reborn.service, reborn.resources.count()) == (stack.pk, Service.objects.get(), 2)
