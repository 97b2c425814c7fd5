"""Zips of code: whether Lambda and we can take one, and how one is made from a folder. Pure but for the bytes it reads.

Uploads are checked here before they are stored; nothing is ever unpacked to a disk.
"""

from __future__ import annotations

import io
import posixpath
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from deployments.schema import nearest

# Lambda quotas, developer guide: direct upload of a zip, and its contents unzipped.
MAX_ZIP_BYTES = 50 * 1024 * 1024
MAX_UNZIPPED_BYTES = 250 * 1024 * 1024

# Our own: the directory of a zip is read into memory whole.
MAX_ENTRIES = 20_000
MAX_DIRECTORY_BYTES = 4 * 1024 * 1024

CHUNK_BYTES = 256 * 1024
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can tell: each entry of ours has it, so that the same content is the same zip."""

LEFT_OUT = frozenset({"__pycache__", ".DS_Store", ".git"})

# APPNOTE.TXT 4.3.16 and 4.3.15: the end of the central directory, and the locator of its 64-bit form.
_END = struct.Struct("<4s4H2LH")
_END_MARK = b"PK\x05\x06"
_LOCATOR_MARK = b"PK\x06\x07"
_LOCATOR_BYTES = 20
_COMMENT_BYTES = 65_535
_ENCRYPTED = 0x1

# All that zipfile raises for bytes that are no proper zip.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class ArtifactError(ValueError):
    """A zip that can't be taken: what is wrong (`message`), and what to do (`mend`)."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend


@dataclass(frozen=True)
class ArtifactInfo:
    """What a zip is. `names`: of its files, sorted; folders are left out."""

    sha256: str
    size_bytes: int
    unzipped_bytes: int
    names: tuple[str, ...]


def inspect(source: bytes | BinaryIO) -> ArtifactInfo:
    """Read a zip from its start to its end, every entry included. Raises ArtifactError."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    digest, size = _read(file)
    _directory(file, size)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            names = _names(entries)
            declared = sum(entry.file_size for entry in entries)
            if declared > MAX_UNZIPPED_BYTES:
                raise ArtifactError(
                    f"unzipped it has {declared} bytes, Lambda takes {MAX_UNZIPPED_BYTES}", "leave files out"
                )
            unzipped = sum(_unzipped(archive, entry) for entry in entries)
    except _BROKEN as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"the zip is damaged: {error or type(error).__name__}", "zip the folder again") from error
    return ArtifactInfo(digest, size, unzipped, tuple(sorted(names)))


def check_handler(names: Collection[str], handler: str, runtime: str) -> str | None:
    """Why a zip with files of such names can't have this handler; None where it can, and for runtimes other than Python
    and Node, whose handlers name no file."""
    endings: tuple[str, ...]
    if runtime.startswith("python"):
        module, _, function = handler.rpartition(".")
        module = module.replace(".", "/")
        endings = (".py", ".pyc", ".so", "/__init__.py")
    elif runtime.startswith("nodejs"):
        folder, slash, rest = handler.rpartition("/")
        stem, _, function = rest.partition(".")
        module = f"{folder}{slash}{stem}"
        endings = (".js", ".mjs", ".cjs")
    else:
        return None
    if not (module and function):
        return f'handler "{handler}" names no function of a module; write module.function'
    if any(module + ending in names for ending in endings):
        return None
    missing = f'handler "{handler}" needs {module}{endings[0]}, which is not in the zip'
    modules = {name.removesuffix(ending) for ending in endings for name in names if name.endswith(ending)}
    near = nearest(module, sorted(modules))
    if near is not None:
        return f'{missing}; did you mean "{near}.{function}"?'
    return f"{missing}; zip the folder's content, not the folder itself"


def make_zip(directory: Path) -> bytes:
    """A folder's files as a zip: sorted, without times and owners. Raises ArtifactError."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _files(directory):
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), EPOCH)
            entry.create_system = 3  # Unix, whatever this is: only then do the permissions below count
            executable = path.stat().st_mode & stat.S_IXUSR
            entry.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _files(directory: Path) -> Iterator[Path]:
    if not directory.is_dir():
        raise ArtifactError(f"{directory} is not a folder", "name the folder that holds the handler")
    found = False
    for path in sorted(directory.rglob("*"), key=lambda path: path.relative_to(directory).as_posix()):
        if LEFT_OUT & set(path.relative_to(directory).parts):
            continue
        if path.is_symlink():
            raise ArtifactError(f"{path} is a symbolic link", "put the file itself there")
        if path.is_file():
            found = True
            yield path
    if not found:
        raise ArtifactError(f"{directory} holds no file", "name the folder that holds the handler")


def _read(file: BinaryIO) -> tuple[str, int]:
    digest, size = sha256(), 0
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        size += len(chunk)
        if size > MAX_ZIP_BYTES:
            raise ArtifactError(f"the zip has more than {MAX_ZIP_BYTES} bytes", "leave files out")
        digest.update(chunk)
    return digest.hexdigest(), size


def _directory(file: BinaryIO, size: int) -> None:
    """Refuse a directory that would fill memory, before zipfile reads it whole."""
    reach = min(size, _COMMENT_BYTES + _END.size + _LOCATOR_BYTES)
    file.seek(size - reach)
    tail = file.read(reach)
    at = tail.rfind(_END_MARK)
    if at < 0 or len(tail) < at + _END.size:
        raise ArtifactError("this is not a zip", "upload the folder of the code as a zip")
    if tail[:at][-_LOCATOR_BYTES:].startswith(_LOCATOR_MARK):
        raise ArtifactError("this is a 64-bit zip", "zip it again: within the limits no zip needs that form")
    _, _, _, _, entries, directory_bytes, _, _ = _END.unpack_from(tail, at)
    if entries > MAX_ENTRIES or directory_bytes > MAX_DIRECTORY_BYTES:
        raise ArtifactError(f"the zip has more than {MAX_ENTRIES} entries", "leave files out")


def _names(entries: Iterable[zipfile.ZipInfo]) -> set[str]:
    """The names of the files, once every entry is known to be harmless wherever it is unpacked."""
    files: set[str] = set()
    folders: set[str] = set()
    for entry in entries:
        # zipfile cuts a name at NUL and turns separators; the original is what others would read
        name = entry.orig_filename
        bare = name.removesuffix("/")
        if _unsafe(bare):
            raise ArtifactError(
                f"the name {name[:80]!r} leads out of the zip or is no path", "use plain relative names"
            )
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ArtifactError(f"{name[:80]!r} is a link or a device", "put the file itself there")
        if entry.flag_bits & _ENCRYPTED:
            raise ArtifactError(f"{name[:80]!r} is encrypted", "zip it without a password")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArtifactError(f"{name[:80]!r} is compressed in a way that Lambda can't read", "use deflate")
        if bare in files or (bare in folders and not name.endswith("/")):
            raise ArtifactError(f"{name[:80]!r} is there twice", "zip the folder again")
        parents = bare.split("/")[:-1]
        above = {"/".join(parents[: depth + 1]) for depth in range(len(parents))}
        if above & files:
            raise ArtifactError(f"{sorted(above & files)[0][:80]!r} is both file and folder", "zip the folder again")
        folders |= above
        (folders if name.endswith("/") else files).add(bare)
    if not files:
        raise ArtifactError("the zip holds no file", "zip the folder's content")
    return files


def _unsafe(name: str) -> bool:
    return (
        not name
        or "\\" in name
        or ":" in name.split("/")[0]
        or posixpath.normpath(name) != name
        or name.startswith(("/", "../"))
        or name in (".", "..")
        or any(unicodedata.category(character) in ("Cc", "Cs") for character in name)
    )


def _unzipped(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """How many bytes an entry really has. zipfile never gives more than it declares, so that the sum of what is
    declared bounds what is read; what differs from it, or from its checksum, is damaged."""
    size = 0
    with archive.open(entry) as content:
        while chunk := content.read(CHUNK_BYTES):
            size += len(chunk)
    if size != entry.file_size:
        raise zipfile.BadZipFile(f"{entry.filename} declares {entry.file_size} bytes and has {size}")
    return size
