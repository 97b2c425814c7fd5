"""A pytest plugin: every call that the product sends through its one door is covered by the policy that we print.

    regions/aws.py makes a client → its calls are heard → needs → granted or not → told by the process that was started

Who asks is read from the stack: the kind (or sync, …) whose file the call comes from. Calls that a test makes itself
through the door are no calls of the product. After a whole run, what was granted and never needed is told too. Never
stops a call, and hears nothing of other processes: a story's own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.permissions.judge import Use, granted, unused
from tests.permissions.needs import Asked, needs

ROOT = Path(__file__).parents[2]
KINDS = "deployments/providers/aws/kinds/"
ELSEWHERE = {
    "deployments/providers/aws/lag.py": "lag",
    "deployments/providers/aws/objects.py": "objects",
    "deployments/providers/aws/records.py": "route53_record",
    "deployments/providers/aws/usage.py": "usage",
    "regions/sync.py": "sync",
}
PASSED_THROUGH = (
    "regions/aws.py",
    "deployments/providers/aws/kind.py",
    "deployments/providers/aws/health_checks.py",
)
OUTPUT = "aws_calls"


class Recorder:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._used: set[Use] = set()
        self._refused: set[str] = set()
        self._problems: list[str] = []

    @property
    def _works_for_another(self) -> bool:
        return hasattr(self._config, "workerinput")

    def pytest_sessionstart(self) -> None:
        from regions import aws

        make = aws._make

        def heard(access: Any, service: str, region: str, *, read_timeout_s: float) -> Any:
            made = make(access, service, region, read_timeout_s=read_timeout_s)
            made.meta.events.register_first(
                "provide-client-params",
                lambda params, model, **_: self._hear(Asked(model, params, made.meta.region_name, access.account_id)),
            )
            return made

        aws._make = heard

    def _hear(self, asked: Asked) -> None:
        from deployments.providers.aws.policy import grants

        by = _asker()
        if by is None:
            return
        for need in needs(asked):
            use = granted(need, by, grants())
            if use is not None:
                self._used.add(use)
            else:
                self._refused.add(f"{by}: {need.action} on {need.arn} ({asked.model.name})")

    @pytest.hookimpl(optionalhook=True)  # xdist's
    def pytest_testnodedown(self, node: Any) -> None:
        told = getattr(node, "workeroutput", {}).get(OUTPUT)
        if told:
            self._used.update(tuple(use) for use in told["used"])
            self._refused.update(told["refused"])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self._works_for_another:
            told = {"used": [list(use) for use in self._used], "refused": sorted(self._refused)}
            self._config.workeroutput[OUTPUT] = told  # type: ignore[attr-defined]  # xdist's way back
            return
        self._problems = [f"called, and not in the policy: {line}" for line in sorted(self._refused)]
        if exitstatus == pytest.ExitCode.OK and whole(self._config):
            from deployments.providers.aws.policy import grants

            self._problems += [
                f"in the policy, and never called: {name}: {action} on {pattern}"
                for name, action, pattern in unused(self._used, grants())
            ]
        if self._problems and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._problems:
            terminalreporter.section("least privilege (manage.py iam)", red=True, bold=True)
            for problem in self._problems:
                terminalreporter.line(problem, red=True)
            terminalreporter.line("Mend: the `grants` of the kind, in deployments/providers/aws/kinds/.")


def whole(config: pytest.Config) -> bool:
    """Whether nothing was left out: no path, keyword, marker, deselection or earlier failures chosen."""
    option = config.option
    chosen = ("keyword", "markexpr", "deselect", "lf", "stepwise", "collectonly")
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not any(
        getattr(option, name, None) for name in chosen
    )


def _asker() -> str | None:
    """Who made this call; None: a test itself."""
    for path in _files():
        if path.startswith(KINDS):
            return path.removeprefix(KINDS).removesuffix(".py")
        if path in ELSEWHERE:
            return ELSEWHERE[path]
        if path.startswith("tests/"):
            return None
        if not path.startswith(".venv") and path not in PASSED_THROUGH:
            return path
    return None


def _files() -> Iterator[str]:
    """The project's files on the stack, the innermost first, below this one."""
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]
        path = frame.f_code.co_filename
        if path.startswith(f"{ROOT}/") and path != __file__:
            yield path.removeprefix(f"{ROOT}/")
