"""Children that end are started again, three strikes end everything, and nothing outlives the supervisor."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest

from demo.processes import Guard, marked
from demo.supervisor import Child, GaveUpError, Supervisor
from tests.demo.waiting import wait_until

# A child that has a child of its own, tells both ids, and goes on for ever.
FAMILY = """
import os, subprocess
one = subprocess.Popen(["sleep", "600"])
print(os.getpid(), one.pid, flush=True)
one.wait()
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)


def python(name: str, code: str, **more: object) -> Child:
    return Child(name, [sys.executable, "-u", "-c", code], {"PATH": os.environ["PATH"]}, **more)  # type: ignore[arg-type]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    with (
        Guard(str(tmp_path)) as guard,
        Supervisor(tmp_path / "log", guard=guard, say=said.append, grace_s=1) as supervisor,
    ):
        yield supervisor


def log(tmp_path: Path, name: str) -> str:
    path = tmp_path / "log" / f"{name}.log"
    return path.read_text() if path.exists() else ""


def lives(pid: int) -> bool:
    return bool(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)


def test_child_that_is_killed_is_started_again_with_a_line_that_says_so(
    supervisor: Supervisor, tmp_path: Path, said: list[str]
) -> None:
    supervisor.start(python("worker", FAMILY))
    assert supervisor.wait_until(lambda: log(tmp_path, "worker").count("\n") == 1, within_s=20)
    parent, grandchild = map(int, log(tmp_path, "worker").split())

    os.kill(parent, signal.SIGKILL)

    assert supervisor.wait_until(lambda: log(tmp_path, "worker").count("\n") == 2, within_s=20)
    assert said == ["worker ended by SIGKILL; starting it again"]
    assert not lives(grandchild)


def test_same_child_three_times_ends_everything_with_its_last_lines(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.start(python("good", FAMILY), python("bad", "print('no such table'); raise SystemExit(3)"))

    with pytest.raises(GaveUpError, match=r"(?s)bad ended with exit code 3, for the third time.*\| no such table"):
        supervisor.watch()

    assert said == ["bad ended with exit code 3; starting it again"] * 2


def test_two_children_that_end_twice_each_are_no_reason_to_give_up(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python("one", FAMILY), python("two", FAMILY))
    for starts in (1, 2):
        for name in ("one", "two"):
            assert supervisor.wait_until(lambda n=name, s=starts: log(tmp_path, n).count("\n") == s, within_s=20)  # type: ignore[misc]
            os.kill(int(log(tmp_path, name).splitlines()[-1].split()[0]), signal.SIGKILL)

    assert supervisor.wait_until(lambda: log(tmp_path, "two").count("\n") == 3, within_s=20)


def test_start_waits_until_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python("slow", FAMILY, ready=lambda: "\n" in log(tmp_path, "slow")))

    assert log(tmp_path, "slow").count("\n") == 1


def test_child_that_never_becomes_ready_is_given_up(supervisor: Supervisor) -> None:
    with pytest.raises(GaveUpError, match="never is not ready after 0 s"):
        supervisor.start(python("never", FAMILY, ready=lambda: False), within_s=0)


def test_command_that_fails_is_told_with_its_last_lines(supervisor: Supervisor) -> None:
    with pytest.raises(GaveUpError, match=r"(?s)migrate ended with exit code 1.*\| ZeroDivisionError"):
        supervisor.run("migrate", [sys.executable, "-c", "1 / 0"], {})


def test_end_ends_the_last_group_first_and_grandchildren_too(tmp_path: Path) -> None:
    ends = "import signal, time\ndef end(*_):\n print('end', time.monotonic(), flush=True); raise SystemExit\n"
    ends += "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(600)"
    with Guard(str(tmp_path)) as guard, Supervisor(tmp_path / "log", guard=guard, say=print) as supervisor:
        for name in ("engine", "web"):
            supervisor.start(python(name, ends, ready=lambda n=name: "up" in log(tmp_path, n)))
        supervisor.start(python("family", FAMILY, ready=lambda: "\n" in log(tmp_path, "family")))

    ended_s = {name: float(log(tmp_path, name).split()[-1]) for name in ("engine", "web")}
    assert ended_s["web"] < ended_s["engine"]
    assert not any(lives(int(pid)) for pid in log(tmp_path, "family").split())


def test_child_that_ignores_the_request_is_killed_after_its_grace(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(python("stubborn", STUBBORN, ready=lambda: "deaf" in log(tmp_path, "stubborn")))
    (pid,) = (process.pid for process in marked(str(tmp_path)))

    supervisor.end()

    assert not lives(pid)


def test_nothing_is_left_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from demo.processes import Guard
from demo.supervisor import Child, Supervisor
import sys
home = Path({str(tmp_path)!r})
family = [sys.executable, "-c", {FAMILY!r}]
supervisor = Supervisor(home / "log", guard=Guard(str(home)), say=print)
supervisor.start(Child("one", family, {{}}), Child("two", family, {{}}))
supervisor.watch()
"""
    owner = psutil.Popen([sys.executable, "-c", code])
    wait_until(lambda: log(tmp_path, "one").count("\n") == 1 and log(tmp_path, "two").count("\n") == 1)
    pids = [int(pid) for pid in re.findall(r"\d+", log(tmp_path, "one") + log(tmp_path, "two"))]
    assert all(lives(pid) for pid in pids)

    owner.kill()
    owner.wait()

    wait_until(lambda: not any(lives(pid) for pid in pids))


def test_guard_that_was_killed_is_replaced(tmp_path: Path) -> None:
    def guards() -> list[psutil.Process]:
        return [one for one in psutil.Process().children() if lives(one.pid) and str(tmp_path) in one.cmdline()]

    sleeper = psutil.Popen(["sleep", "600"])
    with Guard(str(tmp_path)) as guard:
        (first,) = guards()
        first.kill()
        wait_until(lambda: not guards())

        guard.watch(sleeper.pid)

        assert len(guards()) == 1
    assert not lives(sleeper.pid)
    sleeper.wait()
