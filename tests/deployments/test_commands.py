"""Commands: plan, deploy, destroy and apply, as an operator types them."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.db import connection

from demo import service
from deployments import artifacts, manifests
from deployments.manifest import render
from deployments.models import Artifact, Operation, Service, Step
from deployments.plan.model import Action, Change, Difference, Plan, Ref
from deployments.plan.preflight import Preflight
from deployments.preview import PlanView
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _account(db: None) -> None:
    builders.account()


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> PlanView:
    """A world in which one function is to be updated."""
    change = Change(
        Ref("ledger", "lambda_function", "us-west-2", "get"),
        Action.UPDATE,
        "it differs",
        differences=(Difference("memory_mb", 128, 512),),
    )
    view = PlanView(Plan((change,)), "digest", 7.0)
    monkeypatch.setattr("deployments.actions.plan_service.preview", lambda *args, **kwargs: view)
    monkeypatch.setattr("deployments.actions.plan_service.preflight", lambda *args: Preflight())
    return view


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_plan_shows_lines_and_what_rates_cost(planned: PlanView, capsys: pytest.CaptureFixture[str]) -> None:
    builders.service()

    run("plan", "ledger")

    shown = capsys.readouterr().out
    assert "lambda_function" in shown
    assert "memory_mb: 128 → 512" in shown
    assert "about 7 s" in shown
    assert not Operation.objects.exists()


def test_unknown_service_names_those_that_are() -> None:
    builders.service()

    with pytest.raises(CommandError, match='no service "legder"; there are: ledger'):
        run("plan", "legder")


def test_refusal_tells_field_and_mend() -> None:
    builders.service(builders.manifest())

    with pytest.raises(CommandError, match=r"components\[1\].artifact: this artifact is not uploaded yet"):
        run("deploy", "keyvalue")


def test_deploy_does_not_wait_when_told_so() -> None:
    builders.service()

    said = run("deploy", "ledger", "--no-wait", "--destroy-data", "entries")

    operation = Operation.objects.get()
    assert said == f"operation {operation.pk}: Deploy ledger r1\n"
    assert (operation.consent, operation.requested_via) == (["entries"], "command")


def ends(status: str, **more: Any) -> threading.Thread:
    """A worker elsewhere: takes the operation as soon as it stands, and ends it so."""

    def work() -> None:
        deadline = time.monotonic() + 30
        try:
            while not (operation := Operation.objects.filter(status="queued").first()):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            Step.objects.create(
                operation=operation, position=0, kind="dynamodb_table", scope="us-west-2", name="entries", status=status
            )
            Operation.objects.filter(pk=operation.pk).update(status=status, **more)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_deploy_follows_to_success(capsys: pytest.CaptureFixture[str]) -> None:
    builders.service()
    worker = ends("succeeded")

    run("deploy", "ledger")

    worker.join()
    assert "Deploy ledger r1: succeeded, 1 changes." in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_failed_deploy_ends_with_error_and_mend() -> None:
    """And an exit code: CommandError is one."""
    builders.service()
    worker = ends("failed", error="create dynamodb_table: LimitExceeded", mend="Ask for a higher quota.")

    with pytest.raises(CommandError, match=r"failed: create dynamodb_table: LimitExceeded\nAsk for a higher quota\."):
        run("deploy", "ledger")
    worker.join()


def test_interrupt_leaves_and_the_operation_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    builders.service()
    monkeypatch.setattr("deployments.commands.time.sleep", interrupt)

    run("deploy", "ledger")

    operation = Operation.objects.get()
    assert f"Operation {operation.pk} goes on without you" in capsys.readouterr().out
    assert operation.status == "queued"


def test_destroy_shows_the_plan_and_takes_the_name(planned: PlanView, capsys: pytest.CaptureFixture[str]) -> None:
    builders.deployed(builders.service())

    run("destroy", "ledger", "--yes-destroy", "ledger", "--destroy-data", "entries", "--no-wait")

    operation = Operation.objects.get(verb="destroy")
    assert operation.consent == ["entries"]
    assert "lambda_function" in capsys.readouterr().out


@pytest.mark.parametrize("typed", ["ledgr", ""])
def test_destroy_without_the_name_does_nothing(planned: PlanView, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    builders.deployed(builders.service())
    monkeypatch.setattr("builtins.input", lambda _: typed)

    with pytest.raises(CommandError, match="nothing was done"):
        run("destroy", "ledger")
    assert not Operation.objects.filter(verb="destroy").exists()


def test_destroy_of_what_was_never_deployed_is_done_at_once(planned: PlanView) -> None:
    builders.service()

    assert "never deployed" in run("destroy", "ledger", "--yes-destroy", "ledger")
    assert not Service.objects.exists()


def test_apply_zips_directories_and_saves(tmp_path: Path) -> None:
    """One folder of two functions is one artifact; a second apply changes nothing."""
    (tmp_path / "handlers").mkdir()
    (tmp_path / "handlers" / "get_key.py").write_text("def main(event, context): ...")
    document = builders.manifest()
    get = document["components"][1]
    del get["artifact"]
    get["directory"] = "handlers/"
    document["components"].append({**get, "name": "put-key", "routes": ["POST /{key}"]})
    file = tmp_path / "service.yaml"
    file.write_text(yaml.safe_dump(document))

    run("apply", "-f", str(file))
    run("apply", "-f", str(file))
    run("deploy", "keyvalue", "--no-wait")

    saved, artifact = Service.objects.get(), Artifact.objects.get()
    named = {component.params["artifact"] for component in saved.components.filter(kind="function")}
    assert (named, saved.revision) == ({f"sha256:{artifact.sha256}"}, 1)


@pytest.mark.parametrize(("verbosity", "logged"), [("1", False), ("2", True)])
def test_events_of_the_log_show_when_asked_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, verbosity: str, logged: bool
) -> None:
    """Else an operator reads the command's own words alone."""
    file = tmp_path / "service.yaml"
    file.write_text(yaml.safe_dump(builders.table_only()))

    with caplog.at_level("INFO"):
        said = run("apply", "-f", str(file), "--verbosity", verbosity)
        run("deploy", "ledger", "--no-wait", "--verbosity", verbosity)

    assert said == "ledger: saved, 0 artifacts uploaded; manage.py plan ledger\n"
    assert bool(caplog.records) == logged


def test_events_are_logged_again_after_a_command(planned: PlanView, caplog: pytest.LogCaptureFixture) -> None:
    """A failed one too."""
    with caplog.at_level("INFO"):
        with pytest.raises(CommandError):
            run("plan", "absent")
        builders.deployed(builders.service())

    assert caplog.records


def test_demo_and_apply_make_the_same_of_the_demos_service() -> None:
    """So that applying its manifest beside a running demo changes nothing."""
    run("apply", "-f", str(service.HERE / "keyvalue.yaml"))
    applied = Service.objects.get()
    sent: list[Any] = []

    class Taken(service.Api):
        def call(self, method: str, path: str, body: Any = None) -> Any:
            sent.append(body)
            return {"id": 1}

        def upload(self, path: str, name: str, content: bytes) -> None:
            assert artifacts.inspect(content).sha256 == applied.artifacts.get().sha256

    service.deploy(Taken("http://127.0.0.1:1", "token"))

    assert manifests.document_of(applied) == render(manifests.read(sent[0]))


def test_apply_tells_problems_of_the_manifest(tmp_path: Path) -> None:
    file = tmp_path / "service.yaml"
    file.write_text(yaml.safe_dump(builders.table_only(routing={"policy": "latensy"})))

    with pytest.raises(CommandError, match=r"routing\.policy"):
        run("apply", "-f", str(file))


@pytest.mark.parametrize(("file", "told"), [("absent.yaml", "No such file"), (".", "directory")])
def test_apply_tells_a_file_that_can_not_be_read(tmp_path: Path, file: str, told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run("apply", "-f", str(tmp_path / file))
