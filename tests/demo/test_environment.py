"""The environment is made from the lock files, and one that is half made is not taken for whole."""

import shutil
import sys
from pathlib import Path

import pytest

from demo import environment
from demo.environment import SetupError, fingerprint, set_up


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in environment.REQUIREMENTS:
        (tmp_path / name).write_text("")
    return tmp_path


def whole(project: Path) -> Path:
    """What looks like an environment that runs."""
    programs = project / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    (programs / "uv").write_text("")
    return programs.parent


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 10**6))


@pytest.mark.usefixtures("full_disk")
def test_full_disk_is_told_before_anything_is_made(project: Path) -> None:
    with pytest.raises(SetupError, match=r"the disk is too full: 800 MB are needed in .*, 1 MB are free"):
        set_up(project)

    assert not (project / ".venv").exists()


@pytest.mark.usefixtures("full_disk")
def test_whole_environment_is_left_alone(project: Path) -> None:
    stamp = whole(project) / f".locked-{fingerprint(project)}"
    stamp.touch()

    set_up(project)

    assert stamp.exists()


@pytest.mark.usefixtures("full_disk")
def test_environment_without_its_stamp_is_made_anew(project: Path) -> None:
    whole(project)

    with pytest.raises(SetupError, match="the disk is too full"):  # it starts from nothing, and gets no further
        set_up(project)


@pytest.mark.parametrize("name", environment.REQUIREMENTS)
def test_fingerprint_changes_with_each_lock_file(project: Path, name: str) -> None:
    before = fingerprint(project)

    (project / name).write_text("django==5.2.19\n")

    assert fingerprint(project) != before
