"""docs/api.md names every code that a refusal can have, and none that none has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from controlplane.problems import MENDS
from demo.processes import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text()
APPS = ("controlplane", "deployments", "regions")
OF_MANIFESTS = ROOT / "deployments" / "manifest"
# Made of a problem's own code, where a manifest has one problem alone; and of DRF's, by its exceptions.
COMPOSED = {"artifact_missing", "handler_missing", "region_unusable", "zone_missing", "not_deployable"}
OF_DRF = {"method_not_allowed", "not_acceptable", "unsupported_media_type", "parse_error", "not_authenticated"}
ELSEWHERE = {"reason_missing", "bad_token", "bad_request", "server_error", "invalid_manifest"}


def told() -> set[str]:
    table = PAGE.split("| code | status | when |", 1)[1]
    return {
        code for row in re.findall(r"^\| (`.*?`) \|", table, flags=re.MULTILINE) for code in re.findall(r"`(\w+)`", row)
    }


def raised() -> set[str]:
    files = [path for app in APPS for path in (ROOT / app).rglob("*.py") if OF_MANIFESTS not in path.parents]
    return {code for path in files for code in codes(path)}


def codes(path: Path) -> Iterator[str]:
    """The codes of the refusals that a file raises, and of the exceptions that it defines."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", "")
            texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if texts and (name == "ActionRefused" or (name == "_refusal" and path.name == "signing.py")):
                yield texts[0]
        elif isinstance(node, ast.ClassDef):
            lines = [line for line in node.body if isinstance(line, ast.Assign)]
            for line in lines:
                if getattr(line.targets[0], "id", "") == "default_code" and isinstance(line.value, ast.Constant):
                    yield str(line.value.value)


def test_every_code_is_told() -> None:
    found = raised()
    assert "guard_refused" in found
    assert found | COMPOSED | OF_DRF | ELSEWHERE == told()


def test_every_code_with_a_general_mend_is_told() -> None:
    assert MENDS.keys() <= told()
