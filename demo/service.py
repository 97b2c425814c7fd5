"""Deploys the demo service as any program would: over the REST API, with a token."""

import hashlib
import json
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deployments.artifacts import make_zip

HERE = Path(__file__).resolve().parent
NAME = "keyvalue"


class ApiError(Exception):
    """The API refused; the message is its own."""


@dataclass(frozen=True)
class Api:
    """The REST API at `url`, as the holder of `token`."""

    url: str
    token: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send JSON, give what is answered; None for nothing there (404)."""
        data = None if body is None else json.dumps(body).encode()
        return self._send(method, path, data, "application/json")

    def upload(self, path: str, name: str, content: bytes) -> Any:
        """Send a file as a form's field `file`."""
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        head += "Content-Type: application/zip\r\n\r\n"
        data = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return self._send("POST", path, data, f"multipart/form-data; boundary={boundary}")

    def _send(self, method: str, path: str, data: bytes | None, content_type: str) -> Any:
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", data, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", content_type)
        try:
            with _direct.open(request, timeout=30) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            if error.code == 404 and method == "GET":
                return None
            raise ApiError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')[:2000]}") from None
        return json.loads(text) if text else None


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback: no proxy knows it


def is_deployed(api: Api) -> bool:
    """Whether the service has a release: then a start changes nothing of it."""
    service = api.call("GET", f"services/{NAME}/")
    return service is not None and service["release"] is not None


def deploy(api: Api) -> str:
    """Save the service and its code, and deploy it; gives the id of the operation."""
    code = make_zip(HERE / "handlers")
    artifact = f"sha256:{hashlib.sha256(code).hexdigest()}"
    api.call("PUT", f"services/{NAME}/", _with_artifact(yaml.safe_load((HERE / "keyvalue.yaml").read_text()), artifact))
    api.upload(f"services/{NAME}/artifacts/", "handlers.zip", code)
    return str(api.call("POST", f"services/{NAME}/deploy/", {})["id"])


def failure(api: Api, operation: str) -> str | None:
    """Why the operation can't succeed any more, or None."""
    found = api.call("GET", f"operations/{operation}/")
    if found["status"] not in ("failed", "cancelled"):
        return None
    steps = [step for step in found["steps"] if step.get("error")]
    told = [f"{step['kind']} {step['name']} in {step['region']}: {step['error']} {step['mend']}" for step in steps]
    return "; ".join([f"operation {operation} {found['status']}", *told])


def silent_replicas(api: Api) -> list[str]:
    """The regions whose replica does not answer /health yet, asked as anyone would."""
    service = api.call("GET", f"services/{NAME}/")
    return [replica["region"] for replica in service["replicas"] if not _answers(replica["url"])]


def _answers(url: str | None) -> bool:
    if url is None:
        return False
    try:
        with _direct.open(url.rstrip("/") + "/health", timeout=10) as response:
            return int(response.status) == 200
    except OSError:  # refused, timed out, or any other status
        return False


def _with_artifact(manifest: dict[str, Any], artifact: str) -> dict[str, Any]:
    """A manifest's `directory` is for clients, who zip it and send its hash instead."""
    components = [dict(component) for component in manifest["components"]]
    for component in components:
        if component.pop("directory", None):
            component["artifact"] = artifact
    return {**manifest, "components": components}
