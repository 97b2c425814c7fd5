"""Artifacts: which zips are taken, why others are not, and that the same folder is the same zip."""

import contextlib
import io
import os
import stat
import struct
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments import artifacts
from deployments.artifacts import ArtifactError, ArtifactInfo, check_handler, inspect, make_zip


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return buffer.getvalue()


def entry(name: str, mode: int = 0, attributes: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (mode << 16) | attributes
    return info


def refusal(source: bytes) -> str:
    with pytest.raises(ArtifactError) as error:
        inspect(source)
    assert error.value.mend
    return error.value.message


CODE = zipped(("get_key.py", b"def main(event, context): ..."), ("lib/", b""), ("lib/util.py", b"x" * 1000))


@pytest.mark.parametrize("source", [CODE, io.BytesIO(CODE)], ids=["bytes", "file"])
def test_a_zip_is_known_by_its_bytes_and_its_files(source: bytes | io.BytesIO) -> None:
    assert inspect(source) == ArtifactInfo(
        sha256=sha256(CODE).hexdigest(),
        size_bytes=len(CODE),
        unzipped_bytes=1029,
        names=("get_key.py", "lib/util.py"),
    )


@pytest.mark.parametrize("source", [b"", b"x", b"not a zip" * 20, CODE[:-10], CODE[: len(CODE) // 2], b"PK\x05\x06"])
def test_what_is_no_zip_is_told_apart(source: bytes) -> None:
    assert refusal(source) == "this is not a zip"


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../up.py",
        "a/../../up.py",
        "a/./b.py",
        "./a.py",
        "a//b.py",
        "..",
        "C:/x.py",
        "a\\b.py",
        "a\nb.py",
        "/",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    placeholder = "Q" * len(name)  # zipfile would tidy such names up, so they are put in afterwards
    evil = zipped((placeholder, b"")).replace(placeholder.encode(), name.encode())
    assert refusal(evil) == f"the name {name!r} leads out of the zip or is no path"


def test_a_nul_in_a_name_is_refused() -> None:
    assert "leads out of the zip or is no path" in refusal(zipped(("a_b.py", b"")).replace(b"a_b.py", b"a\0b.py"))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(kind: int) -> None:
    assert refusal(zipped((entry("x", kind | 0o644), b"/etc/passwd"))) == "'x' is a link or a device"


def test_plain_files_and_folders_of_any_system_are_taken() -> None:
    source = zipped(
        (entry("unix.py", stat.S_IFREG | 0o755), b""),
        (entry("d/", stat.S_IFDIR | 0o755, 0x10), b""),
        (entry("dos.py"), b""),
    )
    assert inspect(source).names == ("dos.py", "unix.py")


def test_an_encrypted_entry_is_refused() -> None:
    source = bytearray(zipped(("a.py", b"x")))
    source[source.rindex(b"PK\x01\x02") + 8] |= 0x1
    assert refusal(bytes(source)) == "'a.py' is encrypted"


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_lambda_does_not_know_is_refused(compression: int) -> None:
    assert refusal(zipped(("a.py", b"x" * 99), compression=compression)) == (
        "'a.py' is compressed in a way that Lambda can't read"
    )


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a.py", "a.py"), "'a.py' is there twice"),
        (("a", "a/"), "'a/' is there twice"),
        (("a/b.py", "a"), "'a' is there twice"),
        (("a", "a/b.py"), "'a' is both file and folder"),
    ],
)
def test_two_entries_of_one_name_are_refused(names: tuple[str, ...], message: str) -> None:
    assert refusal(zipped(*((name, b"") for name in names))) == message


def test_a_folder_may_be_named_and_named_again() -> None:
    assert inspect(zipped(("a/b.py", b""), ("a/", b""), ("c/", b""))).names == ("a/b.py",)


def test_a_zip_without_a_file_is_refused() -> None:
    assert refusal(zipped()) == refusal(zipped(("d/", b""))) == "the zip holds no file"


def test_a_zip_that_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "MAX_ZIP_BYTES", len(CODE) - 1)
    assert refusal(CODE) == f"the zip has more than {len(CODE) - 1} bytes"
    monkeypatch.setattr(artifacts, "MAX_ZIP_BYTES", len(CODE))
    assert inspect(CODE).size_bytes == len(CODE)


def test_a_bomb_is_refused_by_what_it_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped(*((f"{number}", b"\0" * 1_000_000) for number in range(3)))
    assert len(bomb) < 10_000
    monkeypatch.setattr(artifacts, "MAX_UNZIPPED_BYTES", 3_000_000)
    assert inspect(bomb).unzipped_bytes == 3_000_000
    monkeypatch.setattr(artifacts, "MAX_UNZIPPED_BYTES", 2_999_999)
    assert refusal(bomb) == "unzipped it has 3000000 bytes, Lambda takes 2999999"


def test_the_limits_are_those_of_lambda() -> None:
    assert (artifacts.MAX_ZIP_BYTES, artifacts.MAX_UNZIPPED_BYTES) == (50 * 2**20, 250 * 2**20)


@pytest.mark.parametrize("declared", [10, 100_000])
def test_an_entry_that_lies_about_its_size_is_damaged(declared: int) -> None:
    source = bytearray(zipped(("a.py", b"x" * 1000)))
    struct.pack_into("<L", source, source.rindex(b"PK\x01\x02") + 24, declared)
    assert refusal(bytes(source)).startswith("the zip is damaged: ")


def test_an_entry_with_the_right_checksum_but_fewer_bytes_is_damaged() -> None:
    source = bytearray(zipped(("a.py", b"x"), compression=zipfile.ZIP_STORED))
    struct.pack_into("<L", source, source.rindex(b"PK\x01\x02") + 24, 2)
    assert refusal(bytes(source)) == "the zip is damaged: a.py declares 2 bytes and has 1"


def test_a_flipped_byte_is_damage() -> None:
    source = bytearray(zipped(("a.py", bytes(range(256))), compression=zipfile.ZIP_STORED))
    source[60] ^= 0xFF
    assert refusal(bytes(source)).startswith("the zip is damaged: Bad CRC-32")


def test_a_directory_that_would_fill_memory_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    many = zipped(*((f"{number}", b"") for number in range(4)))
    monkeypatch.setattr(artifacts, "MAX_ENTRIES", 3)
    assert refusal(many) == "the zip has more than 3 entries"
    monkeypatch.setattr(artifacts, "MAX_ENTRIES", 4)
    monkeypatch.setattr(artifacts, "MAX_DIRECTORY_BYTES", 4 * 46)
    assert refusal(many) == "the zip has more than 4 entries"


def test_the_64_bit_form_is_refused() -> None:
    at = CODE.rindex(b"PK\x05\x06")
    assert refusal(CODE[:at] + b"PK\x06\x07" + bytes(16) + CODE[at:]) == "this is a 64-bit zip"


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_damage_gives_another_error(data: st.DataObject) -> None:
    source = bytearray(CODE)
    for _ in range(data.draw(st.integers(1, 4))):
        source[data.draw(st.integers(0, len(source) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ArtifactError):
        assert inspect(bytes(source)).names


# --- handlers ---

NAMES = ("get_key.py", "put_key.py", "pkg/__init__.py", "pkg/sub/views.py", "native.so", "index.js", "dist/app.mjs")


@pytest.mark.parametrize(
    ("handler", "runtime"),
    [
        ("get_key.main", "python3.12"),
        ("pkg.main", "python3.12"),
        ("pkg.sub.views.main", "python3.12"),
        ("pkg/sub/views.main", "python3.12"),
        ("native.main", "python3.12"),
        ("index.handler", "nodejs22.x"),
        ("dist/app.handler", "nodejs22.x"),
        ("index.api.handler", "nodejs22.x"),
        ("anything", "provided.al2023"),
        ("com.example.Handler::handle", "java21"),
    ],
)
def test_a_handler_in_the_zip_is_fine(handler: str, runtime: str) -> None:
    assert check_handler(NAMES, handler, runtime) is None


@pytest.mark.parametrize(
    ("handler", "runtime", "why"),
    [
        ("main", "python3.12", 'handler "main" names no function of a module; write module.function'),
        ("get_key.", "python3.12", 'handler "get_key." names no function of a module; write module.function'),
        ("index", "nodejs22.x", 'handler "index" names no function of a module; write module.function'),
        (
            "get_kye.main",
            "python3.12",
            'handler "get_kye.main" needs get_kye.py, which is not in the zip; did you mean "get_key.main"?',
        ),
        (
            "dist/ap.handler",
            "nodejs22.x",
            'handler "dist/ap.handler" needs dist/ap.js, which is not in the zip; did you mean "dist/app.handler"?',
        ),
        (
            "zzz.main",
            "python3.12",
            'handler "zzz.main" needs zzz.py, which is not in the zip; '
            "zip the folder's content, not the folder itself",
        ),
    ],
)
def test_a_handler_that_is_not_in_the_zip_says_what_was_meant(handler: str, runtime: str, why: str) -> None:
    assert check_handler(NAMES, handler, runtime) == why


# --- zips of our own ---


def folder(path: Path) -> Path:
    (path / "pkg" / "__pycache__").mkdir(parents=True)
    (path / "b.py").write_text("b")
    (path / "a.py").write_text("a")
    (path / "pkg" / "c.py").write_text("c")
    (path / "pkg" / "__pycache__" / "c.pyc").write_text("cache")
    (path / "bootstrap").write_text("#!/bin/sh")
    (path / "bootstrap").chmod(0o755)
    return path


def test_the_same_folder_is_the_same_zip_at_any_time_and_place(tmp_path: Path) -> None:
    one, other = folder(tmp_path / "one"), folder(tmp_path / "other")
    os.utime(other / "a.py", (0, 0))
    assert make_zip(one) == make_zip(other)
    (other / "a.py").write_text("A")
    assert make_zip(one) != make_zip(other)


def test_a_folders_zip_holds_its_files_and_who_may_run_them(tmp_path: Path) -> None:
    source = make_zip(folder(tmp_path / "code"))
    assert inspect(source).names == ("a.py", "b.py", "bootstrap", "pkg/c.py")
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        modes = {info.filename: oct(info.external_attr >> 16) for info in archive.infolist()}
    assert modes == {"a.py": "0o100644", "b.py": "0o100644", "bootstrap": "0o100755", "pkg/c.py": "0o100644"}


def test_a_folder_that_cannot_be_a_zip_says_why(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="is not a folder"):
        make_zip(tmp_path / "absent")
    with pytest.raises(ArtifactError, match="holds no file"):
        make_zip(tmp_path)
    (tmp_path / "link.py").symlink_to("/etc/hostname")
    with pytest.raises(ArtifactError, match="is a symbolic link"):
        make_zip(tmp_path)
