"""The recorder makes a run fail that has called what the policy does not allow, or, where it was whole, too little."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from deployments.providers.aws.policy import grants
from tests.permissions import recorder
from tests.permissions.needs import Asked
from tests.permissions.recorder import OUTPUT, Recorder, whole

WHOLE = pytest.Config.ArgsSource.TESTPATHS
SESSION = botocore.session.get_session()


def config(source: pytest.Config.ArgsSource = WHOLE, **chosen: Any) -> Any:
    return SimpleNamespace(args_source=source, option=SimpleNamespace(**chosen))


def asked(service: str, operation: str, **params: object) -> Asked:
    return Asked(SESSION.get_service_model(service).operation_model(operation), params, "us-west-2", "111122223333")


def finished(one: Recorder, exitstatus: int = pytest.ExitCode.OK) -> tuple[int, list[str]]:
    """The exit status of the run, and the lines that are told."""
    session: Any = SimpleNamespace(exitstatus=exitstatus)
    one.pytest_sessionfinish(session, exitstatus)
    told: list[str] = []
    one.pytest_terminal_summary(
        SimpleNamespace(section=lambda *_, **__: None, line=lambda text, **__: told.append(text))
    )
    return session.exitstatus, told


def test_a_call_that_is_not_in_the_policy_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_asker", lambda: "iam_role")
    one = Recorder(config(keyword="some"))

    one._hear(asked("iam", "ListRoles"))

    status, told = finished(one)
    assert status == pytest.ExitCode.TESTS_FAILED
    assert told[0] == "called, and not in the policy: iam_role: iam:ListRoles on * (ListRoles)"


def test_a_part_of_the_suite_may_leave_grants_unused() -> None:
    assert finished(Recorder(config(keyword="some"))) == (pytest.ExitCode.OK, [])


def test_the_whole_suite_may_not() -> None:
    status, told = finished(Recorder(config()))

    every = sum(len(each.actions) * len(each.on) for asked in grants().values() for each in asked)
    assert status == pytest.ExitCode.TESTS_FAILED
    assert len(told) == every + 1


def test_a_run_that_failed_anyway_is_not_blamed_for_what_it_left_out() -> None:
    assert finished(Recorder(config()), pytest.ExitCode.TESTS_FAILED) == (pytest.ExitCode.TESTS_FAILED, [])


def test_a_call_of_a_test_itself_is_no_call_of_the_product() -> None:
    one = Recorder(config(keyword="some"))

    one._hear(asked("iam", "ListRoles"))

    assert finished(one) == (pytest.ExitCode.OK, [])


def test_what_workers_heard_comes_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_asker", lambda: "iam_role")
    worker = Recorder(SimpleNamespace(workerinput={}, workeroutput={}))
    worker._hear(asked("iam", "ListRoles"))
    worker.pytest_sessionfinish(SimpleNamespace(), pytest.ExitCode.OK)
    controller = Recorder(config(keyword="some"))

    controller.pytest_testnodedown(SimpleNamespace(workeroutput={OUTPUT: worker._config.workeroutput[OUTPUT]}))

    assert finished(controller)[0] == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize(
    ("chosen", "is_whole"),
    [
        (config(), True),
        (config(pytest.Config.ArgsSource.ARGS), False),
        (config(keyword="kinds"), False),
        (config(markexpr="not e2e"), False),
        (config(deselect=["tests/x.py"]), False),
        (config(lf=True), False),
    ],
)
def test_a_run_is_whole_where_nothing_was_chosen(chosen: Any, is_whole: bool) -> None:
    assert whole(chosen) is is_whole
