"""Each zip that nobody may upload: a problem that says what is wrong and what to do, and no row and no file is left."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from deployments import artifacts
from deployments.models import Artifact
from tests import builders

pytestmark = pytest.mark.django_db
URL = "/api/v1/services/ledger/artifacts/"


def zipped(name: str = "get_key.py", content: bytes = b"x", *, mode: int = 0, times: int = 1) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for _ in range(times):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def bomb() -> bytes:
    """264 MB of zeros in a quarter of one."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros.bin", "w") as file:
        for _ in range(264):
            file.write(bytes(1_000_000))
    return buffer.getvalue()


def lying() -> bytes:
    """An entry that has more bytes than it says."""
    content = zipped(content=b"x" * 1000)
    return content.replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little"))


ZIPS: dict[str, bytes] = {
    "nothing": b"",
    "a text": b"def main(): ...",
    "a gzip": zlib.compress(b"x" * 100),
    "half a zip": zipped(content=b"x" * 1000)[:-30],
    "an empty zip": b"PK\x05\x06" + bytes(18),
    "a path that climbs": zipped("../../etc/cron.d/x"),
    "an absolute path": zipped("/etc/passwd"),
    "a path of Windows": zipped("C:\\x.py"),
    "a path with a line break": zipped("a\r\nb.py"),
    "a link": zipped("link", b"/etc/passwd", mode=stat.S_IFLNK | 0o777),
    "a device": zipped("null", b"", mode=stat.S_IFCHR | 0o666),
    "a pipe": zipped("pipe", b"", mode=stat.S_IFIFO | 0o666),
    "a socket": zipped("socket", b"", mode=stat.S_IFSOCK | 0o666),
    "a name with NUL": zipped("get_key.py").replace(b"get_key.py", b"get\x00key.py"),
    "a bomb": bomb(),
    "an entry that lies": lying(),
}


@pytest.fixture
def operator() -> APIClient:
    builders.account()
    builders.service(builders.table_only("ledger"))
    return builders.client_of(builders.operator())


def test_each_is_refused_and_nothing_of_it_is_kept(operator: APIClient, settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)  # of this test alone: others upload at the same time

    found = {name: outcome(operator, content) for name, content in ZIPS.items()}

    refused = dict.fromkeys(ZIPS, (400, "invalid_artifact"))
    assert found == {**refused, "nothing": (400, "invalid")}
    assert not Artifact.objects.exists()
    assert list(tmp_path.rglob("*.zip")) == []


def test_a_zip_that_is_too_large_is_refused(operator: APIClient) -> None:
    assert outcome(operator, bytes(artifacts.MAX_ZIP_BYTES + 100_000)) == (413, "too_large")


@pytest.mark.parametrize(
    ("form", "status"), [({}, 400), ({"file": "a text"}, 400), ({"fil": SimpleUploadedFile("x.zip", zipped())}, 400)]
)
def test_a_form_without_its_file_is_refused(operator: APIClient, form: dict[str, Any], status: int) -> None:
    response = operator.post(URL, form, format="multipart")

    assert (response.status_code, response.json()["errors"][0]["field"]) == (status, "file")


def test_a_form_that_is_cut_off_is_refused(operator: APIClient) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.zip"\r\n\r\nPK'

    response = operator.generic("POST", URL, body, "multipart/form-data; boundary=b")

    assert response.status_code == 400
    assert not Artifact.objects.exists()


def test_a_handler_that_is_not_in_the_zip_is_told_by_the_plan(operator: APIClient) -> None:
    draft = builders.uploaded(builders.service(builders.manifest("keyvalue")))
    operator.patch(
        f"/api/v1/services/{draft.name}/",
        {"components": [*_components(operator, draft.name, handler="get_kye.main")]},
    )

    response = operator.post(f"/api/v1/services/{draft.name}/plan/", {})

    assert (response.status_code, response.json()["code"]) == (409, "handler_missing")
    assert "get_key" in response.json()["detail"] + response.json()["mend"]


def _components(client: APIClient, name: str, *, handler: str) -> list[dict[str, Any]]:
    components: list[dict[str, Any]] = client.get(f"/api/v1/services/{name}/").json()["manifest"]["components"]
    return [{**each, "handler": handler} if each["kind"] == "function" else each for each in components]


def outcome(client: APIClient, content: bytes) -> tuple[int, str]:
    response = client.post(URL, {"file": SimpleUploadedFile("handlers.zip", content)}, format="multipart")
    problem = response.json()
    assert response.status_code < 500
    assert response.status_code == 201 or problem["mend"], problem
    return response.status_code, problem.get("code", "taken")
