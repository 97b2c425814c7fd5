"""`manage.py pause`, `resume` and `drift`: what they do and what they say."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from deployments.models import Drift, Pause, Service
from deployments.providers.memory import Memory
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def ledger() -> Service:
    builders.account()
    draft = builders.service(builders.table_only("ledger"))
    builders.deployed(draft)
    return draft


def said(capsys: pytest.CaptureFixture[str], *command: str, **options: object) -> str:
    call_command(*command, **options)
    return capsys.readouterr().out


def test_one_service_is_paused_and_resumed(ledger: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert "ledger: paused by a command: OPS-12" in said(capsys, "pause", "ledger", reason="OPS-12")
    assert [str(pause) for pause in Pause.objects.all()] == ["ledger is paused"]

    assert said(capsys, "resume", "ledger") == "ledger: resumed\n"
    assert not Pause.objects.exists()
    assert said(capsys, "resume", "ledger") == "ledger: was not paused\n"


def test_resuming_everything_tells_what_is_paused_still(ledger: Service, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "pause", "ledger")
    assert said(capsys, "pause").startswith("everything: paused by a command")

    assert said(capsys, "resume") == "everything: resumed\nstill paused: ledger\n"


def test_a_service_that_is_none_is_told_with_those_that_are(ledger: Service) -> None:
    with pytest.raises(CommandError, match='there is no service "ldger"; there are: ledger'):
        call_command("pause", "ldger")


def test_drift_says_what_differs_and_since_when(
    ledger: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The world is empty, and the last operation did not reach the release: nothing of it is made by itself."""
    monkeypatch.setattr("deployments.actions.check_drift.provider_for", lambda stack: Memory())

    told = said(capsys, "drift")

    assert "ledger: dynamodb_table entries (us-west-2): it is gone from AWS" in told
    assert "found 20" in told
    assert Drift.objects.filter(state="found").count() == 2
