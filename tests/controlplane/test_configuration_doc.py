"""docs/configuration.md names every variable that is read, and none that isn't."""

from __future__ import annotations

import re

import pytest

from demo.processes import ROOT
from tests.environment_names import names_read_by

PAGE = (ROOT / "docs" / "configuration.md").read_text()


def told(heading: str) -> dict[str, str]:
    """Variable → default, of the table under a heading."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", section, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("heading", "source"),
    [
        ("The product", "controlplane/settings.py"),
        ("The demo", "demo/options.py"),
        ("The local cloud alone", "localcloud/__main__.py"),
    ],
)
def test_its_table_is_what_the_code_reads(heading: str, source: str) -> None:
    assert told(heading).keys() == names_read_by(source)


def test_what_is_required_has_no_default_and_all_else_has() -> None:
    settings = (ROOT / "controlplane" / "settings.py").read_text()
    required = set(re.findall(r'env\.text\("([A-Z_]+)"\)', settings))
    assert {name for name, default in told("The product").items() if default == "required"} == required


def test_its_defaults_are_those_of_the_settings() -> None:
    settings = (ROOT / "controlplane" / "settings.py").read_text()
    texts = dict(re.findall(r'env\.(?:text|words|rate)\("([A-Z_]+)", "([^"]*)"\)', settings))
    switches = dict(re.findall(r'env\.boolean\("([A-Z_]+)", (True|False)\)', settings))
    expected = {name: f"`{default}`" if default else "none" for name, default in texts.items()}
    expected |= {name: {"True": "`1`", "False": "`0`"}[default] for name, default in switches.items()}
    table = told("The product")
    assert {name: table[name] for name in expected} == expected
